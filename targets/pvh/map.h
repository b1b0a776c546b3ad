/* map.h - memory for page tables: between map.c and the allocator. */
#ifndef PVH_MAP_H
#define PVH_MAP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a page for a table is wanted before the next call of machine_map() or machine_unmap(). */
bool machine_map_wants(void);
void machine_map_reserve(void *page);

/* Writes to what is read-only since the image has started: for crash.c alone, whose vectors drivers take later. */
void machine_write_sealed(void *to, const void *from, size_t size);

#endif
