/* chacha.c - RFC 8439, 2.1 to 2.3. */
#include "chacha.h"

#include <string.h>

static uint32_t rotate(uint32_t value, int by)
{
    return value << by | value >> (32 - by);
}

static void quarter(uint32_t *s, int a, int b, int c, int d)
{
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

static uint32_t little(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void next_block(struct chacha *stream)
{
    uint32_t s[16];
    memcpy(s, stream->state, sizeof s);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            quarter(s, i, i + 4, i + 8, i + 12);
        for (int i = 0; i < 4; i++)
            quarter(s, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12);
    }
    for (int i = 0; i < 64; i++)
        stream->block[i] = (uint8_t)((s[i / 4] + stream->state[i / 4]) >> 8 * (i % 4));
    /* the 32-bit counter goes on into the nonce, which is 0: 2^70 bytes before anything repeats */
    if (++stream->state[12] == 0)
        stream->state[13]++;
    stream->used = 0;
}

void chacha_start(struct chacha *stream, const uint8_t key[32])
{
    static const uint8_t constant[] = "expand 32-byte k";
    *stream = (struct chacha){.used = sizeof stream->block};
    for (int i = 0; i < 4; i++)
        stream->state[i] = little(constant + 4 * i);
    for (int i = 0; i < 8; i++)
        stream->state[4 + i] = little(key + 4 * i);
}

void chacha_fill(struct chacha *stream, void *bytes, size_t size)
{
    for (uint8_t *at = bytes; size > 0;) {
        if (stream->used == sizeof stream->block)
            next_block(stream);
        size_t left = sizeof stream->block - stream->used, piece = size < left ? size : left;
        memcpy(at, stream->block + stream->used, piece);
        stream->used += piece;
        at += piece;
        size -= piece;
    }
}
