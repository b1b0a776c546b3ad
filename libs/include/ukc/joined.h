/*
 * joined.h - segments of TCP that the other end of a network interface has joined to one frame of up to 64 KiB, divided again for who receives.
 *
 * For drivers.  A frame is collected: joined_begin, joined_add for each piece of memory that it lies in, joined_open.  Then, while
 * joined_waits, joined_next copies one segment.  The frame stays where it is; memory that is not needed any more is handed back by joined_empty, after
 * joined_drop all of it.  The headers are copied once, judged in the copy, and stand in front of each segment.
 */
#ifndef UKC_JOINED_H
#define UKC_JOINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ukc/checksum.h>

enum { JOINED_MOST = 65550 /* bytes of a frame */, JOINED_PIECES = 64, JOINED_HEAD = 256 };
enum { JOINED_FIN = 0x01, JOINED_PSH = 0x08, JOINED_CWR = 0x80 }; /* RFC 9293, 3.1; RFC 3168, 6.1.2 */

struct joined {
    struct joined_piece {
        char *memory;
        size_t at, end; /* of what is left in it */
    } pieces[JOINED_PIECES];
    unsigned count, first;
    uint8_t head[JOINED_HEAD];
    struct checksum_place place;
    size_t head_size, left; /* bytes of headers, and of data that nobody has yet */
    uint32_t done, number;  /* bytes and segments that somebody has */
};

static inline void joined_begin(struct joined *j)
{
    j->count = j->first = 0;
    j->left = 0;
}

/* What lies at memory[at] to memory[end].  False: there are more pieces than there can be. */
static inline bool joined_add(struct joined *j, char *memory, size_t at, size_t end)
{
    if (j->count == JOINED_PIECES)
        return false;
    j->pieces[j->count++] = (struct joined_piece){memory, at, end};
    return true;
}

static inline size_t joined_size(const struct joined *j)
{
    size_t size = 0;
    for (unsigned i = 0; i < j->count; i++)
        size += j->pieces[i].end - j->pieces[i].at;
    return size;
}

/*
 * All headers stand in the first piece; the other end vouches for the checksum, which nobody can see in the whole.  `version` of IP is what
 * it says, `most` bytes the longest frame of the wire.  False: it is no such frame.
 */
static inline bool joined_open(struct joined *j, unsigned version, size_t most)
{
    struct joined_piece *first = &j->pieces[0];
    size_t have = first->end - first->at < JOINED_HEAD ? first->end - first->at : JOINED_HEAD;
    memcpy(j->head, first->memory + first->at, have);
    if (checksum_find(j->head, have, joined_size(j), &j->place) != CHECKSUM_FOUND || j->place.version != version)
        return false;
    size_t end = checksum_tcp_headers(j->head, &j->place, most);
    if (end == 0 || end > have || end >= j->place.end)
        return false;
    j->head_size = end;
    first->at += end;
    j->left = j->place.end - end;
    j->done = j->number = 0;
    return true;
}

static inline bool joined_waits(const struct joined *j)
{
    return j->left > 0;
}

/* Memory that is not needed any more; NULL: there is none. */
static inline char *joined_empty(struct joined *j)
{
    if (j->first == j->count)
        return NULL;
    const struct joined_piece *piece = &j->pieces[j->first];
    return j->left > 0 && piece->at < piece->end ? NULL : j->pieces[j->first++].memory;
}

static inline void joined_drop(struct joined *j)
{
    j->left = 0;
}

/* ---- one segment ---- */

static inline void joined_put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* RFC 1624, equation 3: what was wrong before stays so. */
static inline void joined_replace16(uint8_t *field, size_t value, uint8_t *checksum)
{
    size_t sum = (checksum_number(checksum) ^ 0xffff) + (checksum_number(field) ^ 0xffff) + value;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    joined_put16(checksum, sum ^ 0xffff);
    joined_put16(field, value);
}

/* Lengths, numbers and flags of the segment's own; its checksum was vouched for, as that of the whole. */
static inline void joined_write_head(const struct joined *j, uint8_t *frame, size_t data)
{
    uint8_t *ip = frame + CHECKSUM_ETHERNET, *tcp = frame + j->place.start;
    memcpy(frame, j->head, j->head_size);
    if (j->place.version == 4) {
        joined_replace16(ip + 2, j->head_size - CHECKSUM_ETHERNET + data, ip + 10);
        joined_replace16(ip + 4, (checksum_number(ip + 4) + j->number) & 0xffff, ip + 10);
    } else
        joined_put16(ip + 4, j->head_size - CHECKSUM_ETHERNET - CHECKSUM_IPV6 + data);
    uint32_t sequence = (uint32_t)(checksum_number(tcp + 4) << 16 | checksum_number(tcp + 6)) + j->done;
    joined_put16(tcp + 4, sequence >> 16);
    joined_put16(tcp + 6, sequence & 0xffff);
    if (data < j->left)
        tcp[13] &= (uint8_t)~(JOINED_FIN | JOINED_PSH);
    if (j->number > 0)
        tcp[13] &= (uint8_t)~JOINED_CWR;
}

static inline void joined_copy(struct joined *j, uint8_t *to, size_t size)
{
    struct joined_piece *piece = &j->pieces[j->first];
    for (size_t part; size > 0; to += part, size -= part, piece += piece->at == piece->end) {
        part = piece->end - piece->at < size ? piece->end - piece->at : size;
        memcpy(to, piece->memory + piece->at, part);
        piece->at += part;
    }
}

/* Copies a segment, of `most` bytes at most: its size, or 0: it does not fit. */
static inline size_t joined_next(struct joined *j, uint8_t *frame, size_t size, size_t most)
{
    most = size < most ? size : most;
    if (most <= j->head_size)
        return 0;
    size_t room = most - j->head_size, data = j->left < room ? j->left : room;
    joined_write_head(j, frame, data);
    joined_copy(j, frame + j->head_size, data);
    j->left -= data;
    j->done += (uint32_t)data;
    j->number++;
    return j->head_size + data;
}

#endif
