/*
 * kv_rw.h - a key-value store that can be written.
 *
 * Keys are relative paths (<ukc/kv_key.h>), values are bytes.  A value is set
 * whole: whoever looks, at any time and after any failure of power, finds the
 * old value or the new one.  When set or remove returns 0 the change lasts as
 * long as the store does (a disk's store: beyond a loss of power; a store in
 * memory: until the image stops).
 *
 * Calls return 0 or more, or a negative errno value.  Every call but limits
 * gives -EINVAL for what cannot be a key and -ENAMETOOLONG for a key longer
 * than the store can keep.
 */
#ifndef KV_RW_H
#define KV_RW_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/kv_key.h>
#include <ukc/view.h>

struct kv_rw_limits {
    uint64_t key_most;   /* every valid key of so many bytes can be kept */
    uint64_t value_most; /* so can every value of so many bytes, while there is room */
};

void kv_rw_limits(struct kv_rw_limits *limits);

/*
 * Read a value: copies its first `size` bytes, or all when it is shorter, and
 * returns the size of the whole value.  -ENOENT nothing has this key; -EIO.
 * get(key, NULL, 0) asks for the size alone.
 */
int64_t kv_rw_get(struct view key, void *buffer, size_t size);

/* Write a value, new or in place of the old.  -ENOSPC, -EFBIG, -EROFS, -EIO: the old one stands. */
int kv_rw_set(struct view key, struct view value);

/* Remove a key and its value.  -ENOENT nothing has this key; -EROFS, -EIO: it stands. */
int kv_rw_remove(struct view key);

/*
 * The first key that sorts after `after`; {} gives the first of all.  0, or
 * -ENOENT when there is none, -EIO.  The bytes of *key are valid until the
 * next call of kv_rw_next, to which they may be given.
 */
int kv_rw_next(struct view after, struct view *key);

#endif
