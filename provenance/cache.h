/*
 * cache.h - results of actions that other builds of this user have run already.
 *
 * An entry is a shortcut and nothing else: its key is the SHA-256 of everything that the action may read,
 * and running the action gives the same bytes.  So whatever is wrong with an entry or with
 * the disk, the answer is "not here": no function fails.
 *
 *     <store>/actions/<key>    "ukc-action 1", the key, the SHA-256 of the bytes: a line each; then the bytes
 *     <store>/actions/lock     flock: who makes an entry; others wait and find it
 */
#ifndef UKC_CACHE_H
#define UKC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "../ukc/base/hash.h"

struct arena;

/* NULL: there is none, or a damaged one, which is removed and reported (a warning). */
const char *cache_read(struct arena *, const char *store, const struct hash *key, size_t *size, struct diag *);
/* Written aside and renamed: other builds see all of it or nothing. */
void cache_write(const char *store, const struct hash *key, const void *bytes, size_t size);

/* What all entries together may have; who has written some makes room. */
#define CACHE_MOST ((size_t)1 << 30)
/* When all entries together are larger than `limit` bytes, those that were read longest ago leave; the newest stays. */
void cache_make_room(const char *store, size_t limit);

/* All of them, and what a process left that was killed while it wrote; read last first. */
struct cache_entry {
    const char *path;
    size_t size;
    struct timespec time;
};
const struct cache_entry *cache_entries(struct arena *, const char *store, size_t *count);

/* Waits for other builds that make entries; -1, soon or after a quarter of an hour: go on without. */
int cache_lock(const char *store);
void cache_unlock(int lock);

#endif
