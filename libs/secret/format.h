/*
 * format.h - the room for a secret in an image, as secret.c reserves it and `ukc seal` fills it.
 *
 * All of an image's are in one section, ukc_secret, one behind the other; each begins at a multiple of SECRET_ALIGNMENT.
 * What ukc seal writes is zero before: an image without its secrets has one form, and so one hash.
 */
#ifndef SECRET_FORMAT_H
#define SECRET_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SECRET_SECTION "ukc_secret"
#define SECRET_MAGIC "ukc-secret 1\n\r\n" /* 16 bytes with the NUL */

enum {
    SECRET_ALIGNMENT = 16,
    SECRET_NAME_MOST = 63,
    SECRET_SIZE_MOST = 1 << 20,
};

struct secret_head {
    char magic[16];
    char name[SECRET_NAME_MOST + 1]; /* the rest is zero */
    uint64_t room;                   /* bytes that may follow; then zeros up to the alignment */
    /* written by ukc seal */
    uint64_t sealed; /* 1: the secret is there */
    uint64_t size;   /* of the secret; what is left of the room is zero */
    uint8_t image[32]; /* SHA-256 of the image's file before */
    uint64_t reserved;
};
static_assert(sizeof(struct secret_head) == 144 && sizeof(struct secret_head) % SECRET_ALIGNMENT == 0, "as ukc/image/seal.c writes it");
static_assert(sizeof SECRET_MAGIC == 16, "fills its field");

#endif
