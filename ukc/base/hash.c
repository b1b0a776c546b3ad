/*
 * hash.c - SHA-256 and SHA-1 by libcrypto.
 *
 * Its old functions, which are the algorithms alone: the new ones (EVP) look for a provider first, which takes 3.5 million
 * instructions in each process, and ukc-compile is one for every file that is compiled.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* since 3.0, and in every 3.x */
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "memory.h"

struct hasher {
    SHA256_CTX context;
};

struct hasher *hasher_create(void)
{
    struct hasher *h = memory_alloc(sizeof *h);
    SHA256_Init(&h->context);
    return h;
}

void hasher_add(struct hasher *h, const void *bytes, size_t n)
{
    SHA256_Update(&h->context, bytes, n);
}

void hasher_add_string(struct hasher *h, const char *s)
{
    hasher_add(h, s, strlen(s) + 1);
}

struct hash hasher_finish(struct hasher *h)
{
    struct hash out;
    SHA256_Final(out.bytes, &h->context);
    free(h);
    return out;
}

struct hash hash_bytes(const void *bytes, size_t n)
{
    struct hasher *h = hasher_create();
    hasher_add(h, bytes, n);
    return hasher_finish(h);
}

bool hash_file(const char *path, struct hash *out, uint64_t *size, struct diag *d)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not block */
    if (fd < 0)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", path, strerror(errno));
    enum { CHUNK = 1 << 17 };
    char *chunk = memory_alloc(CHUNK);
    struct hasher *h = hasher_create();
    uint64_t total = 0;
    ssize_t n;
    while ((n = read(fd, chunk, CHUNK)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0)
            continue;
        hasher_add(h, chunk, (size_t)n);
        total += (uint64_t)n;
    }
    int error = n < 0 ? errno : 0;
    struct hash sum = hasher_finish(h);
    free(chunk);
    close(fd);
    if (error)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", path, strerror(error));
    *out = sum;
    if (size)
        *size = total;
    return true;
}

void hash_sha1_hex(const void *bytes, size_t n, char out[41])
{
    SHA_CTX context;
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1_Init(&context);
    SHA1_Update(&context, bytes, n);
    SHA1_Final(digest, &context);
    for (size_t i = 0; i < sizeof digest; i++)
        sprintf(out + 2 * i, "%02x", digest[i]);
}

void hash_hex(const struct hash *h, char out[HASH_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HASH_BYTES; i++) {
        out[2 * i] = digits[h->bytes[i] >> 4];
        out[2 * i + 1] = digits[h->bytes[i] & 15];
    }
    out[2 * HASH_BYTES] = '\0';
}

const char *hash_text(struct arena *a, const struct hash *h)
{
    char *hex = arena_alloc(a, HASH_HEX, 1);
    hash_hex(h, hex);
    return hex;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hash_parse(const char *hex, struct hash *out)
{
    struct hash h;
    if (strnlen(hex, HASH_HEX) != 2 * HASH_BYTES)
        return false;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        h.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out = h;
    return true;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return !memcmp(a->bytes, b->bytes, HASH_BYTES);
}
