/*
 * eight.h - text, eight bytes at a time.
 *
 * A word holds eight bytes of text, the first one lowest.  What is asked of each
 * byte is answered in its highest bit: of the bits that are set the lowest is right,
 * those above it may not be, because borrows go upwards.  (This is the old way to find a zero byte in a word.)
 */
#ifndef UKC_EIGHT_H
#define UKC_EIGHT_H

#include <stdint.h>
#include <string.h>

/* The byte, eight times. */
#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))

static inline uint64_t eight_at(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Bytes below n, which is at most 128. */
static inline uint64_t eight_below(uint64_t word, unsigned char n)
{
    return (word - EIGHT(n)) & ~word & EIGHT(0x80);
}

/* Bytes that are c. */
static inline uint64_t eight_equal(uint64_t word, char c)
{
    return eight_below(word ^ EIGHT((unsigned char)c), 1);
}

/* Which byte has the lowest bit; bits is not 0. */
static inline unsigned eight_first(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits) / 8;
}

#endif
