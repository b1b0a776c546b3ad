/*
 * memcpy.S - memcpy for pieces of any size: most are short.
 *
 * Up to 32 bytes are two loads and two stores, which overlap; more are 16 at a time, and long ones the processor's own.
 * All that memmove needs of it holds (musl, src/string/x86_64/memmove.s): where the destination is below the source they may overlap,
 * since each load comes before the stores that could change what it reads.
 */
#ifdef UNIT_TEST /* beside the host's */
#define memcpy machine_memcpy
#endif
    .section .text.memcpy, "ax", @progbits
    .globl memcpy, __memcpy_fwd
    .hidden __memcpy_fwd
    .type memcpy, @function
    .type __memcpy_fwd, @function
memcpy:
__memcpy_fwd:
    movq %rdi, %rax
    cmpq $16, %rdx
    jb 3f
    movups -16(%rsi,%rdx), %xmm1
    leaq -16(%rdi,%rdx), %r8
    cmpq $128, %rdx
    ja 2f
1:  movups (%rsi), %xmm0
    movups %xmm0, (%rdi)
    addq $16, %rsi
    addq $16, %rdi
    cmpq %r8, %rdi
    jb 1b
    movups %xmm1, (%r8)
    ret

2:  movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    movups %xmm1, (%r8)
    ret

3:  cmpl $8, %edx
    jb 4f
    movq (%rsi), %rcx
    movq -8(%rsi,%rdx), %rsi
    movq %rcx, (%rdi)
    movq %rsi, -8(%rdi,%rdx)
    ret

4:  cmpl $4, %edx
    jb 5f
    movl (%rsi), %ecx
    movl -4(%rsi,%rdx), %esi
    movl %ecx, (%rdi)
    movl %esi, -4(%rdi,%rdx)
    ret

5:  testl %edx, %edx
    jz 6f
    movl %edx, %r8d
    shrl %r8d
    movzbl (%rsi), %ecx
    movzbl (%rsi,%r8), %r9d
    movzbl -1(%rsi,%rdx), %esi
    movb %cl, (%rdi)
    movb %r9b, (%rdi,%r8)
    movb %sil, -1(%rdi,%rdx)
6:  ret
    .size memcpy, . - memcpy
    .section .note.GNU-stack, "", @progbits
