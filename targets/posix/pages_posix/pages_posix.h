/* pages_posix.h - pages from mmap; the contract is libs/signatures/pages.h. */
#ifndef PAGES_POSIX_H
#define PAGES_POSIX_H

#include <stddef.h>

size_t pages_posix_unit(void);
void *pages_posix_allocate(size_t size);
void pages_posix_free(void *memory, size_t size);

#endif
