/*
 * bundle_inside.h - inside provenance/: a bundle as it is in memory, and its format.
 */
#ifndef PROVENANCE_BUNDLE_INSIDE_H
#define PROVENANCE_BUNDLE_INSIDE_H

#include "bundle.h"
#include "history.h"
#include "objects.h"

#define BUNDLE_BLOCK 512                     /* what tar counts in */
#define BUNDLE_LIST "ukc-bundle"             /* the first file: names all others, in their order */
#define BUNDLE_LIST_LIMIT ((uint64_t)256 << 20)
#define BUNDLE_FILE_LIMIT ((uint64_t)1 << 33) /* a size in tar has 11 octal digits */

struct bundle_record {
    struct hash id;
    char tree[OBJECT_HEX];
    size_t runs; /* of it, in the bundle */
};
struct bundle_run {
    struct hash id; /* SHA-256 of the text */
    const char *text;
    uint64_t size;
    struct run run;
};
/* Kept tools of some of the records; their identity is in these. */
struct bundle_tools {
    struct hash id;
    const char *resource; /* where the compiler's headers were (toolkeep.h) */
    const struct recorded *of; /* a record that was made with them: when it is read */
};
struct bundle_blob {
    struct hash sha256;
    uint64_t size;
    uint64_t offset;      /* in the file */
    bool of_record, of_tools; /* what it is for: when it is read */
};
/* Each sorted: records, runs, tools and blobs by hash, objects by id. */
struct bundle {
    struct bundle_record *records;
    size_t record_count;
    struct bundle_run *runs;
    size_t run_count;
    struct bundle_tools *tools;
    size_t tool_count;
    struct object_given *objects;
    size_t object_count;
    struct bundle_blob *blobs;
    size_t blob_count;
};

/* ---- bundle_format.c ---- */

/* The list's text, and back; the fault says why not. */
void bundle_list(const struct bundle *, struct text *);
bool bundle_parse(struct arena *, const void *bytes, size_t size, struct bundle *, const char **fault);
/* The header of a file in the archive, and what follows its bytes. */
void bundle_header(const char *name, uint64_t size, unsigned char block[BUNDLE_BLOCK]);
static inline uint64_t bundle_padding(uint64_t size)
{
    return (BUNDLE_BLOCK - size % BUNDLE_BLOCK) % BUNDLE_BLOCK;
}
const char *bundle_run_name(struct arena *, const struct bundle_run *);
const char *bundle_object_name(struct arena *, const struct object_given *);
const char *bundle_blob_name(struct arena *, const struct bundle_blob *);
/* By its id; NULL: there is none. */
struct bundle_record *bundle_find(const struct bundle *, const struct hash *id);
/* Bytes of the whole archive, whose list has so many. */
uint64_t bundle_size(const struct bundle *, uint64_t list);

/* ---- bundle_read.c ---- */

/*
 * Reads and verifies all of it: what it says, that its records are whole, and that it has nothing else.  `file` is its name.
 * recorded[i], if asked for: the i-th record.  Blobs are read where they are.
 */
bool bundle_read(struct arena *, int fd, const char *file, struct bundle *, const struct recorded ***recorded, struct diag *);

#endif
