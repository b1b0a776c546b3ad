/*
 * reader.c - see reader.h.
 */
#include "reader.h"
#include <string.h>

struct reader reader_at(struct view v, uint64_t offset)
{
    if (offset > v.size)
        return (struct reader){.bad = true};
    if (!v.at) /* there is none, not even a place */
        return (struct reader){};
    return (struct reader){.at = v.at + offset, .end = v.at + v.size};
}

uint64_t reader_left(const struct reader *r)
{
    return r->bad ? 0 : (uint64_t)(r->end - r->at);
}

static void fail(struct reader *r)
{
    r->bad = true;
    r->at = r->end;
}

uint64_t read_number(struct reader *r, unsigned bytes)
{
    uint64_t value = 0;
    if (reader_left(r) < bytes) {
        fail(r);
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)r->at[i] << 8 * i;
    r->at += bytes;
    return value;
}

uint64_t read_uleb(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = read_number(r, 1);
        value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    fail(r);
    return 0;
}

int64_t read_sleb(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = read_number(r, 1);
        value |= (byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (byte & 0x40 && shift + 7 < 64)
            value |= ~UINT64_C(0) << (shift + 7);
        return (int64_t)value;
    }
    fail(r);
    return 0;
}

const char *read_string(struct reader *r)
{
    enum { MOST = 1 << 16 };
    uint64_t left = reader_left(r);
    const unsigned char *end = left ? memchr(r->at, 0, left < MOST ? left : MOST) : NULL;
    if (!end) {
        fail(r);
        return "";
    }
    const char *s = (const char *)r->at;
    r->at = end + 1;
    return s;
}

struct reader read_part(struct reader *r, uint64_t bytes)
{
    if (reader_left(r) < bytes) {
        fail(r);
        return (struct reader){.bad = true};
    }
    struct reader part = {.at = r->at, .end = r->at + bytes};
    r->at += bytes;
    return part;
}

const char *view_string(struct view v, uint64_t offset)
{
    struct reader r = reader_at(v, offset);
    return read_string(&r);
}
