/* pages_posix.c - an anonymous mapping each, its first page inaccessible. */
#include "pages_posix.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

size_t pages_posix_unit(void)
{
    static size_t unit;
    if (!unit)
        unit = (size_t)sysconf(_SC_PAGESIZE);
    return unit;
}

static size_t rounded(size_t size)
{
    size_t unit = pages_posix_unit();
    return (size + unit - 1) & ~(unit - 1);
}

void *pages_posix_allocate(size_t size)
{
    size_t unit = pages_posix_unit();
    if (size == 0 || size > SIZE_MAX - 2 * unit)
        return NULL;
    size = rounded(size);
    char *memory = mmap(NULL, unit + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (mprotect(memory + unit, size, PROT_READ | PROT_WRITE) != 0) {
        munmap(memory, unit + size);
        return NULL;
    }
    return memory + unit;
}

void pages_posix_free(void *memory, size_t size)
{
    size_t unit = pages_posix_unit();
    munmap((char *)memory - unit, unit + rounded(size));
}
