/*
 * format.h - the tables of an embedded directory, as `ukc embed` writes them and embed.c reads them.
 *
 * The tables are part of the image, made by the compiler of this image: they
 * are trusted, and pinned here by their sizes.  All offsets are in bytes.
 * Content lies in a section of its own that may be larger than 2 GiB, so it
 * is reached through a pointer in the blob and never by a displacement.
 */
#ifndef EMBED_FORMAT_H
#define EMBED_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum embed_encoding { EMBED_AS_IS, EMBED_GZIP, EMBED_ZSTD };

enum {
    EMBED_ETAG_SIZE = 34,   /* quote, 32 hex digits (128 bits of SHA-256), quote */
    EMBED_ALIGNMENT = 64,   /* of every content in the data */
    EMBED_FORMS_MOST = 2,   /* the content and one compressed twin */
};

/* One representation of a file. */
struct embed_form {
    uint64_t offset, size; /* in the data */
    char etag[EMBED_ETAG_SIZE];
    uint16_t encoding; /* enum embed_encoding */
    uint32_t reserved;
};
static_assert(sizeof(struct embed_form) == 56 && offsetof(struct embed_form, encoding) == 50, "as embed_object.c writes it");

/* One file; entries are sorted by name, byte by byte. */
struct embed_entry {
    uint32_t name, name_size; /* in the strings */
    uint32_t type, type_size; /* media type, in the strings; size 0: none known */
    uint32_t form, form_count;
};
static_assert(sizeof(struct embed_entry) == 24, "as embed_object.c writes it");

/* Of the hash table: open addressing, linear probing. */
struct embed_slot {
    uint32_t hash;
    uint32_t entry; /* index + 1; 0: free */
};
static_assert(sizeof(struct embed_slot) == 8, "as embed_object.c writes it");

/* The one symbol of an embedded directory. */
struct embed_blob {
    const unsigned char *data;
    const struct embed_entry *entries;
    const struct embed_form *forms;
    const struct embed_slot *slots;
    const char *strings;
    uint64_t data_size;
    uint32_t entry_count;
    uint32_t slot_mask; /* slots - 1; at least twice as many slots as entries, a power of two */
    uint32_t probe_most; /* no name is further than this from its slot */
    uint32_t seed;
};
static_assert(sizeof(struct embed_blob) == 64 && offsetof(struct embed_blob, data_size) == 40, "as embed_object.c writes it");

/* FNV-1a over the name, begun with the seed, its halves folded. */
static inline uint32_t embed_hash(uint32_t seed, const char *name, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ ((uint64_t)seed << 17);
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    h ^= h >> 29;
    return (uint32_t)(h ^ h >> 32);
}

#endif
