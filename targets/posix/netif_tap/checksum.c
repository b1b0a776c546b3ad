/*
 * checksum.c - finds, computes and verifies checksums of TCP (RFC 9293, 3.1) and UDP (RFC 768) over IPv4 (RFC 791)
 * and IPv6 (RFC 8200, 8.1).
 */
#include "checksum.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

enum {
    ETHERNET = 14, TYPE = 12, TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd,
    IPV4 = 20, IPV6 = 40,
    TCP = 6, UDP = 17, HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60,
    HEADERS_MOST = 8, /* IPv6 extension headers; RFC 8200, 4.1 has an order with six */
};

static size_t number(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* ---- sums ---- */

static uint64_t add(const uint8_t *bytes, size_t size, uint64_t sum)
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

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* ---- finding ---- */

/* Whether `need` bytes from `at` are both in the frame and here. */
static enum checksum_kind at_hand(size_t at, size_t need, size_t have, size_t end)
{
    if (need > end - at)
        return CHECKSUM_BAD;
    return at + need > have ? CHECKSUM_MORE : CHECKSUM_FOUND;
}

/* addresses: both, one behind the other.  place->start and place->end are those of what IP carries. */
static enum checksum_kind find_in_segment(const uint8_t *frame, size_t have, struct checksum_place *place, const uint8_t *addresses, size_t size)
{
    bool tcp = place->protocol == TCP;
    const uint8_t *segment = frame + place->start;
    enum checksum_kind kind = at_hand(place->start, tcp ? 20 : 8, have, place->end);
    if (kind != CHECKSUM_FOUND)
        return kind;
    size_t length = tcp ? place->end - place->start : number(segment + 4);
    if (length < 8 || length > place->end - place->start)
        return CHECKSUM_BAD;
    place->field = tcp ? 16 : 6;
    place->end = place->start + length;
    place->pseudo = fold(add(addresses, size, htonl((uint32_t)length)) + htonl(place->protocol));
    return CHECKSUM_FOUND;
}

static enum checksum_kind find_in_ipv4(const uint8_t *frame, size_t have, size_t size, struct checksum_place *place)
{
    enum checksum_kind kind = at_hand(ETHERNET, IPV4, have, size);
    if (kind != CHECKSUM_FOUND)
        return kind;
    const uint8_t *ip = frame + ETHERNET;
    size_t header = (size_t)(ip[0] & 15) * 4, total = number(ip + 2);
    if (ip[0] >> 4 != 4 || header < IPV4 || total < header || total > size - ETHERNET)
        return CHECKSUM_BAD;
    if ((number(ip + 6) & 0x3fff) != 0 || (ip[9] != TCP && ip[9] != UDP)) /* more fragments, or an offset */
        return CHECKSUM_NONE;
    *place = (struct checksum_place){.start = ETHERNET + header, .end = ETHERNET + total, .protocol = ip[9], .version = 4};
    return find_in_segment(frame, have, place, ip + 12, 8);
}

/* Behind one extension header: CHECKSUM_FOUND, with *next and *at moved on; CHECKSUM_NONE: there is no checksum we could know. */
static enum checksum_kind skip_header(const uint8_t *frame, size_t have, size_t end, uint8_t *next, size_t *at)
{
    enum checksum_kind kind = at_hand(*at, 8, have, end);
    if (kind != CHECKSUM_FOUND)
        return kind;
    const uint8_t *header = frame + *at;
    size_t length = *next == FRAGMENT ? 8 : (header[1] + (size_t)1) * 8;
    if (length > end - *at)
        return CHECKSUM_BAD;
    if (*next == FRAGMENT && (number(header + 2) & 0xfff9) != 0) /* an offset, or more to come */
        return CHECKSUM_NONE;
    if (*next == ROUTING && header[3] != 0) /* the destination of the pseudo-header is another one */
        return CHECKSUM_NONE;
    *next = header[0];
    *at += length;
    return CHECKSUM_FOUND;
}

static enum checksum_kind find_in_ipv6(const uint8_t *frame, size_t have, size_t size, struct checksum_place *place)
{
    enum checksum_kind kind = at_hand(ETHERNET, IPV6, have, size);
    if (kind != CHECKSUM_FOUND)
        return kind;
    const uint8_t *ip = frame + ETHERNET;
    size_t at = ETHERNET + IPV6, payload = number(ip + 4);
    if (ip[0] >> 4 != 6 || payload > size - at)
        return CHECKSUM_BAD;
    size_t end = at + payload;
    uint8_t next = ip[6];
    for (unsigned count = 0; next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT || next == DESTINATION; count++) {
        kind = count == HEADERS_MOST ? CHECKSUM_BAD : skip_header(frame, have, end, &next, &at);
        if (kind != CHECKSUM_FOUND)
            return kind;
    }
    if (next != TCP && next != UDP)
        return CHECKSUM_NONE;
    *place = (struct checksum_place){.start = at, .end = end, .protocol = next, .version = 6};
    return find_in_segment(frame, have, place, ip + 8, 32);
}

enum checksum_kind checksum_find(const uint8_t *frame, size_t have, size_t size, struct checksum_place *place)
{
    *place = (struct checksum_place){0};
    if (size < ETHERNET)
        return CHECKSUM_NONE;
    if (have < ETHERNET)
        return CHECKSUM_MORE;
    switch (number(frame + TYPE)) {
    case TYPE_IPV4:
        return find_in_ipv4(frame, have, size, place);
    case TYPE_IPV6:
        return find_in_ipv6(frame, have, size, place);
    default:
        return CHECKSUM_NONE;
    }
}

/* ---- computing ---- */

void checksum_fill(uint8_t *frame, const struct checksum_place *place)
{
    uint8_t *field = frame + place->start + place->field;
    memset(field, 0, 2);
    uint16_t sum = (uint16_t)~fold(add(frame + place->start, place->end - place->start, place->pseudo));
    if (sum == 0 && place->protocol == UDP)
        sum = 0xffff; /* 0 says that there is none */
    memcpy(field, &sum, 2);
}

enum checksum_kind checksum_verify(const uint8_t *frame, size_t size)
{
    struct checksum_place place;
    enum checksum_kind kind = checksum_find(frame, size, size, &place);
    if (kind != CHECKSUM_FOUND)
        return kind == CHECKSUM_NONE ? CHECKSUM_NONE : CHECKSUM_BAD;
    if (place.protocol == UDP && number(frame + place.start + place.field) == 0)
        return place.version == 4 ? CHECKSUM_NONE : CHECKSUM_BAD; /* optional in IPv4 only (RFC 8200, 8.1) */
    return fold(add(frame + place.start, place.end - place.start, place.pseudo)) == 0xffff ? CHECKSUM_FOUND : CHECKSUM_BAD;
}
