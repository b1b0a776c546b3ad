/*
 * kv_ro.h - a read-only key-value store: the files of a site, say.
 *
 * Keys are relative paths (<ukc/kv_key.h>): "index.html", "docs/a b.svg".
 * An entry is opened, looked at, and closed; entries of one store may be open
 * at the same time, in any number the implementation can hold.
 *
 * An entry has one to REPRESENTATIONS_MOST representations.  The first is the
 * content as it is; the others are the same content compressed beforehand,
 * each with its own entity tag.  Everything an entry hands out stays valid
 * until it is closed.
 *
 * Calls return 0 or more, or a negative errno value.
 */
#ifndef KV_RO_H
#define KV_RO_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/kv_key.h>
#include <ukc/representation.h>
#include <ukc/view.h>

struct kv_ro_entry;

/*
 * Open the entry of a key.  0, or: -ENOENT nothing has this key; -EISDIR it
 * is no entry itself, but keys begin with it and a slash; -EINVAL it cannot be
 * a key (the empty key included); -ENFILE too many are open; -EIO.
 * *entry is set on success only.
 */
int kv_ro_open(struct view key, struct kv_ro_entry **entry);

/* Give the entry back, with all that came from it. */
void kv_ro_close(struct kv_ro_entry *entry);

/*
 * Describe the entry: fills in at most `most` representations and returns how
 * many, at least 1 (when most is).  A store that holds its content in memory
 * fills in `bytes`; one that does not leaves it NULL and is read in pieces.
 */
int kv_ro_describe(const struct kv_ro_entry *entry, struct representation *forms, size_t most);

/*
 * The content of representation `form` (its index above) from `offset` on:
 * *piece becomes a view of 1 to `want` bytes, of 0 bytes at the end or beyond
 * it.  The piece is valid until the next read of this entry, or its close.
 * 0, or -EINVAL (no such representation), -EIO.
 */
int kv_ro_read(struct kv_ro_entry *entry, size_t form, uint64_t offset, size_t want,
               struct view *piece);

/*
 * The first key that sorts after `after`; {} gives the first of all.  0, or
 * -ENOENT when there is none, -EIO.  The bytes of *key are valid until the
 * next call of kv_ro_next, to which they may be given, so this walks a store:
 *
 *     for (struct view key = {}; kv_ro_next(key, &key) == 0;)
 */
int kv_ro_next(struct view after, struct view *key);

#endif
