/*
 * verify_blobs.c - what lies beside the repository: images, large inputs, kept tools; see verify_inside.h.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "verify_inside.h"

void verify_names_blob(struct verification *v, const struct named_blob *b)
{
    char *hex = arena_alloc(v->a, HASH_HEX, 1);
    hash_hex(&b->sha256, hex);
    uint32_t at = map_add(&v->blob_places, hex, (uint32_t)v->blobs.count);
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

/* Nobody names them, yet; gc removes them. */
static bool verify_others(struct verification *v, const char *directory, const char *first)
{
    VEC(const char *) names = {};
    bool good = true;
    DIR *dir = opendir(directory);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct hash h;
        const char *hex = arena_printf(v->a, "%s%s", first, e->d_name);
        if (hash_parse(hex, &h) && map_get(&v->blob_places, hex) == MAP_ABSENT)
            *vec_add(v->a, &names) = hex;
    }
    if (dir)
        closedir(dir);
    size_t count = names.count ? string_sort_unique(names.items, names.count) : 0;
    for (size_t i = 0; i < count; i++) {
        struct named_blob b = {.what = "a file that no record names", .help = "remove it"};
        hash_parse(names.items[i], &b.sha256);
        good = verify_blob(v, &b) && good;
    }
    return good;
}

bool verify_blobs(struct verification *v)
{
    bool good = true;
    for (size_t i = 0; i < v->blobs.count; i++)
        good = verify_blob(v, &v->blobs.items[i]) && good;
    for (unsigned k = 0; k < 256; k++) {
        const char *first = arena_printf(v->a, "%02x", k);
        good = verify_others(v, arena_printf(v->a, "%s/blobs/%s", v->records->store, first), first) && good;
    }
    return good;
}
