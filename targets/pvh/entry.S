/*
 * entry.S - from the PVH entry to C.
 *
 * The loader (QEMU, Firecracker, cloud-hypervisor, Xen) finds pvh_entry by an ELF note and jumps to it in
 * 32-bit protected mode with flat segments, paging off, interrupts off and EBX = physical address of struct
 * start_info; nothing else is defined, ESP least of all (Xen, docs/misc/pvh.pandoc).
 *
 * Only the image is mapped, page by page, each with its permissions.  The pages of the tables are in
 * memory that the loader has zeroed (.bss), and are read-only to all that runs (seal.page_tables): what else
 * is needed machine_map() adds, which alone can write to them.
 */
#define PRESENT 1
#define WRITE 2
#define NO_EXECUTE_HIGH 0x80000000

#define MSR_EFER 0xc0000080
#include <ukc/stack_end.h>

#define MSR_FS_BASE 0xc0000100
#define EFER_LONG_MODE 0x100
#define EFER_NO_EXECUTE 0x800
#define FEATURES 0x80000001 /* of CPUID */
#define FEATURE_NO_EXECUTE 20
#define FEATURE_LONG_MODE 29
#define MAGIC 0x336ec578 /* start_info.h */
#define INFO_MAP 40
#define INFO_MAP_COUNT 48
#define CR0_PE 0x1
#define CR0_MP 0x2
#define CR0_NE 0x20
#define CR0_WP 0x10000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define CR4_UMIP 0x800
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000
#define PROTECTIONS 7 /* of CPUID */
#define PROTECTION_SMEP 7
#define PROTECTION_SMAP 20
#define PROTECTION_UMIP 2

    .section .note.Xen, "a", @note
    .p2align 2
    .long 4, 8, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad pvh_entry

    .section .text.entry, "ax", @progbits
    .code32
    .globl pvh_entry
    .type pvh_entry, @function
pvh_entry:
    cld
    cli
    movl %ebx, %ebp
    movl $0x80000000, %eax
    cpuid
    movl $lacks_long_mode, %esi
    cmpl $FEATURES, %eax
    jb refuse
    movl $FEATURES, %eax
    cpuid
    btl $FEATURE_LONG_MODE, %edx
    jnc refuse
    movl $lacks_no_execute, %esi
    btl $FEATURE_NO_EXECUTE, %edx
    jnc refuse
    /*
     * One range of memory holds all of the image, or what it writes is lost, or shared with the firmware.  A map
     * that is not there or makes no sense is C's to report.
     */
    movl INFO_MAP(%ebp), %edi
    movl INFO_MAP_COUNT(%ebp), %ecx
    cmpl $MAGIC, (%ebp)
    jne 3f
    decl %ecx
    cmpl $64, %ecx
    jae 3f
    incl %ecx
    movl $lacks_memory, %esi
1:  cmpl $1, 16(%edi) /* of what type it is */
    jne 2f
    movl (%edi), %eax
    movl 4(%edi), %edx
    testl %edx, %edx
    jnz 2f
    cmpl $image_start, %eax
    ja 2f
    addl 8(%edi), %eax
    adcl 12(%edi), %edx
    jnz 3f
    cmpl $image_end, %eax
    jae 3f
2:  addl $24, %edi
    loop 1b
    jmp refuse
3:
    movl %ebp, %ebx
    movl $(page_tables + 4096 + PRESENT + WRITE), page_tables
    movl $(page_tables + 8192 + PRESENT + WRITE), page_tables + 4096

    /* the page directory: one table for each 2 MiB up to the end of the image */
    movl $(page_tables_last + PRESENT + WRITE), %eax
    movl $(page_tables + 8192), %edi
1:  movl %eax, (%edi)
    addl $8, %edi
    addl $4096, %eax
    cmpl $page_tables_end, %eax
    jb 1b

    /* EAX: from, with the flags; ECX: to; EDX: the high half of each entry */
    .macro map from, to, flags
    movl $(\from + \flags), %eax
    movl $\to, %ecx
    call map_pages
    .endm
    movl $stack_top, %esp
    xorl %edx, %edx
    map image_start, image_text_end, PRESENT
    movl $NO_EXECUTE_HIGH, %edx
    map image_text_end, image_rodata_end, PRESENT
    map image_rodata_end, image_data_end, (PRESENT + WRITE)
    map stack_bottom, stack_top, (PRESENT + WRITE)
#ifdef SEAL_PAGE_TABLES
    map exception_stack_bottom, page_tables, (PRESENT + WRITE)
    map page_tables, image_end, PRESENT
#else
    map exception_stack_bottom, image_end, (PRESENT + WRITE)
#endif

    movl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %edi
#ifdef SEAL_SUPERVISOR
    /* no page here is a user's: one that claims to be is a forged one, neither to be executed nor to be read */
    movl %ebx, %ebp
    xorl %eax, %eax
    cpuid
    cmpl $PROTECTIONS, %eax
    jb 1f
    movl $PROTECTIONS, %eax
    xorl %ecx, %ecx
    cpuid
    .macro enable bit, of, flag /* without a jump; ukc looks for the tests (ukc/image/hardening_code.c) */
    btl $\bit, \of
    sbbl %eax, %eax
    andl $\flag, %eax
    orl %eax, %edi
    .endm
    enable PROTECTION_SMEP, %ebx, CR4_SMEP
    enable PROTECTION_SMAP, %ebx, CR4_SMAP
    enable PROTECTION_UMIP, %ecx, CR4_UMIP
1:  movl %ebp, %ebx
#endif
    movl %edi, %cr4
    movl $page_tables, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    movl $(EFER_LONG_MODE | EFER_NO_EXECUTE), %eax
    xorl %edx, %edx
    wrmsr
    movl $(CR0_PE | CR0_MP | CR0_NE | CR0_WP | CR0_PG), %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $long_mode

/* Says what is lacking (ESI), and ends the machine with status 111: before there is a stack or any C, and maybe no memory. */
refuse:
    lodsb
    testb %al, %al
    jz 2f
    movb %al, %ah
    movl $100000, %ecx
    movw $0x3fd, %dx
1:  inb %dx, %al
    testb $0x20, %al
    loopz 1b
    movb %ah, %al
    movw $0x3f8, %dx
    outb %al, %dx
    jmp refuse
2:  movb $(16 + 111), %al
    outb %al, $0xf4
    movb $0xfe, %al
    outb %al, $0x64
    lidt no_vectors /* a triple fault */
    ud2

map_pages:
    movl %eax, %edi
    andl $0xfffff000, %edi
    cmpl %ecx, %edi
    jae 2f
    shrl $9, %edi /* 8 bytes for each page */
    addl $page_tables_last, %edi
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $8, %edi
    addl $4096, %eax
    cmpl %ecx, %eax
    jb 1b
2:  ret

    .code64
long_mode:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $stack_top, %esp
    movl $MSR_FS_BASE, %ecx /* before any C: the canary is there */
    movl $thread_pointer, %eax
    xorl %edx, %edx
    wrmsr
    fninit /* MXCSR has masked everything since reset */
    movl %ebx, %edi
    movabsq $UKC_STACK_END, %rax
    pushq %rax
    pushq %rax
    xorl %ebp, %ebp
    pushq %rbp /* the end of every backtrace */
    jmp machine_start
    .size pvh_entry, . - pvh_entry

    .section .rodata.entry, "a", @progbits
no_vectors:
    .quad 0
lacks_memory:
    .asciz "impossible: too little memory for the image\n"
lacks_long_mode:
    .asciz "impossible: the processor has no 64-bit mode\n"
lacks_no_execute:
    .asciz "impossible: the processor has no NX, or it is switched off: memory could not be kept from being executed\n"
    .p2align 3
gdt_pointer:
    .word 3 * 8 - 1
    .long machine_gdt

/*
 * Exceptions: stub k pushes what the processor did not and k, then all joins.  Vectors 8, 10 to 14, 17,
 * 21, 29 and 30 have an error code (Intel SDM, volume 3, 6.15; AMD APM, volume 2, 8.2).
 */
    .section .text.exceptions, "ax", @progbits
    .globl exception_stubs
exception_stubs:
    .set vector, 0
    .rept 32
    .p2align 4
    .if !((0x60227d00 >> vector) & 1)
    pushq $0
    .endif
    pushq $vector
    jmp exception_common
    .set vector, vector + 1
    .endr

exception_common:
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rbx
    pushq %rax
    cld
    movq %rsp, %rdi
    call machine_crash /* not a jump: C expects the stack as a call leaves it, and moves 16 bytes at once */

    .section .note.GNU-stack, "", @progbits
