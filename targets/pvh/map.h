/* map.h - memory for page tables: between map.c and the allocator. */
#ifndef PVH_MAP_H
#define PVH_MAP_H

#include <stdbool.h>

/* Whether a page for a table is wanted before the next call of machine_map() or machine_unmap(). */
bool machine_map_wants(void);
void machine_map_reserve(void *page);

#endif
