/*
 * joined.c - segments of TCP that the host joined to one frame of up to 64 KiB (VIRTIO 1.2, 5.1.6.4), divided again for who receives.
 *
 * The frame stays in the card's buffers, and is copied out of them a segment at a time; each buffer is given back when it is empty.
 * The headers are copied once, judged in the copy, and stand in front of each segment.
 */
#include "card.h"

#include "keys.h"

#include <string.h>
#include <ukc/checksum.h>

enum { HEAD_MOST = 256, FLAG_FIN = 0x01, FLAG_PSH = 0x08, FLAG_CWR = 0x80 };

static struct {
    struct piece {
        char *buffer;
        size_t at, end; /* of what is left in it */
    } pieces[JOINED_BUFFERS];
    unsigned count, first;
    uint8_t head[HEAD_MOST];
    struct checksum_place place;
    size_t head_size, left; /* bytes of headers, and of data that nobody has yet */
    uint32_t done, number;  /* bytes and segments that somebody has */
} joined;

void joined_begin(void)
{
    joined.count = joined.first = 0;
    joined.left = 0;
}

bool joined_add(char *buffer, size_t skip, size_t written)
{
    if (joined.count == JOINED_BUFFERS)
        return false;
    joined.pieces[joined.count++] = (struct piece){buffer, skip, written};
    return true;
}

static size_t total(void)
{
    size_t size = 0;
    for (unsigned i = 0; i < joined.count; i++)
        size += joined.pieces[i].end - joined.pieces[i].at;
    return size;
}

/* All headers stand in the first buffer; the host vouches for the checksum (5.1.6.4.1), which nobody can see in the whole. */
static bool find_headers(const struct card_header *header, size_t size)
{
    struct piece *first = &joined.pieces[0];
    size_t have = first->end - first->at < HEAD_MOST ? first->end - first->at : HEAD_MOST;
    struct checksum_place *place = &joined.place;
    memcpy(joined.head, first->buffer + first->at, have);
    if (header->segment == 0 || !(header->flags & (HEADER_CHECKSUM | HEADER_VALID)))
        return false;
    if (checksum_find(joined.head, have, size, place) != CHECKSUM_FOUND)
        return false;
    if (header->division != (place->version == 4 ? DIVISION_TCP4 : DIVISION_TCP6))
        return false;
    size_t end = checksum_tcp_headers(joined.head, place, ETHERNET + card.mtu);
    if (end == 0 || end > have || end >= place->end)
        return false;
    joined.head_size = end;
    first->at += end;
    return true;
}

enum joined_kind joined_judge(const struct card_header *header)
{
    size_t size = total();
    if (size > JOINED_MOST)
        return JOINED_LIE;
    if (!find_headers(header, size))
        return JOINED_NONSENSE;
    joined.left = joined.place.end - joined.head_size;
    joined.done = joined.number = 0;
    return JOINED_GOOD;
}

bool joined_waits(void)
{
    return joined.left > 0;
}

char *joined_empty(void)
{
    if (joined.first == joined.count)
        return NULL;
    const struct piece *piece = &joined.pieces[joined.first];
    return joined.left > 0 && piece->at < piece->end ? NULL : joined.pieces[joined.first++].buffer;
}

void joined_drop(void)
{
    joined.left = 0;
}

/* ---- one segment ---- */

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* RFC 1624, equation 3: what was wrong before stays so. */
static void replace16(uint8_t *field, size_t value, uint8_t *checksum)
{
    size_t sum = (checksum_number(checksum) ^ 0xffff) + (checksum_number(field) ^ 0xffff) + value;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(checksum, sum ^ 0xffff);
    put16(field, value);
}

/* Lengths, numbers and flags of the segment's own; its checksum was vouched for, as that of the whole. */
static void write_head(uint8_t *frame, size_t data)
{
    uint8_t *ip = frame + ETHERNET, *tcp = frame + joined.place.start;
    memcpy(frame, joined.head, joined.head_size);
    if (joined.place.version == 4) {
        replace16(ip + 2, joined.head_size - ETHERNET + data, ip + 10);
        replace16(ip + 4, (checksum_number(ip + 4) + joined.number) & 0xffff, ip + 10);
    } else
        put16(ip + 4, joined.head_size - ETHERNET - CHECKSUM_IPV6 + data);
    uint32_t sequence = (uint32_t)(checksum_number(tcp + 4) << 16 | checksum_number(tcp + 6)) + joined.done;
    put16(tcp + 4, sequence >> 16);
    put16(tcp + 6, sequence & 0xffff);
    if (data < joined.left)
        tcp[13] &= (uint8_t)~(FLAG_FIN | FLAG_PSH);
    if (joined.number > 0)
        tcp[13] &= (uint8_t)~FLAG_CWR;
}

static void copy(uint8_t *to, size_t size)
{
    struct piece *piece = &joined.pieces[joined.first];
    for (size_t part; size > 0; to += part, size -= part, piece += piece->at == piece->end) {
        part = piece->end - piece->at < size ? piece->end - piece->at : size;
        memcpy(to, piece->buffer + piece->at, part);
        piece->at += part;
    }
}

size_t joined_next(uint8_t *frame, size_t size)
{
    size_t most = size < ETHERNET + card.mtu ? size : ETHERNET + card.mtu;
    if (most <= joined.head_size)
        return 0;
    size_t room = most - joined.head_size, data = joined.left < room ? joined.left : room;
    write_head(frame, data);
    copy(frame + joined.head_size, data);
    joined.left -= data;
    joined.done += (uint32_t)data;
    joined.number++;
    return joined.head_size + data;
}
