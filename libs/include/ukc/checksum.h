/*
 * checksum.h - the Internet checksum (RFC 1071) of TCP (RFC 9293, 3.1) and UDP (RFC 768) in Ethernet frames, over IPv4 (RFC 791)
 * and IPv6 (RFC 8200, 8.1): found, computed, verified.  For implementations of netif, on little-endian machines.
 *
 * Frames come from outside: nothing in them is believed before it was compared with the frame's size.  Sums are
 * kept in the byte order in which they are stored, so they are loaded and stored as they are.
 */
#ifndef UKC_CHECKSUM_H
#define UKC_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum checksum_kind {
    CHECKSUM_NONE,  /* not TCP or UDP, or a fragment: nothing to do here */
    CHECKSUM_FOUND,
    CHECKSUM_MORE,  /* the answer lies behind the bytes that were given */
    CHECKSUM_BAD,   /* lengths contradict one another, or there are more headers than anybody needs */
};

struct checksum_place {
    size_t start;    /* of the TCP or UDP header, from the start of the frame */
    size_t field;    /* the checksum's offset in that header */
    size_t end;      /* of what is summed; the frame may be longer */
    uint16_t pseudo; /* the sum of the pseudo-header */
    uint8_t protocol;
    uint8_t version; /* of IP */
};

enum {
    CHECKSUM_ETHERNET = 14, CHECKSUM_TYPE = 12, CHECKSUM_TYPE_IPV4 = 0x0800, CHECKSUM_TYPE_IPV6 = 0x86dd,
    CHECKSUM_IPV4 = 20, CHECKSUM_IPV6 = 40,
    CHECKSUM_TCP = 6, CHECKSUM_UDP = 17, CHECKSUM_HOP_BY_HOP = 0, CHECKSUM_ROUTING = 43, CHECKSUM_FRAGMENT = 44, CHECKSUM_DESTINATION = 60,
    CHECKSUM_HEADERS_MOST = 8, /* IPv6 extension headers; RFC 8200, 4.1 has an order with six */
};

static inline size_t checksum_number(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* ---- sums ---- */

static inline uint64_t checksum_add(const uint8_t *bytes, size_t size, uint64_t sum)
{
    for (; size >= 4; bytes += 4, size -= 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        sum += word;
    }
    uint8_t rest[4] = {0};
    uint32_t word;
    memcpy(rest, bytes, size);
    memcpy(&word, rest, 4);
    return sum + word;
}

static inline uint16_t checksum_fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* ---- finding ---- */

/* Whether `need` bytes from `at` are both in the frame and here. */
static inline enum checksum_kind checksum_at_hand(size_t at, size_t need, size_t have, size_t end)
{
    if (need > end - at)
        return CHECKSUM_BAD;
    return at + need > have ? CHECKSUM_MORE : CHECKSUM_FOUND;
}

/* addresses: both, one behind the other.  place->start and place->end are those of what IP carries. */
static inline enum checksum_kind checksum_find_in_segment(const uint8_t *frame, size_t have, struct checksum_place *place, const uint8_t *addresses, size_t size)
{
    bool tcp = place->protocol == CHECKSUM_TCP;
    const uint8_t *segment = frame + place->start;
    enum checksum_kind kind = checksum_at_hand(place->start, tcp ? 20 : 8, have, place->end);
    if (kind != CHECKSUM_FOUND)
        return kind;
    size_t length = tcp ? place->end - place->start : checksum_number(segment + 4);
    if (length < 8 || length > place->end - place->start)
        return CHECKSUM_BAD;
    place->field = tcp ? 16 : 6;
    place->end = place->start + length;
    place->pseudo = checksum_fold(checksum_add(addresses, size, __builtin_bswap32((uint32_t)length)) + __builtin_bswap32(place->protocol));
    return CHECKSUM_FOUND;
}

static inline enum checksum_kind checksum_find_in_ipv4(const uint8_t *frame, size_t have, size_t size, struct checksum_place *place)
{
    enum checksum_kind kind = checksum_at_hand(CHECKSUM_ETHERNET, CHECKSUM_IPV4, have, size);
    if (kind != CHECKSUM_FOUND)
        return kind;
    const uint8_t *ip = frame + CHECKSUM_ETHERNET;
    size_t header = (size_t)(ip[0] & 15) * 4, total = checksum_number(ip + 2);
    if (ip[0] >> 4 != 4 || header < CHECKSUM_IPV4 || total < header || total > size - CHECKSUM_ETHERNET)
        return CHECKSUM_BAD;
    if ((checksum_number(ip + 6) & 0x3fff) != 0 || (ip[9] != CHECKSUM_TCP && ip[9] != CHECKSUM_UDP)) /* more fragments, or an offset */
        return CHECKSUM_NONE;
    *place = (struct checksum_place){.start = CHECKSUM_ETHERNET + header, .end = CHECKSUM_ETHERNET + total, .protocol = ip[9], .version = 4};
    return checksum_find_in_segment(frame, have, place, ip + 12, 8);
}

/* Behind one extension header: CHECKSUM_FOUND, with *next and *at moved on; CHECKSUM_NONE: there is no checksum we could know. */
static inline enum checksum_kind checksum_skip_header(const uint8_t *frame, size_t have, size_t end, uint8_t *next, size_t *at)
{
    enum checksum_kind kind = checksum_at_hand(*at, 8, have, end);
    if (kind != CHECKSUM_FOUND)
        return kind;
    const uint8_t *header = frame + *at;
    size_t length = *next == CHECKSUM_FRAGMENT ? 8 : (header[1] + (size_t)1) * 8;
    if (length > end - *at)
        return CHECKSUM_BAD;
    if (*next == CHECKSUM_FRAGMENT && (checksum_number(header + 2) & 0xfff9) != 0) /* an offset, or more to come */
        return CHECKSUM_NONE;
    if (*next == CHECKSUM_ROUTING && header[3] != 0) /* the destination of the pseudo-header is another one */
        return CHECKSUM_NONE;
    *next = header[0];
    *at += length;
    return CHECKSUM_FOUND;
}

static inline enum checksum_kind checksum_find_in_ipv6(const uint8_t *frame, size_t have, size_t size, struct checksum_place *place)
{
    enum checksum_kind kind = checksum_at_hand(CHECKSUM_ETHERNET, CHECKSUM_IPV6, have, size);
    if (kind != CHECKSUM_FOUND)
        return kind;
    const uint8_t *ip = frame + CHECKSUM_ETHERNET;
    size_t at = CHECKSUM_ETHERNET + CHECKSUM_IPV6, payload = checksum_number(ip + 4);
    if (ip[0] >> 4 != 6 || payload > size - at)
        return CHECKSUM_BAD;
    size_t end = at + payload;
    uint8_t next = ip[6];
    for (unsigned count = 0; next == CHECKSUM_HOP_BY_HOP || next == CHECKSUM_ROUTING || next == CHECKSUM_FRAGMENT || next == CHECKSUM_DESTINATION; count++) {
        kind = count == CHECKSUM_HEADERS_MOST ? CHECKSUM_BAD : checksum_skip_header(frame, have, end, &next, &at);
        if (kind != CHECKSUM_FOUND)
            return kind;
    }
    if (next != CHECKSUM_TCP && next != CHECKSUM_UDP)
        return CHECKSUM_NONE;
    *place = (struct checksum_place){.start = at, .end = end, .protocol = next, .version = 6};
    return checksum_find_in_segment(frame, have, place, ip + 8, 32);
}

/* Where the checksum of a frame of `size` bytes is, of which the first `have` are in `frame`. */
static inline enum checksum_kind checksum_find(const uint8_t *frame, size_t have, size_t size, struct checksum_place *place)
{
    *place = (struct checksum_place){0};
    if (size < CHECKSUM_ETHERNET)
        return CHECKSUM_NONE;
    if (have < CHECKSUM_ETHERNET)
        return CHECKSUM_MORE;
    switch (checksum_number(frame + CHECKSUM_TYPE)) {
    case CHECKSUM_TYPE_IPV4:
        return checksum_find_in_ipv4(frame, have, size, place);
    case CHECKSUM_TYPE_IPV6:
        return checksum_find_in_ipv6(frame, have, size, place);
    default:
        return CHECKSUM_NONE;
    }
}

/* Bytes of all headers of a segment of TCP, which was found; 0: it is none, or its headers are not whole, or not less than `most`. */
static inline size_t checksum_tcp_headers(const uint8_t *frame, const struct checksum_place *place, size_t most)
{
    if (place->protocol != CHECKSUM_TCP)
        return 0;
    size_t end = place->start + (frame[place->start + 12] >> 4) * (size_t)4;
    return end >= place->start + 20 && end < most ? end : 0;
}

/* ---- computing ---- */

/* Computes and stores it; the whole frame is there.  Whatever the field held is overwritten. */
static inline void checksum_fill(uint8_t *frame, const struct checksum_place *place)
{
    uint8_t *field = frame + place->start + place->field;
    memset(field, 0, 2);
    uint16_t sum = (uint16_t)~checksum_fold(checksum_add(frame + place->start, place->end - place->start, place->pseudo));
    if (sum == 0 && place->protocol == CHECKSUM_UDP)
        sum = 0xffff; /* 0 says that there is none */
    memcpy(field, &sum, 2);
}

/* CHECKSUM_NONE, CHECKSUM_FOUND when it is right, CHECKSUM_BAD. */
static inline enum checksum_kind checksum_verify(const uint8_t *frame, size_t size)
{
    struct checksum_place place;
    enum checksum_kind kind = checksum_find(frame, size, size, &place);
    if (kind != CHECKSUM_FOUND)
        return kind == CHECKSUM_NONE ? CHECKSUM_NONE : CHECKSUM_BAD;
    if (place.protocol == CHECKSUM_UDP && checksum_number(frame + place.start + place.field) == 0)
        return place.version == 4 ? CHECKSUM_NONE : CHECKSUM_BAD; /* optional in IPv4 only (RFC 8200, 8.1) */
    return checksum_fold(checksum_add(frame + place.start, place.end - place.start, place.pseudo)) == 0xffff ? CHECKSUM_FOUND : CHECKSUM_BAD;
}

#endif
