/*
 * vault.c - signs a text with a secret key: SipHash-2-4 (Aumasson and Bernstein, 2012), of which the key's first 16 bytes are used.
 *
 * It prints the tag, and nothing of the key.
 */
#include "console.h"
#include "key.h"
#include "keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 16 };

static uint64_t rotated(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void mix(uint64_t v[4], int rounds)
{
    while (rounds--) {
        v[0] += v[1], v[2] += v[3];
        v[1] = rotated(v[1], 13) ^ v[0], v[3] = rotated(v[3], 16) ^ v[2];
        v[0] = rotated(v[0], 32);
        v[2] += v[1], v[0] += v[3];
        v[1] = rotated(v[1], 17) ^ v[2], v[3] = rotated(v[3], 21) ^ v[0];
        v[2] = rotated(v[2], 32);
    }
}

static uint64_t word(const char *bytes, size_t n)
{
    uint64_t w = 0;
    for (size_t i = 0; i < n; i++)
        w |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return w;
}

static uint64_t tag(const char *secret, const char *text, size_t size)
{
    uint64_t k0 = word(secret, 8), k1 = word(secret + 8, 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
    for (size_t at = 0; at <= size; at += 8) {
        size_t left = size - at < 8 ? size - at : 8;
        uint64_t m = word(text + at, left) | (left < 8 ? (uint64_t)size << 56 : 0);
        v[3] ^= m;
        mix(v, 2);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    mix(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static int print(const char *text)
{
    return console_write(text, strlen(text)) < 0;
}

int vault_main(void)
{
    struct key_entry *entry;
    struct view secret;
    char line[32];
    if (key_open(VIEW("signing_key"), &entry) < 0 || key_read(entry, 0, 0, KEY_BYTES, &secret) < 0 || secret.size < KEY_BYTES) {
        print("signing_key has less than 16 bytes\n");
        return 1;
    }
    snprintf(line, sizeof line, "%016" PRIx64 "\n", tag(secret.bytes, KEY_TEXT, strlen(KEY_TEXT)));
    key_close(entry);
    return print(line);
}
