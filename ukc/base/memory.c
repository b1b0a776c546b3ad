/*
 * memory.c - malloc that ends the process instead of failing.
 *
 * Nothing half-written is left behind by ending here: outputs are written
 * aside and renamed (file.c).
 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "diag.h"

void memory_exhausted(void)
{
    fputs("error: out of memory\n", stderr);
    exit(DIAG_OUTSIDE);
}

void *memory_alloc(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);
    if (!p)
        memory_exhausted();
    return p;
}

void *memory_resize(void *old, size_t bytes)
{
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p)
        memory_exhausted();
    return p;
}

size_t memory_product(size_t a, size_t b)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r))
        memory_exhausted();
    return r;
}

size_t memory_sum(size_t a, size_t b)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r))
        memory_exhausted();
    return r;
}
