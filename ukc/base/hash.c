/*
 * hash.c - SHA-256 by libcrypto.
 *
 * The library's configuration file is not read: it belongs to the host, and
 * reading it costs more than hashing a manifest.
 */
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

struct hasher {
    EVP_MD_CTX *context;
};

static _Noreturn void crypto_failed(void)
{
    fputs("error: libcrypto offers no SHA-256 or no SHA-1\n", stderr);
    exit(DIAG_OUTSIDE);
}

struct hasher *hasher_create(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    struct hasher *h = memory_alloc(sizeof *h);
    h->context = EVP_MD_CTX_new();
    if (!h->context)
        memory_exhausted();
    if (!EVP_DigestInit_ex(h->context, EVP_sha256(), NULL))
        crypto_failed();
    return h;
}

void hasher_add(struct hasher *h, const void *bytes, size_t n)
{
    if (n && !EVP_DigestUpdate(h->context, bytes, n))
        crypto_failed();
}

void hasher_add_string(struct hasher *h, const char *s)
{
    hasher_add(h, s, strlen(s) + 1);
}

struct hash hasher_finish(struct hasher *h)
{
    struct hash out;
    unsigned size = 0;
    if (!EVP_DigestFinal_ex(h->context, out.bytes, &size) || size != HASH_BYTES)
        crypto_failed();
    EVP_MD_CTX_free(h->context);
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
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (!EVP_Digest(bytes, n, digest, &size, EVP_sha1(), NULL) || size != 20)
        crypto_failed();
    for (unsigned i = 0; i < size; i++)
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
