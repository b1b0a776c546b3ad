/*
 * embed_pack.c - the contents of the files, one after the other, each with its twin.
 *
 * Every file is read once; one that may get a twin is read twice, and must
 * say the same both times.  Nothing larger than a buffer is held in memory.
 */
#include "embedding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/file.h"
#include "../base/map.h"
#include "../../libs/include/ukc/media_type.h"

enum { BUFFER_BYTES = 1 << 18 };

struct packer {
    struct arena *a;
    const struct embed_input *input;
    struct output *out;
    uint64_t data; /* file offset of the data */
    struct packed *packed;
    struct map types; /* media type -> its offset in the strings */
    char *buffer;
    struct diag *d;
};

/* Calls take() with the file's pieces; false after reporting. */
static bool each_piece(struct packer *p, const char *path, bool (*take)(void *, const void *, size_t), void *context)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return diag_fail(p->d, errno == ENOENT ? DIAG_INPUT : DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", path, strerror(errno));
    ssize_t n;
    bool good = true;
    while (good && ((n = read(fd, p->buffer, BUFFER_BYTES)) > 0 || (n < 0 && errno == EINTR)))
        good = n < 0 || take(context, p->buffer, (size_t)n);
    if (good && n < 0)
        good = diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", path, strerror(errno));
    close(fd);
    return good;
}

static void set_etag(struct embed_form *form, const struct hash *hash)
{
    char hex[HASH_HEX];
    hash_hex(hash, hex);
    form->etag[0] = '"';
    memcpy(form->etag + 1, hex, EMBED_ETAG_SIZE - 2);
    form->etag[EMBED_ETAG_SIZE - 1] = '"';
}

/* ---- as it is ---- */

struct copy {
    struct output *out;
    struct hasher *hasher;
};

static bool copy_piece(void *context, const void *bytes, size_t n)
{
    struct copy *c = context;
    hasher_add(c->hasher, bytes, n);
    output_write(c->out, bytes, n);
    return !c->out->failed;
}

static bool pack_content(struct packer *p, const char *path, struct embed_form *form, struct hash *hash)
{
    output_align(p->out, EMBED_ALIGNMENT);
    uint64_t start = p->out->at;
    struct copy copy = {p->out, hasher_create()};
    bool good = each_piece(p, path, copy_piece, &copy);
    *hash = hasher_finish(copy.hasher);
    *form = (struct embed_form){.offset = start - p->data, .size = p->out->at - start, .encoding = EMBED_AS_IS};
    set_etag(form, hash);
    return good;
}

/* ---- compressed ---- */

struct twin {
    const struct squeezer_kind *kind;
    struct squeezer *squeezer;
    struct output *out;
    struct hasher *in_hasher, *out_hasher;
    uint64_t size, most; /* bytes that came out; more than `most` is not worth it */
    bool failed;
};

static void take_squeezed(void *context, const void *bytes, size_t n)
{
    struct twin *t = context;
    t->size += n;
    if (t->size > t->most)
        return;
    hasher_add(t->out_hasher, bytes, n);
    output_write(t->out, bytes, n);
}

static bool squeeze_piece(void *context, const void *bytes, size_t n)
{
    struct twin *t = context;
    hasher_add(t->in_hasher, bytes, n);
    if (t->size <= t->most && !t->kind->feed(t->squeezer, bytes, n, false, take_squeezed, t))
        t->failed = true;
    return !t->failed && !t->out->failed;
}

/* The twin behind the content; *kept says whether it is smaller by a tenth at least. */
static bool pack_twin(struct packer *p, const char *path, const struct embed_form *plain, const struct hash *expected, struct embed_form *form,
                      bool *kept)
{
    *kept = false;
    output_align(p->out, EMBED_ALIGNMENT);
    uint64_t start = p->out->at;
    struct twin t = {.kind = p->input->compress == EMBED_GZIP ? &squeezer_gzip : &squeezer_zstd, .out = p->out,
                     .most = plain->size - plain->size / 10 - (plain->size % 10 != 0)};
    t.squeezer = t.kind->open(plain->size);
    if (!t.squeezer)
        return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "no memory to compress '%s'", path);
    t.in_hasher = hasher_create();
    t.out_hasher = hasher_create();
    bool good = each_piece(p, path, squeeze_piece, &t);
    if (good && t.size <= t.most && !t.kind->feed(t.squeezer, "", 0, true, take_squeezed, &t))
        t.failed = true;
    struct hash in = hasher_finish(t.in_hasher), out = hasher_finish(t.out_hasher);
    t.kind->close(t.squeezer);
    *kept = t.size <= t.most;
    *form = (struct embed_form){.offset = start - p->data, .size = t.size, .encoding = (uint16_t)p->input->compress};
    set_etag(form, &out);
    if (good && !hash_equal(&in, expected))
        return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' changes while it is read", path);
    if (t.failed)
        return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot compress '%s'", path);
    if (good && !*kept)
        output_rewind(p->out, start);
    return good;
}

/* ---- one file ---- */

static uint32_t add_string(struct packer *p, const char *s)
{
    uint32_t at = (uint32_t)p->packed->strings.size;
    text_puts(&p->packed->strings, s);
    return at;
}

static uint32_t add_type(struct packer *p, const char *type)
{
    uint32_t at = map_add(&p->types, type, (uint32_t)p->packed->strings.size);
    return at == MAP_ABSENT ? add_string(p, type) : at;
}

static bool pack_file(struct packer *p, const char *name)
{
    const char *path = path_join(p->a, p->input->directory, name);
    const struct media_type *type = media_type_find(view_of(name));
    struct embed_entry entry = {.form = (uint32_t)p->packed->forms.count, .form_count = 1};
    struct embed_form form;
    struct hash hash;
    if (!pack_content(p, path, &form, &hash))
        return false;
    *vec_add(p->a, &p->packed->forms) = form;
    if (p->input->compress != EMBED_AS_IS && type && type->compressible && form.size) {
        struct embed_form twin;
        bool kept;
        if (!pack_twin(p, path, &form, &hash, &twin, &kept))
            return false;
        if (kept) {
            *vec_add(p->a, &p->packed->forms) = twin;
            entry.form_count++;
        }
    }
    if (p->packed->strings.size > UINT32_MAX / 2)
        return diag_error(p->d, SPAN_NONE, "the names in '%s' are too long all together", p->input->directory);
    entry.name_size = (uint32_t)strlen(name);
    entry.name = add_string(p, name);
    if (type) {
        entry.type_size = (uint32_t)strlen(type->type);
        entry.type = add_type(p, type->type);
    }
    *vec_add(p->a, &p->packed->entries) = entry;
    return !p->out->failed;
}

bool embed_pack(struct arena *a, const struct embed_input *input, struct output *out, uint64_t data, struct packed *packed)
{
    struct packer p = {.a = a, .input = input, .out = out, .data = data, .packed = packed, .d = out->d};
    p.buffer = arena_alloc(a, BUFFER_BYTES, 64);
    bool good = true;
    for (size_t i = 0; i < input->count && !out->failed; i++)
        good = pack_file(&p, input->names[i]) && good; /* so that all missing files are named at once */
    map_dispose(&p.types);
    return good && !out->failed;
}
