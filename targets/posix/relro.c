/*
 * relro.c - an image that loads itself makes its relocated data read-only before anything else runs.
 *
 * For images with shared objects the system's loader does it. musl's start of a static-pie relocates, and leaves it at that.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

__attribute__((constructor)) static void seal(void)
{
    const Elf64_Ehdr *file = (const void *)__ehdr_start;
    const Elf64_Phdr *segment = (const void *)(__ehdr_start + file->e_phoff), *relro = NULL;
    for (unsigned i = 0; i < file->e_phnum; i++) {
        if (segment[i].p_type == PT_INTERP)
            return;
        if (segment[i].p_type == PT_GNU_RELRO)
            relro = &segment[i];
    }
    if (!relro)
        return;
    uintptr_t from = (uintptr_t)__ehdr_start + relro->p_vaddr, to = (from + relro->p_memsz) & ~(uintptr_t)(PAGE - 1);
    from &= ~(uintptr_t)(PAGE - 1);
    if (from < to && mprotect((void *)from, to - from, PROT_READ) != 0)
        abort();
}
