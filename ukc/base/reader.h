/*
 * reader.h - little-endian numbers from bytes that may be hostile.
 *
 * Past the end every number is 0, every string is empty, and `bad` is set: a caller reads a whole record, then looks once.
 */
#ifndef UKC_READER_H
#define UKC_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of a file; where there is none, size is 0. */
struct view {
    const unsigned char *at;
    uint64_t size;
};

struct reader {
    const unsigned char *at, *end;
    bool bad;
};

struct reader reader_at(struct view, uint64_t offset); /* bad when the offset is outside */
uint64_t read_number(struct reader *, unsigned bytes); /* 1 to 8 */
uint64_t read_uleb(struct reader *);                   /* LEB128; what does not fit into 64 bits is bad */
int64_t read_sleb(struct reader *);
const char *read_string(struct reader *);              /* of less than 64 KiB, with its NUL; it lies where it lay */
struct reader read_part(struct reader *, uint64_t bytes); /* a reader of the next bytes, which are skipped */
uint64_t reader_left(const struct reader *);

/* The string at this offset; "" when it is outside, or has no end. */
const char *view_string(struct view, uint64_t offset);

#endif
