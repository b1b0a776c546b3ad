/*
 * cache.h - models of headers that have not changed.
 *
 * An entry is found by everything that was asked (header, flags, ...) and
 * holds for as long as every file that was read is the same: first by
 * size and time, else by SHA-256.  It also depends on libclang's own file, and on which headers the
 * directories of the include path hold, since a new one could hide an old one.
 *
 * Errors: none.  A damaged entry, or a cache that cannot be written, costs time only.
 */
#ifndef UKC_CHECK_CACHE_H
#define UKC_CHECK_CACHE_H

#include "../base/hash.h"
#include "../base/map.h"
#include "model.h"

struct arena;

struct cache {
    struct arena *arena;
    const char *directory;
    const char *generated;         /* "build/posix/gen/": files below are covered by the key */
    struct map stats;              /* path -> index: each file is asked for once in a run */
    struct cache_stat *items;
    size_t count, capacity;
    struct map used;               /* names of entries read or written in this run */
};

struct cache_query {
    struct hash key;
    const char *const *flags; /* -I and -iquote name the directories to watch */
    size_t flag_count;
};

struct cache_found {
    const struct interface *interface;
    const char *const *files; /* read when it was parsed */
    size_t file_count;
};

/* directory NULL: no cache, nothing is ever found */
void cache_open(struct cache *, struct arena *, const char *directory, const char *generated);
bool cache_find(struct cache *, const struct cache_query *, struct cache_found *);
/* started: the time before parsing began, in nanoseconds since 1970; a file that changed since is not remembered. */
void cache_store(struct cache *, const struct cache_query *, const struct cache_found *, const char *library, int64_t started);
/* Removes entries that have not been used for long, when there are many. */
void cache_close(struct cache *);
int64_t cache_clock(void);

#endif
