/*
 * internal.h - the open store, and what its files do for one another.
 *
 * A change writes a record behind the last one and slot 0, flushes, writes slot 1, flushes.  So at most one slot is ever in the
 * making; a slot 0 that is one change ahead of slot 1 may speak of a record that did not arrive, and nobody has been told that it did.
 */
#ifndef KV_BLOCK_INTERNAL_H
#define KV_BLOCK_INTERNAL_H

#include "block.h"
#include "format.h"
#include "index.h"

#define COMPONENT "kv_block"

enum { BUFFER_BYTES = SECTOR_MOST };

struct store {
    struct block_info device;
    struct slot now;
    struct index index;
    uint64_t live;         /* sectors of the records that are not replaced */
    unsigned char *buffer; /* BUFFER_BYTES, of whoever has the lock */
    bool broken;           /* a slot could not be written: what the device holds is not known */
};

extern struct store kv;

/* Sectors that records may take: the rest of a log is left free, so that compaction is worth its while. */
static inline uint64_t live_most(void)
{
    uint64_t all = log_sectors(kv.now.sectors, kv.device.sector_size);
    return all - all / 8;
}

static inline uint64_t sectors_of(uint64_t key_size, uint64_t value_size)
{
    return record_sectors(key_size, value_size, kv.device.sector_size);
}

/* Sector of the device. */
static inline uint64_t place(unsigned log, uint64_t at)
{
    return log_sector(log, kv.now.sectors, kv.device.sector_size) + at;
}

/* Writes a record at `at` of the log; head->before is given, the sums are made. */
int record_write(unsigned log, uint64_t at, struct head *head, struct view key, struct view value);

/*
 * The value of a record, by pieces: copies its first `size` bytes and checks all.
 * -EBADMSG: it is not what was written.
 */
int record_value(unsigned log, uint64_t at, size_t key_size, uint64_t value_size, uint64_t sum, void *copy, size_t size);

/* mount.c: finds the store, or makes one. */
int store_mount(void);
int slot_put(unsigned which, const struct slot *slot);

/*
 * compact.c: copies all but `except` into the other log, and sets next and every entry's `moved`.  The store is as before, until
 * a slot says otherwise.
 */
int store_compact(struct view except, struct slot *next);

/* blank.c: whether nothing is on the device but zeros, and what formatting with this slot may have left behind. */
int device_blank(const struct slot *slot, bool *blank);

#endif
