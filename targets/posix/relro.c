/*
 * relro.c - an image that loads itself makes its relocated data read-only before anything else runs, and what is set once when it has started.
 *
 * For images with shared objects the system's loader does the first. musl's start of a static-pie relocates, and leaves it at that. What is set
 * once (<ukc/read_only.h>) are the zeros behind the relocated data, in the same segment.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

extern const char __ehdr_start[] __attribute__((visibility("hidden")));
void image_seal(void); /* the generated start calls it before the unikernel's main function */

static const Elf64_Phdr *find(void)
{
    const Elf64_Ehdr *file = (const void *)__ehdr_start;
    const Elf64_Phdr *segment = (const void *)(__ehdr_start + file->e_phoff), *relro = NULL;
    for (unsigned i = 0; i < file->e_phnum; i++) {
        if (segment[i].p_type == PT_INTERP)
            return NULL;
        if (segment[i].p_type == PT_GNU_RELRO)
            relro = &segment[i];
    }
    return relro;
}

/* The pages from the segment's start that its first `size` bytes fill. */
static void protect(const Elf64_Phdr *relro, uint64_t size)
{
    uintptr_t from = (uintptr_t)__ehdr_start + relro->p_vaddr, to = (from + size) & ~(uintptr_t)(PAGE - 1);
    from &= ~(uintptr_t)(PAGE - 1);
    if (from < to && mprotect((void *)from, to - from, PROT_READ) != 0)
        abort();
}

__attribute__((constructor)) static void seal_relocated(void)
{
    const Elf64_Phdr *relro = find();
    if (relro)
        protect(relro, relro->p_filesz);
}

void image_seal(void)
{
    const Elf64_Phdr *relro = find();
    if (relro)
        protect(relro, relro->p_memsz);
}
