/*
 * verify_blobs.c - what lies beside the repository: images, large inputs, kept tools; see verify_inside.h.
 */
#include <dirent.h>
#include <string.h>
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "verify_inside.h"

void verify_names_blob(struct verification *v, const struct hash *h, const char *what, bool needed)
{
    char *hex = arena_alloc(v->a, HASH_HEX, 1);
    hash_hex(h, hex);
    uint32_t at = map_add(&v->blob_places, hex, (uint32_t)v->blobs.count);
    if (at == MAP_ABSENT)
        *vec_add(v->a, &v->blobs) = (struct named_blob){*h, what, needed};
    else if (needed && !v->blobs.items[at].needed)
        v->blobs.items[at] = (struct named_blob){*h, what, true};
}

static bool verify_blob(struct verification *v, const char *path, const struct hash *h, const char *what)
{
    struct hash actual;
    if (!hash_file(path, &actual, NULL, v->d))
        return false;
    if (hash_equal(&actual, h))
        return true;
    diag_fail(v->d, DIAG_INTEGRITY, SPAN_NONE, "'%s', %s, does not have the SHA-256 that it is named by", path, what);
    return diag_help(v->d, string_equal(what, "an image") ? "'ukc reproduce' makes it again and puts it right"
                                                          : "remove it; 'ukc store pull', 'ukc import' or 'ukc toolchain keep' bring it back from where it is right");
}

/* One that only an image's own record names may have left the store: it is made again. */
static bool verify_named(struct verification *v)
{
    bool good = true;
    for (size_t i = 0; i < v->blobs.count; i++) {
        const struct named_blob *b = &v->blobs.items[i];
        const char *path = blob_path(v->a, v->records->store, &b->sha256);
        if (file_exists(path)) {
            v->out->files++;
            good = verify_blob(v, path, &b->sha256, b->what) && good;
        } else if (b->needed) {
            good = diag_fail(v->d, DIAG_MISSING, SPAN_NONE, "'%s', %s, is not in the store", path, b->what);
            diag_help(v->d, "'ukc store pull', 'ukc import' or 'ukc toolchain keep' bring it back from where it is");
        }
    }
    return good;
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
        struct hash h;
        hash_parse(names.items[i], &h);
        good = verify_blob(v, blob_path(v->a, v->records->store, &h), &h, "a file that no record names") && good;
    }
    v->out->files += count;
    return good;
}

bool verify_blobs(struct verification *v)
{
    bool good = verify_named(v);
    for (unsigned k = 0; k < 256; k++) {
        const char *first = arena_printf(v->a, "%02x", k);
        good = verify_others(v, arena_printf(v->a, "%s/blobs/%s", v->records->store, first), first) && good;
    }
    return good;
}
