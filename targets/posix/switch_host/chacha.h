/* chacha.h - the ChaCha20 block function (RFC 8439, 2.3) as a stream of bytes. */
#ifndef SWITCH_HOST_CHACHA_H
#define SWITCH_HOST_CHACHA_H

#include <stddef.h>
#include <stdint.h>

struct chacha {
    uint32_t state[16];
    uint8_t block[64];
    size_t used; /* of block */
};

/* The counter starts at 0 with a nonce of 0: a key is for one stream only. */
void chacha_start(struct chacha *stream, const uint8_t key[32]);
void chacha_fill(struct chacha *stream, void *bytes, size_t size);

#endif
