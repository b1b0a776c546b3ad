/*
 * verify_blobs.c - what lies beside the repository: images, large inputs, kept tools; see verify_inside.h.
 */
#include <errno.h>
#include <string.h>
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "verify_inside.h"

void verify_names_blob(struct verification *v, const struct named_blob *b)
{
    uint32_t at = map_add(&v->blob_places, hash_text(v->a, &b->sha256), (uint32_t)v->blobs.count);
    if (at == MAP_ABSENT)
        *vec_add(v->a, &v->blobs) = *b;
    else if (b->needed && !v->blobs.items[at].needed)
        v->blobs.items[at] = *b;
}

/* One that is not needed may have left the store. */
static bool verify_blob(struct verification *v, const struct named_blob *b)
{
    const char *path = blob_path(v->a, v->records->store, &b->sha256);
    switch (blob_look(v->records->store, &b->sha256)) {
    case BLOB_RIGHT:
        v->out->files++;
        return true;
    case BLOB_ABSENT:
        return !b->needed || diag_fail(v->d, DIAG_MISSING, SPAN_NONE, "'%s', %s, is not in the store", path, b->what) || diag_help(v->d, "%s", b->help);
    case BLOB_WRONG:
        diag_fail(v->d, DIAG_INTEGRITY, SPAN_NONE, "'%s', %s, does not have the SHA-256 that it is named by", path, b->what);
        return diag_help(v->d, file_is_regular(path) ? "%s" : "it is no file: move it away; %s", b->help);
    case BLOB_UNREADABLE:
        return diag_fail(v->d, DIAG_OUTSIDE, SPAN_NONE, "'%s', %s, cannot be read: %s", path, b->what, strerror(errno));
    }
    return false;
}

/* Those that records and kept tools name; then others, which nobody names, yet: gc removes them. */
bool verify_blobs(struct verification *v)
{
    bool good = true;
    for (size_t i = 0; i < v->blobs.count; i++)
        good = verify_blob(v, &v->blobs.items[i]) && good;
    size_t count = 0;
    const struct blob_listed *list = blobs_list(v->a, v->records->store, &count);
    for (size_t i = 0; i < count; i++) {
        struct named_blob b = {.what = "a file that no record names", .help = "remove it"};
        if (hash_parse(list[i].name, &b.sha256) && map_get(&v->blob_places, list[i].name) == MAP_ABSENT)
            good = verify_blob(v, &b) && good;
    }
    return good;
}
