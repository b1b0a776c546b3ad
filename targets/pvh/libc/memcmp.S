/*
 * memcmp.S - memcmp, eight bytes at a time: the last ones once more with some of those before them.
 */
#ifdef UNIT_TEST /* beside the host's */
#define memcmp machine_memcmp
#endif
    .section .text.memcmp, "ax", @progbits
    .globl memcmp
    .type memcmp, @function
memcmp:
    movq %rdx, %rcx
    subq $8, %rcx
    jb 3f
    xorl %r8d, %r8d
1:  movq (%rdi,%r8), %rax
    movq (%rsi,%r8), %r9
    cmpq %r9, %rax
    jne 2f
    addq $8, %r8
    cmpq %rcx, %r8
    jb 1b
    movq (%rdi,%rcx), %rax
    movq (%rsi,%rcx), %r9
    cmpq %r9, %rax
    jne 2f
    xorl %eax, %eax
    ret

2:  bswapq %rax /* the first byte counts most */
    bswapq %r9
    cmpq %r9, %rax
    sbbl %eax, %eax
    orl $1, %eax
    ret

3:  cmpl $4, %edx
    jb 4f
    movl (%rdi), %eax
    movl (%rsi), %r9d
    cmpl %r9d, %eax
    jne 2b
    movl -4(%rdi,%rdx), %eax
    movl -4(%rsi,%rdx), %r9d
    cmpl %r9d, %eax
    jne 2b
    xorl %eax, %eax
    ret

4:  xorl %eax, %eax
    testl %edx, %edx
    jz 6f
5:  movzbl (%rdi), %eax
    movzbl (%rsi), %r9d
    subl %r9d, %eax
    jnz 6f
    incq %rdi
    incq %rsi
    decl %edx
    jnz 5b
6:  ret
    .size memcmp, . - memcmp
    .section .note.GNU-stack, "", @progbits
