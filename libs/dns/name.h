/*
 * name.h - domain names as messages carry them, and names of hosts and addresses as people write them.
 *
 * Functions of text, without state.
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <ukc/address.h>
#include <ukc/view.h>

enum { NAME_MOST = 255, LABEL_MOST = 63 };

/* Labels, each behind its length, and the root's 0 (RFC 1035, 3.1); letters in lower case. */
struct name {
    uint8_t size; /* with the 0: 1 to 255 */
    uint8_t bytes[NAME_MOST];
};

static inline bool name_equal(const struct name *a, const struct name *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static inline uint8_t name_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

/*
 * A host's name (RFC 1123, 2.1): labels of letters, digits and hyphens between them, the last one not a number;
 * at most 253 bytes and a final dot.  False, with nothing stored, for anything else.
 */
bool name_of_host(struct view text, struct name *name);

/* Is its last label this one? */
bool name_ends_in(const struct name *name, struct view label);

/*
 * "10.0.0.2", or an IPv6 address in any form of RFC 4291, 2.2; a link-local one may have its zone behind it, as a
 * number: "fe80::1%2".  Numbers of an IPv4 address have no leading zeros, which some read as octal.
 */
bool address_of_text(struct view text, struct ip_address *address);

#endif
