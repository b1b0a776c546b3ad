/* chacha.c - see chacha.h. */
#include "chacha.h"

#include <string.h>

enum { BLOCK = 64 };

static uint32_t key[8];
static uint64_t blocks; /* since the last mix */

/* A row of the state: its four columns, or diagonals, are worked on at once. */
typedef uint32_t row __attribute__((vector_size(16)));

[[gnu::always_inline]] static inline row turn(row n, int by)
{
    return n << by | n >> (32 - by);
}

[[gnu::always_inline]] static inline void quarters(row s[4])
{
    s[0] += s[1], s[3] = turn(s[3] ^ s[0], 16);
    s[2] += s[3], s[1] = turn(s[1] ^ s[2], 12);
    s[0] += s[1], s[3] = turn(s[3] ^ s[0], 8);
    s[2] += s[3], s[1] = turn(s[1] ^ s[2], 7);
}

static void make_block(uint64_t number, uint32_t out[16])
{
    row in[4] = {{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, [3] = {(uint32_t)number, (uint32_t)(number >> 32)}};
    memcpy(&in[1], key, sizeof key);
    row s[4] = {in[0], in[1], in[2], in[3]};
    for (int i = 0; i < 10; i++) {
        quarters(s);
        s[1] = __builtin_shufflevector(s[1], s[1], 1, 2, 3, 0);
        s[2] = __builtin_shufflevector(s[2], s[2], 2, 3, 0, 1);
        s[3] = __builtin_shufflevector(s[3], s[3], 3, 0, 1, 2);
        quarters(s);
        s[1] = __builtin_shufflevector(s[1], s[1], 3, 0, 1, 2);
        s[2] = __builtin_shufflevector(s[2], s[2], 2, 3, 0, 1);
        s[3] = __builtin_shufflevector(s[3], s[3], 1, 2, 3, 0);
    }
    for (int i = 0; i < 4; i++)
        s[i] += in[i];
    memcpy(out, s, sizeof s);
    memset(s, 0, sizeof s);
    __asm__ volatile("" : : "r"(s) : "memory");
}

static void forget(uint32_t block[16])
{
    memset(block, 0, BLOCK);
    __asm__ volatile("" : : "r"(block) : "memory"); /* the memset is not to be dropped */
}

void chacha_mix(const uint64_t words[CHACHA_KEY])
{
    for (int i = 0; i < CHACHA_KEY; i++) {
        key[2 * i] ^= (uint32_t)words[i];
        key[2 * i + 1] ^= (uint32_t)(words[i] >> 32);
    }
    blocks = 0;
}

uint64_t chacha_blocks(void)
{
    return blocks;
}

void chacha_fill(void *bytes, size_t size)
{
    uint32_t block[16];
    char *at = bytes;
    uint64_t number = 1;
    for (size_t piece; size > 0; at += piece, size -= piece) {
        make_block(number++, block);
        piece = size < BLOCK ? size : BLOCK;
        memcpy(at, block, piece);
    }
    make_block(0, block);
    memcpy(key, block, sizeof key);
    forget(block);
    blocks += number;
}
