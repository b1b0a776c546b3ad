/*
 * crc64.c - CRC-64, a byte at a time; the table is made when it is first needed.
 */
#include "crc64.h"

static uint64_t table[256];

static void make_table(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t sum = i;
        for (int bit = 0; bit < 8; bit++)
            sum = sum & 1 ? sum >> 1 ^ UINT64_C(0xc96c5795d7870f42) : sum >> 1;
        table[i] = sum;
    }
}

uint64_t crc64(uint64_t before, const void *bytes, size_t size)
{
    if (table[1] == 0)
        make_table();
    uint64_t sum = ~before;
    for (const unsigned char *at = bytes; size > 0; size--)
        sum = table[(sum ^ *at++) & 255] ^ sum >> 8;
    return ~sum;
}
