/*
 * format.h - what lies on the device: two slots, two logs, records.
 *
 *     slot 0 | slot 1 | log 0 ... | log 1 ...
 *
 * A slot is one sector and says how far which log is valid.  Both say the same, except while a change is being written.
 * The logs have equal length, and one of them is in use.  A record begins on a sector: head, key, value, zeros up to the next
 * sector.  Its head has the sum of the record before, the slot that of the last one, so no record can be
 * missing, old, or another's.
 *
 * Numbers are little-endian.  Nothing here does input or output.
 */
#ifndef KV_BLOCK_FORMAT_H
#define KV_BLOCK_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

enum {
    SLOT_BYTES = 80,
    HEAD_BYTES = 56,
    SLOTS_APART = 4096, /* bytes at least, so that damage of one physical sector leaves the other slot alone */
    LOG_LEAST = 8,      /* sectors */
    FORMAT_VERSION = 1,
    SECTOR_LEAST = 512,
    SECTOR_MOST = 65536,
};

struct slot {
    uint32_t sector_size;
    uint64_t sectors;  /* of the device when the store was made */
    uint64_t sequence; /* changes so far */
    uint32_t log;      /* which is in use: 0 or 1 */
    uint64_t seed;     /* stands before its first record */
    uint64_t used;     /* sectors of it */
    uint64_t last;     /* sum of its last record, or the seed */
};

struct head {
    bool removal;
    uint32_t key_size;
    uint64_t value_size;
    uint64_t value_sum;
    uint64_t before; /* sum of the record before */
    uint64_t sum;    /* of this head and the key */
};

enum slot_state { SLOT_GOOD, SLOT_ZERO, SLOT_BAD, SLOT_OTHER_SECTORS, SLOT_NEWER, SLOT_FOREIGN };

void slot_write(const struct slot *slot, unsigned char bytes[SLOT_BYTES]);

/* SLOT_BAD begins like one of ours, SLOT_FOREIGN does not.  A good one has the given sector size and its numbers make sense. */
enum slot_state slot_read(struct slot *slot, const unsigned char bytes[SLOT_BYTES], uint32_t sector_size);

/* The sum is computed. */
void head_write(struct head *head, struct view key, unsigned char bytes[HEAD_BYTES]);

/* Whether these are a head; the key is not yet looked at, nor the sum. */
bool head_read(struct head *head, const unsigned char bytes[HEAD_BYTES]);
bool head_holds(const struct head *head, struct view key);

/* Sectors of a device. */
uint64_t slot_sector(unsigned which, uint32_t sector_size);
uint64_t log_sectors(uint64_t sectors, uint32_t sector_size); /* of each; 0: the device is too small */
uint64_t log_sector(unsigned which, uint64_t sectors, uint32_t sector_size);

/* Of a record. */
uint64_t record_sectors(uint64_t key_size, uint64_t value_size, uint32_t sector_size);

#endif
