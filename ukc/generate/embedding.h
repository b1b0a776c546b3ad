/*
 * embedding.h - what the files embed_*.c share.  Internal to ukc/generate/.
 */
#ifndef UKC_EMBEDDING_H
#define UKC_EMBEDDING_H

#include <stdio.h>

#include "embed.h"
#include "../base/arena.h"
#include "../base/diag.h"
#include "../base/hash.h"
#include "../base/text.h"
#include "../../libs/embed/format.h"

/* ---- embed_input.c: the list ---- */

struct embed_input {
    const char *symbol;
    enum embed_encoding compress; /* of the twins; EMBED_AS_IS: none */
    const char *directory;
    const char *const *names; /* sorted, each once, each a key of kv_ro */
    size_t count;
};
const struct embed_input *embed_input_read(struct arena *, const char *path, struct diag *);

/* ---- embed_output.c: a file that is written aside ---- */

struct output {
    FILE *file;
    const char *path, *aside;
    uint64_t at;
    bool failed;
    struct diag *d;
};
bool output_open(struct arena *, struct output *, const char *path, struct diag *);
void output_write(struct output *, const void *bytes, size_t n); /* remembers failure */
void output_align(struct output *, uint64_t alignment);          /* with zeros */
void output_rewind(struct output *, uint64_t to);                /* forgets what was written after */
void output_patch(struct output *, uint64_t at, const void *bytes, size_t n);
bool output_finish(struct output *, bool good); /* renames if good, removes else */

/* ---- embed_gzip.c, embed_zstd.c: streams; each the only includer of its library ---- */

struct squeezer;
struct squeezer_kind {
    struct squeezer *(*open)(uint64_t size);
    /* Takes n bytes (the last ones if `last`) and hands what comes out to `put`; false on failure. */
    bool (*feed)(struct squeezer *, const void *bytes, size_t n, bool last, void (*put)(void *, const void *, size_t), void *context);
    void (*close)(struct squeezer *);
};
extern const struct squeezer_kind squeezer_gzip, squeezer_zstd;

/* ---- embed_pack.c: contents ---- */

struct packed {
    VEC(struct embed_entry) entries;
    VEC(struct embed_form) forms;
    struct text strings;
};
/* Appends all contents to the output, which begins with the data at file offset `data`. */
bool embed_pack(struct arena *, const struct embed_input *, struct output *, uint64_t data, struct packed *);

/* ---- embed_index.c: the hash table ---- */

struct embed_index {
    struct embed_slot *slots;
    uint32_t slot_count, probe_most, seed;
};
struct embed_index embed_index_build(struct arena *, const struct embed_entry *, uint32_t count, const char *strings);

/* ---- embed_object.c: the ELF object around it all ---- */

enum { OBJECT_DATA_OFFSET = 64 }; /* where the contents begin: after the file header */
void embed_object_finish(struct output *, const struct embed_input *, const struct packed *, const struct embed_index *);

#endif
