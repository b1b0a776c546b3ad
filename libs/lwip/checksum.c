/*
 * checksum.c - the Internet checksum.
 *
 * The sum does not depend on the order of bytes in a word nor on the width of the addition, as long as carries are
 * added back (RFC 1071, section 2): so 64 bits are added at a time.
 */
#include "checksum.h"

#include <stddef.h>
#include <string.h>

/* One's complement addition. */
static inline uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

uint16_t checksum_of(const void *data, int length)
{
    const unsigned char *p = data;
    size_t left = length > 0 ? (size_t)length : 0;
    uint64_t sum = 0;
    for (uint64_t word; left >= sizeof word; p += sizeof word, left -= sizeof word) {
        memcpy(&word, p, sizeof word);
        sum = add(sum, word);
    }
    if (left & 4) {
        uint32_t word;
        memcpy(&word, p, sizeof word);
        sum = add(sum, word);
        p += sizeof word;
    }
    if (left & 2) {
        uint16_t word;
        memcpy(&word, p, sizeof word);
        sum = add(sum, word);
        p += sizeof word;
    }
    if (left & 1) { /* and a zero behind it */
        const unsigned char bytes[2] = {*p, 0};
        uint16_t word;
        memcpy(&word, bytes, sizeof word);
        sum = add(sum, word);
    }
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
