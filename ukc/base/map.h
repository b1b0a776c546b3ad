/*
 * map.h - string to 32-bit number, open addressing.
 *
 * Keys are borrowed: they must outlive the map.  Iteration order does not
 * exist on purpose: keep an array beside the map and sort it.
 */
#ifndef UKC_MAP_H
#define UKC_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
    struct map_slot *slots;
    size_t count, capacity;
};

#define MAP_ABSENT UINT32_MAX

void map_dispose(struct map *);
/* Returns the value already stored under key, or MAP_ABSENT after storing `value`. */
uint32_t map_add(struct map *, const char *key, uint32_t value);
void map_set(struct map *, const char *key, uint32_t value);
uint32_t map_get(const struct map *, const char *key); /* or MAP_ABSENT */

#endif
