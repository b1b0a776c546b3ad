/*
 * block_double.h - a device of sectors in memory, which notes what is done to it and fails when told to.
 */
#ifndef BLOCK_DOUBLE_H
#define BLOCK_DOUBLE_H

#include "block.h"

enum block_event_kind { BLOCK_EVENT_WRITE, BLOCK_EVENT_DISCARD, BLOCK_EVENT_FLUSH, BLOCK_EVENT_MARK };

/* One sector written or discarded, a flush, or what the test notes in between. */
struct block_event {
    enum block_event_kind kind;
    uint64_t number; /* the sector, or the test's */
    unsigned char *bytes;
};

struct block_trace {
    struct block_event *events;
    size_t count;
};

struct block_double {
    unsigned char *bytes;
    struct block_info info;
    bool noting;
    struct block_trace trace;
    long writes_until_failure, flushes_until_failure; /* negative: never */
    bool discard_fails;
    uint64_t bad_sector;                              /* cannot be read; UINT64_MAX: none */
    void (*pause)(void);                              /* while the device works */
};

extern struct block_double block_double;

/* A sector that was discarded reads as this: what looks like data, other at each call. */
void block_double_rot(unsigned char *sector);

/* A device of zeros, without faults. */
void block_double_begin(uint64_t sectors, uint32_t sector_size);
void block_double_end(void);
void block_double_mark(uint64_t number);

/* What has been noted so far, which then is the caller's. */
struct block_trace block_double_take(void);
void block_trace_free(struct block_trace *trace);

#endif
