/* memory.c - a simulation that has lost something is worth nothing: so it ends. */
#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void none(void)
{
    fputs("ukc-switch: there is not enough memory\n", stderr);
    exit(3);
}

void *memory_get(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    return memory ? memory : (none(), NULL);
}

void *memory_grow(void *array, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 16;
    void *larger = more > SIZE_MAX / size ? NULL : realloc(array, more * size);
    if (!larger)
        none();
    *room = more;
    return larger;
}
