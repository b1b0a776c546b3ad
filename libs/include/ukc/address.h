/*
 * address.h - Internet addresses, as signatures pass them.
 *
 * Bytes are in network order, ports in host order.  An address of family
 * IP_ANY has no bytes: to listen on it means every address of both families.
 */
#ifndef UKC_ADDRESS_H
#define UKC_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { IP_ANY = 0, IP_V4 = 4, IP_V6 = 6 };

struct ip_address {
    uint32_t zone;     /* scope of a link-local IPv6 address, else 0 */
    uint8_t family;    /* IP_ANY, IP_V4 or IP_V6 */
    uint8_t bytes[16]; /* 4 of them used for IP_V4; the rest is zero */
};

struct endpoint {
    struct ip_address address;
    uint16_t port;
};

static inline struct ip_address ip_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct ip_address){.family = IP_V4, .bytes = {a, b, c, d}};
}

static inline struct ip_address ip_v6(const uint8_t bytes[16])
{
    struct ip_address address = {.family = IP_V6};
    memcpy(address.bytes, bytes, 16);
    return address;
}

static inline bool ip_equal(const struct ip_address *a, const struct ip_address *b)
{
    return a->family == b->family && a->zone == b->zone && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && ip_equal(&a->address, &b->address);
}

#define IP_TEXT_SIZE 64

/* The longest run of two or more zero groups, as RFC 5952 section 4.2 asks; length 0 if there is none. */
static inline size_t ip_zero_run(const uint16_t groups[8], size_t *start)
{
    size_t best = 0;
    for (size_t i = 0; i < 8; i++) {
        size_t length = 0;
        while (i + length < 8 && groups[i + length] == 0)
            length++;
        if (length > best) {
            best = length;
            *start = i;
        }
    }
    return best >= 2 ? best : 0;
}

/* The number in a base of at most 16, without leading zeroes; returns where it ends. By hand: printf takes ten times as long. */
static inline char *ip_digits(char *to, uint32_t number, unsigned base)
{
    char reversed[10];
    size_t count = 0;
    do
        reversed[count++] = "0123456789abcdef"[number % base];
    while (number /= base);
    while (count > 0)
        *to++ = reversed[--count];
    return to;
}

static inline char *ip_format_v6(char *to, const uint8_t bytes[16])
{
    uint16_t groups[8];
    for (size_t i = 0; i < 8; i++)
        groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    size_t start = 8, run = ip_zero_run(groups, &start);
    for (size_t i = 0; i < 8; i++) {
        if (run && i == start) {
            *to++ = ':';
            *to++ = ':';
            i += run - 1;
            continue;
        }
        if (i > 0 && !(run && i == start + run))
            *to++ = ':';
        to = ip_digits(to, groups[i], 16);
    }
    return to;
}

/* Writes the address as text ("10.0.0.2", "fd00::2", "*") and returns its length. */
static inline size_t ip_format(char text[IP_TEXT_SIZE], const struct ip_address *address)
{
    char *to = text;
    for (size_t i = 0; address->family == IP_V4 && i < 4; i++) {
        if (i > 0)
            *to++ = '.';
        to = ip_digits(to, address->bytes[i], 10);
    }
    if (address->family == IP_V6)
        to = ip_format_v6(to, address->bytes);
    if (address->family == IP_V6 && address->zone) {
        *to++ = '%';
        to = ip_digits(to, address->zone, 10);
    }
    if (to == text)
        *to++ = '*';
    *to = '\0';
    return (size_t)(to - text);
}

#define MAC_TEXT_SIZE 18

/* Writes an Ethernet address as text ("52:54:00:12:34:56"), and returns the text. */
static inline const char *mac_format(char text[MAC_TEXT_SIZE], const uint8_t mac[6])
{
    for (size_t i = 0; i < 6; i++) {
        text[3 * i] = "0123456789abcdef"[mac[i] >> 4];
        text[3 * i + 1] = "0123456789abcdef"[mac[i] & 15];
        text[3 * i + 2] = i < 5 ? ':' : '\0';
    }
    return text;
}

#endif
