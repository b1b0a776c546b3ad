/*
 * checksum.c - the Internet checksum.
 *
 * The sum does not depend on the order of bytes in a word nor on the width of the addition, as long as carries are
 * added back (RFC 1071, section 2): so 64 bits are added at a time, their carries counted apart.
 */
#include "checksum.h"

#include <stddef.h>
#include <string.h>

static inline uint64_t load64(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

uint16_t checksum_of(const void *data, int length)
{
    const unsigned char *p = data;
    size_t left = length > 0 ? (size_t)length : 0;
    uint64_t sum = 0, high = 0; /* sums of the lower and of the upper halves cannot overflow below 2^32 words */
    for (; left >= 32; p += 32, left -= 32) {
        uint64_t a = load64(p), b = load64(p + 8), c = load64(p + 16), d = load64(p + 24);
        sum += (a & UINT32_MAX) + (b & UINT32_MAX) + (c & UINT32_MAX) + (d & UINT32_MAX);
        high += (a >> 32) + (b >> 32) + (c >> 32) + (d >> 32);
    }
    for (; left >= 8; p += 8, left -= 8) {
        uint64_t a = load64(p);
        sum += a & UINT32_MAX;
        high += a >> 32;
    }
    if (left) {
        uint64_t last = 0;
        memcpy(&last, p, left);
        sum += last & UINT32_MAX;
        high += last >> 32;
    }
    sum += high;
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
