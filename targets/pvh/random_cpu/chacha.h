/*
 * chacha.h - a generator: ChaCha20 (RFC 8439, 2.3) with a key that is replaced by its own next output after every call, so that what was
 * given out cannot be recomputed from the state (fast key erasure).  Private to this folder.
 */
#ifndef RANDOM_CHACHA_H
#define RANDOM_CHACHA_H

#include <stddef.h>
#include <stdint.h>

enum { CHACHA_KEY = 4 }; /* words of 64 bits */

/* Mixes into the key: what was there is not worse for it. */
void chacha_mix(const uint64_t words[CHACHA_KEY]);
void chacha_fill(void *bytes, size_t size);
/* How many blocks were made since the last mix. */
uint64_t chacha_blocks(void);

#endif
