/*
 * arena.c - stands for libs/lwip/arena.c: each piece is one of the heap's, with its red zones and its quarantine.
 *
 * What is left is counted as if it were one block of memory.
 */
#include "arena.h"

#include "world.h"

enum { CHUNK = 32768, LARGEST = ARENA_LARGEST };

size_t arena_chunk(void);

static size_t total;

bool arena_start(void *memory, size_t size)
{
    (void)memory;
    total = size;
    return true;
}

void *arena_allocate(size_t size, size_t keep)
{
    if (size > LARGEST || world_bytes() + size + keep * CHUNK > total)
        return NULL;
    return world_allocate(size);
}

void arena_free(void *memory)
{
    world_free(memory);
}

void arena_fit(void *memory, size_t size)
{
    world_fit(memory, size);
}

size_t arena_usable(size_t size)
{
    return size > LARGEST ? 0 : size;
}

size_t arena_chunk(void)
{
    return CHUNK;
}

size_t arena_chunks(void)
{
    return total / CHUNK;
}

size_t arena_free_chunks(void)
{
    return (total - world_bytes()) / CHUNK;
}
