/*
 * hash.h - SHA-256 (FIPS 180-4), through libcrypto.
 */
#ifndef UKC_HASH_H
#define UKC_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "diag.h"

#define HASH_BYTES 32
#define HASH_HEX (2 * HASH_BYTES + 1) /* with the NUL */

struct hash {
    uint8_t bytes[HASH_BYTES];
};

struct arena;
struct hasher;
[[nodiscard]] struct hasher *hasher_create(void);
void hasher_add(struct hasher *, const void *bytes, size_t n);
void hasher_add_string(struct hasher *, const char *s); /* with its NUL, so that fields cannot run together */
struct hash hasher_finish(struct hasher *);             /* frees the hasher */

struct hash hash_bytes(const void *bytes, size_t n);
/* Streams the file in constant memory; false after reporting. */
bool hash_file(const char *path, struct hash *out, uint64_t *size, struct diag *);

/* SHA-1 in hex: only for formats of others that ask for it. */
void hash_sha1_hex(const void *bytes, size_t n, char out[41]);

void hash_hex(const struct hash *, char out[HASH_HEX]);
const char *hash_text(struct arena *, const struct hash *);
bool hash_parse(const char *hex, struct hash *out); /* exactly 64 lower-case hex digits */
bool hash_equal(const struct hash *, const struct hash *);

#endif
