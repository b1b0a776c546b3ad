/*
 * cache.h - answers that still hold, bounded in number and in bytes; those used least recently go first.
 *
 * An entry belongs to a name and a type, also one that says that there is nothing: some servers say of a name that has
 * only IPv4 addresses that it does not exist, when asked for the others (RFC 4074, 4.2).
 */
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "name.h"

struct cache_bounds {
    size_t entries, bytes; /* 0 entries: nothing is kept */
};

/*
 * Keeps `count` addresses of the type's family, 0 for "there are none", until a point in time.  In place of what was known. Keeps nothing
 * when memory is short, or the answer is longer than all may be.
 */
void cache_keep(const struct cache_bounds *bounds, const struct name *name, uint16_t type, const struct ip_address *addresses,
                unsigned count, int64_t until);

/* How many addresses were stored, at most `most`, 0 when there are none; -1 if nothing is known. */
int cache_find(const struct name *name, uint16_t type, int64_t now, struct ip_address *addresses, unsigned most);

void cache_clear(void);

/* What it holds now, what it costs. */
struct cache_bounds cache_size(void);

#endif
