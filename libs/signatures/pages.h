/*
 * pages.h - whole pages of memory, with a guard below.
 *
 * For what must be page-aligned or must not overflow silently: the stacks of
 * tasks.  Sizes are rounded up to whole pages.
 */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

/* The size of a page in bytes: a power of two. */
size_t pages_unit(void);

/*
 * Memory, readable and writable, with whatever was there: nobody pays for zeros that it does not need, or for pages that it does not
 * touch.  The page below its first byte traps on any access.  NULL when there is none left.
 */
void *pages_allocate(size_t size);

/* Gives it back, whole: the pointer and the size of the allocation. */
void pages_free(void *memory, size_t size);

#endif
