/* pages_pvh.c - the machine's pages; the guard below is a page of memory that is not mapped while it is one. */
#include "pages_pvh.h"

#include <stdint.h>
#include <ukc/machine.h>

static size_t count_of(size_t size)
{
    return (size + MACHINE_PAGE - 1) / MACHINE_PAGE;
}

size_t pages_pvh_unit(void)
{
    return MACHINE_PAGE;
}

void *pages_pvh_allocate(size_t size)
{
    if (size == 0 || size > SIZE_MAX / 2)
        return NULL;
    size_t count = 1 + count_of(size);
    char *guard = machine_pages_take(count);
    if (!guard)
        return NULL;
    if (machine_unmap((uintptr_t)guard))
        return guard + MACHINE_PAGE;
    machine_pages_give(guard, count);
    return NULL;
}

void pages_pvh_free(void *memory, size_t size)
{
    char *guard = (char *)memory - MACHINE_PAGE;
    /* its entry exists, so mapping it needs no table */
    if (machine_map((uintptr_t)guard, MACHINE_PAGE, MACHINE_WRITE))
        machine_pages_give(guard, 1 + count_of(size));
}
