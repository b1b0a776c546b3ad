/* pages_pvh.h - pages of the machine's memory; the contract is libs/signatures/pages.h. */
#ifndef PAGES_PVH_H
#define PAGES_PVH_H

#include <stddef.h>

size_t pages_pvh_unit(void);
void *pages_pvh_allocate(size_t size);
void pages_pvh_free(void *memory, size_t size);

#endif
