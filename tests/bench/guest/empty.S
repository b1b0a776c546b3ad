/* empty.S - the least that a machine can do: entered by PVH, it ends the machine.  What this costs is the loader's and the firmware's. */
        .code32
        .section .text, "ax", @progbits
        .globl entry
entry:  mov     $16, %al        /* isa-debug-exit: the status of ukc run is 0 */
        out     %al, $0xf4
0:      hlt
        jmp     0b

        .section .note.pvh, "a", @note  /* XEN_ELFNOTE_PHYS32_ENTRY */
        .balign 4
        .long   4, 4, 18
        .asciz  "Xen"
        .long   entry
