/*
 * toolkeep.c - see toolkeep.h.
 */
#include "toolkeep.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/process.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "gitoid.h"

static const char *id_of(struct arena *a, const char *identity, struct hash *id)
{
    *id = gitoid_blob(identity, strlen(identity));
    return hash_text(a, id);
}

/* ---- keeping ---- */

/* Where the compiler says that its headers are: "/usr/lib/clang/19".  Its builds ask it in the same way. */
static const char *resource_of(struct arena *a, const struct tools_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].file.program && string_starts(parts[i].file.name, "clang")) {
            const char *said = process_answer(a, (const char *[]){parts[i].file.name, "--no-default-config", "-no-canonical-prefixes", "-print-resource-dir", NULL});
            if (said && *said == '/')
                return arena_strndup(a, said, strcspn(said, "\n"));
        }
    return "/";
}

static bool name_them(struct arena *a, const char *store, const char *identity, const char *packages, const char *resource, struct diag *d)
{
    struct hash id;
    char tree[OBJECT_HEX];
    const char *reference = arena_printf(a, TOOLS_KEPT "%s", id_of(a, identity, &id));
    const struct object_source parts[] = {{.path = "packages", .bytes = packages, .size = strlen(packages)},
                                          {.path = "tools", .bytes = identity, .size = strlen(identity)}};
    struct objects *o = objects_open(path_join(a, store, "objects"), d);
    bool good = o && objects_write_tree(o, parts, 2, tree, NULL, d) &&
                objects_name_tree(o, reference, tree, arena_printf(a, "ukc-tools-kept 1\nresource %s\n", resource), d);
    objects_close(o);
    return good;
}

static bool make_executable(struct arena *a, const char *store, const struct tools_part *p, struct diag *d)
{
    return !p->file.program || chmod(blob_path(a, store, &p->file.sha256), 0555) == 0 ||
           diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "a kept program cannot be made executable: %s", strerror(errno));
}

bool tools_keep(struct arena *a, const char *store, const struct toolset *t, struct tools_kept *out, struct diag *d)
{
    size_t count = 0;
    const struct tools_part *parts = tools_parts(a, t->text, strlen(t->text), &count);
    id_of(a, t->text, &out->id);
    out->files = count;
    out->bytes = 0;
    out->present = true;
    if (!parts || count > t->file_count)
        return diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "the tools' identity cannot be read");
    /* their name comes first: what a name leads to does not leave the store while it comes */
    if (!name_them(a, store, t->text, t->packages, resource_of(a, parts, count), d))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct tools_file *f = &parts[i].file;
        out->present = out->present && blob_look(store, &f->sha256) == BLOB_RIGHT;
        out->bytes += f->size;
        if (!blob_keep(store, t->files[i], &f->sha256, d) || !make_executable(a, store, &parts[i], d))
            return false;
    }
    return true;
}

bool tools_adopt(struct arena *a, const char *store, const char *identity, const char *packages, const char *resource, struct diag *d)
{
    size_t count = 0;
    const struct tools_part *parts = tools_parts(a, identity, strlen(identity), &count);
    bool good = parts || diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "the tools' identity cannot be read");
    for (size_t i = 0; i < count && good; i++)
        good = make_executable(a, store, &parts[i], d);
    return good && name_them(a, store, identity, packages, resource, d);
}

/* ---- what is kept ---- */

struct keeping {
    const char *identity, *resource;
    size_t size;
};

/* SHA-1 is only the address of what was read. */
static bool is_named(struct arena *a, const char *reference, const struct keeping *k, const char **damage)
{
    struct hash id = gitoid_blob(k->identity, k->size), named;
    if (hash_parse(reference + strlen(TOOLS_KEPT), &named) && hash_equal(&id, &named))
        return true;
    *damage = arena_printf(a, "'%s' names tools with another identity", reference);
    return false;
}

static bool read_kept(struct objects *o, struct arena *a, const char *reference, struct keeping *out, const char **damage)
{
    char tree[OBJECT_HEX];
    const char *message, head[] = "ukc-tools-kept 1\nresource ";
    const struct object_entry *entries;
    size_t count = 0;
    *damage = NULL;
    if (!string_starts(reference, TOOLS_KEPT) || objects_find(o, a, reference, tree, &message, damage) != OBJECT_OK)
        return false;
    if (!string_starts(message, head) || message[sizeof head - 1] != '/') {
        *damage = arena_printf(a, "'%s' names no tools that this ukc can read", reference);
        return false;
    }
    message += sizeof head - 1;
    out->resource = arena_strndup(a, message, strcspn(message, "\n"));
    if (objects_read_entries(o, a, tree, &entries, &count, damage) != OBJECT_OK)
        return false;
    if (count == 2 && strcmp(entries[0].name, "packages") == 0 && strcmp(entries[1].name, "tools") == 0)
        return objects_read(o, a, entries[1].id, OBJECT_BLOB, &out->identity, &out->size, damage) == OBJECT_OK && is_named(a, reference, out, damage);
    *damage = arena_printf(a, "'%s' names something else than tools", reference);
    return false;
}

bool tools_list(struct objects *o, struct arena *a, const char *reference, const struct tools_file **files, size_t *count, const char **damage)
{
    struct keeping k;
    if (!read_kept(o, a, reference, &k, damage))
        return false;
    *files = tools_files(a, k.identity, k.size, count);
    if (!*files)
        *damage = arena_printf(a, "'%s' names tools whose identity cannot be read", reference);
    return *files;
}

const char *tools_resource(struct objects *o, struct arena *a, const struct hash *id, const char **damage)
{
    struct keeping k;
    char hex[HASH_HEX];
    hash_hex(id, hex);
    if (!read_kept(o, a, arena_printf(a, TOOLS_KEPT "%s", hex), &k, damage))
        return NULL;
    *damage = NULL;
    return k.resource;
}

/* ---- using ---- */

static const char *headers_of(struct arena *a, const char *root, const char *resource)
{
    return arena_printf(a, "%s/lib/clang/%s", root, path_base(resource));
}

static const char *place_of(struct arena *a, const char *root, const struct tools_part *p, const char *resource)
{
    const char *name = p->file.name;
    if (p->file.program)
        return arena_printf(a, "%s/bin/%s", root, name);
    return strcmp(p->kind, "library") == 0 ? arena_printf(a, "%s/lib/%s", root, name) : arena_printf(a, "%s/include/%s", headers_of(a, root, resource), name);
}

/* Another name of the kept file, else a copy. */
static bool lay_out_part(struct arena *a, const char *store, const char *root, const struct tools_part *p, const char *resource, struct diag *d)
{
    const char *to = place_of(a, root, p, resource), *from = blob_path(a, store, &p->file.sha256);
    struct hash actual;
    if (!file_exists(from))
        return diag_fail(d, DIAG_MISSING, SPAN_NONE, "of the kept tools, '%s' is not in the store", p->file.name);
    if (!hash_file(from, &actual, NULL, d))
        return false;
    if (!hash_equal(&actual, &p->file.sha256)) {
        diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "of the kept tools, '%s' is not what it was: '%s'", p->file.name, from);
        return diag_help(d, "remove that file, and 'ukc toolchain keep' where the tools are installed");
    }
    if (!file_make_directories(path_directory(a, to), d))
        return false;
    return link(from, to) == 0 || (blob_copy(store, &p->file.sha256, to, d) && chmod(to, p->file.program ? 0555 : 0444) == 0);
}

static bool lay_out(struct arena *a, const char *store, const char *root, const struct keeping *k, struct diag *d)
{
    size_t count = 0;
    const struct tools_part *parts = tools_parts(a, k->identity, k->size, &count);
    const char *aside = arena_printf(a, "%s.%ld.new", root, (long)getpid());
    bool good = parts && file_remove_tree(aside, d);
    for (size_t i = 0; good && i < count; i++)
        good = lay_out_part(a, store, aside, &parts[i], k->resource, d);
    good = good && file_remove_tree(root, d);
    if (good && rename(aside, root) != 0 && !file_is_directory(root)) /* another may have been faster */
        good = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be named '%s': %s", aside, root, strerror(errno));
    struct diag *quiet = diag_create();
    file_remove_tree(aside, quiet);
    diag_destroy(quiet);
    return good;
}

/* As they lie there; NULL: not right, of which nothing is said. */
static const struct toolset *look(struct arena *a, const char *store, const char *root, const struct keeping *k, const char *const *programs, size_t count)
{
    struct diag *quiet = diag_create();
    const struct toolset *found = file_is_directory(root) ? toolset_find_in(a, store, path_join(a, root, "bin"), programs, count, quiet) : NULL;
    diag_destroy(quiet);
    if (!found || strlen(found->text) != k->size || memcmp(found->text, k->identity, k->size) != 0)
        return NULL;
    struct toolset *out = arena_new(a, struct toolset);
    *out = *found;
    out->moved = arena_printf(a, "%s=%s", headers_of(a, root, k->resource), k->resource);
    return out;
}

const struct toolset *tools_find_kept(struct arena *a, const char *store, const char *identity, const char *const *programs, size_t count, struct diag *d)
{
    struct hash id;
    struct keeping k;
    const char *hex = id_of(a, identity, &id), *damage, *root = path_absolute(a, arena_printf(a, "%s/toolchains/%s", store, hex));
    struct objects *o = objects_open(path_join(a, store, "objects"), d);
    bool kept = o && read_kept(o, a, arena_printf(a, TOOLS_KEPT "%s", hex), &k, &damage);
    objects_close(o);
    if (!kept) {
        if (o && damage)
            diag_warning(d, SPAN_NONE, "the tools that were kept cannot be used: %s", damage);
        return NULL;
    }
    const struct toolset *found = look(a, store, root, &k, programs, count);
    if (found || !lay_out(a, store, root, &k, d))
        return found;
    found = look(a, store, root, &k, programs, count);
    if (!found)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the kept tools do not run on this machine: '%s'", root);
    return found;
}
