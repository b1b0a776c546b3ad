/*
 * export_omnibor.c - the image's OmniBOR input manifest (omnibor/spec 0.2, 6.3).
 *
 * ukc is the build tool that it speaks of: its inputs are all files that any of its actions read.  Of the objects
 * between them a record has the SHA-256 and not the bytes, so that they have no ids.
 */
#include "export.h"
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "gitoid.h"

static bool is_image(const struct export *e, const char *file)
{
    struct hash h;
    uint64_t size;
    struct diag *quiet = diag_create();
    bool is = file && file_is_regular(file) && hash_file(file, &h, &size, quiet) && hash_equal(&h, &e->recorded->facts.image);
    diag_destroy(quiet);
    return is;
}

static bool image_id(const struct export *e, const char *file, struct hash *out, struct diag *d)
{
    struct arena *a = arena_create();
    const char *path = blob_path(a, e->store, &e->recorded->facts.image);
    const struct source *s = NULL;
    if (!file_exists(path) && is_image(e, file))
        path = file;
    if (!file_exists(path)) {
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "the image of record %.12s is not in the store, and its OmniBOR id is of its bytes", e->id);
        diag_help(d, "'ukc reproduce %.12s' makes it", e->id);
    } else {
        s = file_read(a, path, SPAN_NONE, (size_t)1 << 34, d);
    }
    struct hash sha256 = s ? hash_bytes(s->bytes, s->size) : (struct hash){};
    if (s)
        *out = gitoid_blob(s->bytes, s->size);
    bool good = s && hash_equal(&sha256, &e->recorded->facts.image);
    if (s && !good) {
        diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "the image of record %.12s, '%s', does not have its SHA-256", e->id, path);
        diag_help(d, "'ukc reproduce %.12s' makes it again and puts it right", e->id);
    }
    arena_destroy(a);
    return good;
}

bool export_omnibor(const struct export *e, const char *file, struct text *manifest, struct hash *image, struct hash *id, struct diag *d)
{
    const char **ids = arena_array(e->a, const char *, e->file_count + 1);
    for (size_t i = 0; i < e->file_count; i++)
        ids[i] = hash_text(e->a, &e->files[i].gitoid);
    size_t count = e->file_count ? string_sort_unique(ids, e->file_count) : 0;
    text_puts(manifest, "gitoid:blob:sha256\n");
    for (size_t i = 0; i < count; i++)
        text_printf(manifest, "%s\n", ids[i]);
    *id = gitoid_blob(manifest->bytes, manifest->size);
    return image_id(e, file, image, d);
}
