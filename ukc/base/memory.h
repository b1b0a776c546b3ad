/*
 * memory.h - malloc for ukc/base: never NULL.
 *
 * When memory is exhausted, or a size overflows, the process ends with status
 * 3 and a message.  Only files of ukc/base include this.
 */
#ifndef UKC_MEMORY_H
#define UKC_MEMORY_H

#include <stddef.h>

_Noreturn void memory_exhausted(void);
void *memory_alloc(size_t bytes); /* zeroed; to be freed */
void *memory_resize(void *, size_t bytes);
size_t memory_product(size_t a, size_t b); /* ends the process on overflow */
size_t memory_sum(size_t a, size_t b);     /* ends the process on overflow */

#endif
