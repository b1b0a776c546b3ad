/* memory.h - memory, or the end of the program with a message and status 3. */
#ifndef SWITCH_MEMORY_H
#define SWITCH_MEMORY_H

#include <stddef.h>

/* Zeroed. */
void *memory_get(size_t count, size_t size);
/* A larger copy of an array with room for *room elements, which grows. */
void *memory_grow(void *array, size_t *room, size_t size);

#endif
