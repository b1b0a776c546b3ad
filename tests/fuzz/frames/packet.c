/* packet.c - Ethernet, IP and their sums: RFC 894, RFC 791, RFC 8200, RFC 1071. */
#include "packet.h"

#include <string.h>

uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* ---- building ---- */

void packet_add(struct packet *p, const void *bytes, size_t size)
{
    if (size > sizeof p->bytes - p->size)
        size = sizeof p->bytes - p->size;
    if (size > 0)
        memcpy(p->bytes + p->size, bytes, size);
    p->size += size;
}

void packet_add8(struct packet *p, unsigned value)
{
    packet_add(p, &(uint8_t){(uint8_t)value}, 1);
}

void packet_add16(struct packet *p, unsigned value)
{
    uint8_t bytes[2];
    put16(bytes, value);
    packet_add(p, bytes, sizeof bytes);
}

void packet_add32(struct packet *p, uint32_t value)
{
    uint8_t bytes[4];
    put32(bytes, value);
    packet_add(p, bytes, sizeof bytes);
}

void packet_fill(struct packet *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        packet_add8(p, (unsigned)('a' + i % 26));
}

void packet_link(struct packet *p, const uint8_t to[6], const uint8_t from[6], unsigned type)
{
    p->size = 0;
    packet_add(p, to, 6);
    packet_add(p, from, 6);
    packet_add16(p, type);
}

void packet_ip(struct packet *p, unsigned version, uint8_t protocol, const uint8_t *from, const uint8_t *to, struct extra extra)
{
    if (version == 4) {
        size_t options = extra.size > 40 ? 40 : extra.size, rest = -options & 3;
        packet_add8(p, (unsigned)(0x45 + (options + rest) / 4));
        packet_add(p, (const uint8_t[]){0, 0, 0, 0x12, 0x34, 0, 0, 64, protocol, 0, 0}, 11);
        packet_add(p, from, 4);
        packet_add(p, to, 4);
        packet_add(p, extra.bytes, options);
        packet_add(p, (const uint8_t[]){0, 0, 0}, rest);
        return;
    }
    bool extended = extra.size >= 8;
    packet_add(p, (const uint8_t[]){0x60, 0, 0, 0, 0, 0, extended ? extra.kind : protocol, 255}, 8);
    packet_add(p, from, 16);
    packet_add(p, to, 16);
    if (!extended)
        return;
    size_t size = extra.size & ~(size_t)7;
    packet_add8(p, protocol);
    packet_add8(p, (unsigned)(size / 8 - 1));
    packet_add(p, extra.bytes + 2, size - 2);
}

/* ---- reading ---- */

static struct parts parts4(const uint8_t *bytes, size_t size)
{
    struct parts parts = {.version = 4};
    if (size < LINK + 20)
        return parts;
    const uint8_t *ip = bytes + LINK;
    size_t header = (ip[0] & 15u) * 4, all = get16(ip + 2);
    parts.fragment = get16(ip + 6) & 0x3fff;
    parts.protocol = ip[9];
    if (header >= 20 && all >= header && LINK + all <= size) {
        parts.end = LINK + all;
        parts.transport = LINK + header;
    }
    return parts;
}

static struct parts parts6(const uint8_t *bytes, size_t size)
{
    struct parts parts = {.version = 6};
    if (size < LINK + 40)
        return parts;
    size_t at = LINK + 40, end = at + get16(bytes + LINK + 4);
    uint8_t next = bytes[LINK + 6];
    if (end > size)
        return parts;
    while ((next == 0 || next == 43 || next == 60 || next == 44) && at + 8 <= end) {
        parts.fragment |= next == 44;
        size_t length = next == 44 ? 8 : 8 + bytes[at + 1] * 8u;
        if (next == 44 && !(get16(bytes + at + 2) & 0xfff9))
            parts.fragment = false; /* a packet in one fragment */
        next = bytes[at];
        at += length;
    }
    parts.protocol = next;
    if (at <= end) {
        parts.end = end;
        parts.transport = at;
    }
    return parts;
}

struct parts packet_parts(const uint8_t *bytes, size_t size)
{
    switch (size < LINK ? 0 : get16(bytes + 12)) {
    case TYPE_IPV4: return parts4(bytes, size);
    case TYPE_IPV6: return parts6(bytes, size);
    default: return (struct parts){0};
    }
}

/* ---- sums ---- */

static uint32_t add_up(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += get16(bytes + i);
    if (size & 1)
        sum += (uint32_t)bytes[size - 1] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Offset of the checksum in a header, and how many bytes that has at least; 0: none that is known. */
static size_t sum_at(unsigned version, uint8_t protocol, size_t *least)
{
    *least = protocol == TCP ? 20 : 8;
    switch (protocol) {
    case TCP: return 16;
    case UDP: return 6;
    case ICMP: return version == 4 ? 2 : 0;
    case ICMPV6: return version == 6 ? 2 : 0;
    default: return 0;
    }
}

static uint16_t transport_sum(const uint8_t *bytes, const struct parts *parts)
{
    size_t size = parts->end - parts->transport;
    uint32_t sum = 0;
    if (parts->protocol != ICMP) {
        bool v4 = parts->version == 4;
        sum = add_up((uint32_t)(parts->protocol + size), bytes + LINK + (v4 ? 12 : 8), v4 ? 8 : 32);
    }
    return fold(add_up(sum, bytes + parts->transport, size));
}

static void mend_lengths(struct packet *p)
{
    uint8_t *ip = p->bytes + LINK;
    unsigned type = p->size < LINK ? 0 : get16(p->bytes + 12);
    if (type == TYPE_IPV4 && p->size >= LINK + 20) {
        ip[0] = (uint8_t)(0x40 | (ip[0] & 15));
        put16(ip + 2, (unsigned)(p->size - LINK));
    } else if (type == TYPE_IPV6 && p->size >= LINK + 40) {
        ip[0] = (uint8_t)(0x60 | (ip[0] & 15));
        put16(ip + 4, (unsigned)(p->size - LINK - 40));
    }
    struct parts parts = packet_parts(p->bytes, p->size);
    if (parts.transport && !parts.fragment && parts.protocol == UDP && parts.end - parts.transport >= 8)
        put16(p->bytes + parts.transport + 4, (unsigned)(parts.end - parts.transport));
}

static void mend_sums(struct packet *p)
{
    struct parts parts = packet_parts(p->bytes, p->size);
    uint8_t *ip = p->bytes + LINK;
    size_t header = (ip[0] & 15u) * 4, least;
    if (parts.version == 4 && header >= 20 && LINK + header <= p->size) {
        put16(ip + 10, 0);
        put16(ip + 10, fold(add_up(0, ip, header)));
    }
    size_t at = sum_at(parts.version, parts.protocol, &least);
    if (!at || !parts.transport || parts.fragment || parts.end - parts.transport < least)
        return;
    put16(p->bytes + parts.transport + at, 0);
    uint16_t sum = transport_sum(p->bytes, &parts);
    put16(p->bytes + parts.transport + at, sum ? sum : parts.protocol == UDP ? 0xffff : 0);
}

void packet_mend(struct packet *p, bool lengths, bool sums)
{
    if (lengths)
        mend_lengths(p);
    if (sums)
        mend_sums(p);
}

const char *packet_verify(const uint8_t *bytes, size_t size, bool offload)
{
    if (size < LINK)
        return "less than an Ethernet header";
    struct parts parts = packet_parts(bytes, size);
    if (!parts.version)
        return get16(bytes + 12) == TYPE_ARP && size >= LINK + 28 ? NULL : "neither IP nor a whole ARP packet";
    if (!parts.transport)
        return "an IP header with lengths that are wrong";
    if (bytes[LINK] >> 4 != parts.version)
        return "another version of IP than Ethernet says";
    if (parts.version == 4 && fold(add_up(0, bytes + LINK, parts.transport - LINK)) != 0)
        return "a wrong sum of an IPv4 header";
    size_t least, at = sum_at(parts.version, parts.protocol, &least);
    if (parts.fragment)
        return NULL;
    if (!at)
        return "a protocol that the stack does not have";
    if (parts.end - parts.transport < least)
        return "a transport header that is cut";
    if (parts.protocol == UDP && get16(bytes + parts.transport + 4) != parts.end - parts.transport)
        return "a wrong length of a datagram";
    if (offload && (parts.protocol == TCP || parts.protocol == UDP))
        return NULL;
    if (parts.protocol == UDP && parts.version == 4 && get16(bytes + parts.transport + at) == 0)
        return NULL;
    return transport_sum(bytes, &parts) == 0 ? NULL : "a wrong sum";
}

/* ---- fragments ---- */

static bool fragment4(struct packet *to, const struct packet *whole, size_t from, size_t size, bool more, uint32_t number)
{
    size_t header = (whole->bytes[LINK] & 15u) * 4;
    to->size = 0;
    packet_add(to, whole->bytes, LINK + header);
    put16(to->bytes + LINK + 4, number & 0xffff);
    put16(to->bytes + LINK + 6, (unsigned)(from / 8 | (more ? 0x2000 : 0)));
    packet_add(to, whole->bytes + LINK + header + from, size);
    packet_mend(to, true, true);
    return true;
}

static bool fragment6(struct packet *to, const struct packet *whole, size_t from, size_t size, bool more, uint32_t number)
{
    to->size = 0;
    packet_add(to, whole->bytes, LINK + 40);
    packet_add8(to, whole->bytes[LINK + 6]);
    to->bytes[LINK + 6] = 44;
    packet_add8(to, 0);
    packet_add16(to, (unsigned)(from | more));
    packet_add32(to, number);
    packet_add(to, whole->bytes + LINK + 40 + from, size);
    packet_mend(to, true, false);
    return true;
}

bool packet_fragment(struct packet *to, const struct packet *whole, size_t step, size_t overlap, unsigned index, uint32_t number)
{
    struct parts parts = packet_parts(whole->bytes, whole->size);
    size_t start = parts.version == 4 ? parts.transport : LINK + 40, from = index * step;
    if (!parts.transport || from >= parts.end - start)
        return false;
    size_t left = parts.end - start - from, size = step + overlap;
    if (size > left)
        size = left;
    if (size < left)
        size &= ~(size_t)7;
    bool more = size < left;
    return parts.version == 4 ? fragment4(to, whole, from, size, more, number) : fragment6(to, whole, from, size, more, number);
}
