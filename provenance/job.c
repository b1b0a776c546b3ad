/*
 * job.c - the two ways in which an import gets its working copy: out of the objects, and from outside (see job.h).
 */
#include "job.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../ukc/base/file.h"

const char *kind_name(const struct import *i)
{
    return i->kind == IMPORT_DEBIAN ? "debian" : i->kind == IMPORT_DEBIAN_SOURCE ? "debian_source" : "git";
}

const char *import_reference_id(const char *reference)
{
    static const char *const kinds[] = {"refs/ukc/debian/", "refs/ukc/debian_source/", "refs/ukc/git/"};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        if (string_starts(reference, kinds[k])) {
            const char *rest = reference + strlen(kinds[k]), *slash = strchr(rest, '/');
            return k == 2 ? rest : slash ? slash + 1 : NULL;
        }
    return NULL;
}

/* Moves a complete directory to its final place; a damaged one that was there leaves first. */
static bool place(struct job *j, const char *root)
{
    const char *target = j->unpacked.directory, *old = path_join(j->arena, j->work, "old");
    if (!file_make_directories(path_directory(j->arena, target), j->diag))
        return false;
    if (rename(target, old) != 0 && errno != ENOENT)
        return diag_fail(j->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be replaced: %s", target, strerror(errno));
    if (rename(root, target) != 0)
        return diag_fail(j->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", target, strerror(errno));
    return true;
}

/* One file of a stored tree; of a package, it must be one that was declared. */
static bool write_file(struct job *j, const char *root, const struct object_file *f, const char **damage)
{
    const char *path = path_join(j->arena, root, f->path);
    if (!wanted_is_tree(j->wanted)) {
        const struct wanted_file *w = wanted_find(j->wanted, f->path);
        struct hash actual = hash_bytes(f->bytes, f->size);
        if (!w || f->kind != OBJECT_FILE || !hash_equal(&actual, &w->sha256)) {
            *damage = arena_printf(j->arena, "'%s' in tree %s does not have its SHA-256", f->path, j->unpacked.tree);
            return false;
        }
    }
    if (f->kind != OBJECT_LINK)
        return write_new_file(path, f->bytes, f->size, j->diag) && (f->kind != OBJECT_EXECUTABLE || make_executable(path, j->diag));
    const char *target = arena_strndup(j->arena, f->bytes, f->size);
    if (strlen(target) == f->size && !link_fault(f->path, target))
        return write_new_link(path, target, j->diag);
    *damage = arena_printf(j->arena, "'%s' in tree %s is a symbolic link that ukc does not write", f->path, j->unpacked.tree);
    return false;
}

/* The tree's files, verified, below `root`. */
static enum object_status write_out(struct job *j, const char *root, const char **damage)
{
    const struct object_file *files;
    size_t count, errors = diag_errors(j->diag);
    enum object_status status = objects_read_tree(j->objects, j->arena, j->unpacked.tree, &files, &count, damage);
    if (status != OBJECT_OK)
        return OBJECT_DAMAGED;
    if (!wanted_is_tree(j->wanted) && count != j->wanted->count) {
        *damage = arena_printf(j->arena, "tree %s does not hold the declared files", j->unpacked.tree);
        return OBJECT_DAMAGED;
    }
    for (size_t i = 0; i < count; i++)
        if (!write_file(j, root, &files[i], damage))
            return diag_errors(j->diag) == errors ? OBJECT_DAMAGED : OBJECT_OK; /* reported */
    if (!wanted_is_tree(j->wanted) || !file_make_directories(root, j->diag))
        return OBJECT_OK;
    j->unpacked.listing = listing_scan(j->arena, root, j->diag);
    if (j->unpacked.listing && strcmp(j->unpacked.listing->sha256, j->unpacked.sha256) != 0) {
        *damage = arena_printf(j->arena, "the files in tree %s do not have their SHA-256", j->unpacked.tree);
        return OBJECT_DAMAGED;
    }
    return OBJECT_OK;
}

/* "<kind> <name> <version>"; of a tree, after an empty line, "sha256 <of its list>". */
static bool parse_message(struct job *j, const char *message)
{
    const char *first = arena_strndup(j->arena, message, strcspn(message, "\n")), *version = strrchr(first, ' ');
    j->unpacked.version = version ? version + 1 : "";
    if (!version_is_clean(j->unpacked.version))
        return false;
    struct hash hash;
    const char *sum = strstr(message, "\n\nsha256 ");
    j->unpacked.sha256 = sum ? arena_strndup(j->arena, sum + 9, strcspn(sum + 9, "\n")) : "";
    return !wanted_is_tree(j->wanted) || hash_parse(j->unpacked.sha256, &hash);
}

enum object_status job_restore(struct job *j, const char **damage)
{
    char tree[OBJECT_HEX];
    const char *message;
    objects_remove_lock(j->objects, j->reference);
    enum object_status status = objects_find(j->objects, j->arena, j->reference, tree, &message, damage);
    if (status != OBJECT_OK)
        return status;
    if (!parse_message(j, message)) {
        *damage = arena_printf(j->arena, "reference %s names a commit that ukc did not write", j->reference);
        return OBJECT_DAMAGED;
    }
    j->unpacked.tree = arena_strdup(j->arena, tree);
    j->unpacked.directory = unpacked_directory(j->arena, j->unpacked.store, tree);
    if (unpacked_is_right(j->arena, &j->unpacked))
        return OBJECT_OK;
    size_t errors = diag_errors(j->diag);
    const char *root = path_join(j->arena, j->work, "restored");
    status = write_out(j, root, damage);
    if (status == OBJECT_OK && diag_errors(j->diag) == errors)
        place(j, root);
    return status;
}

/* The files of an import in a new directory, verified; NULL with findings, or after reporting. */
static const char *obtain(struct job *j, enum way way)
{
    const char *root = NULL;
    switch (j->wanted->import->kind) {
    case IMPORT_DEBIAN:
        j->unpacked.version = debian_fetch(j->arena, &j->attempt, way, &root, j->diag);
        return j->unpacked.version ? root : NULL;
    case IMPORT_DEBIAN_SOURCE: return way == WAY_POOL && archive_fetch(j->arena, &j->attempt, &root, j->diag) ? root : NULL;
    case IMPORT_GIT: return way == WAY_POOL && clone_fetch(j->arena, &j->attempt, &root, j->diag) ? root : NULL;
    case IMPORT_PKGCONFIG:
    case IMPORT_FIRST_OF: break;
    }
    return NULL;
}

/* Of a tree, what was obtained decides what it is; of a package, that was declared. */
static bool take_listing(struct job *j, const char *root)
{
    j->unpacked.version = j->wanted->version;
    j->unpacked.listing = listing_scan(j->arena, root, j->diag);
    if (j->unpacked.listing)
        j->unpacked.sha256 = j->unpacked.listing->sha256;
    return j->unpacked.listing;
}

bool job_import(struct job *j, enum way way)
{
    const char *damage = j->attempt.damage, *name = j->wanted->import->name.text;
    size_t errors = diag_errors(j->diag);
    bool whole_tree = wanted_is_tree(j->wanted);
    if (damage && !j->warned)
        diag_warning(j->diag, j->wanted->import->name.span, "the store's copy of '%s' is damaged and is fetched again: %s", name, damage);
    j->warned = true;
    const char *root = obtain(j, way);
    if (root && !patches_apply(j->arena, j->wanted, root, &j->attempt.findings, j->diag))
        root = NULL;
    if (!root) {
        if (damage && diag_errors(j->diag) != errors)
            diag_note(j->diag, SPAN_NONE, "the store's copy is damaged: %s", damage);
        return false;
    }
    if (whole_tree && !take_listing(j, root))
        return false;
    char tree[OBJECT_HEX];
    const char *const *paths = whole_tree ? j->unpacked.listing->paths : j->wanted->paths;
    size_t count = whole_tree ? j->unpacked.listing->count : j->wanted->count;
    struct object_source *sources = arena_array(j->arena, struct object_source, count);
    for (size_t i = 0; i < count; i++)
        sources[i] = (struct object_source){.path = paths[i], .file = path_join(j->arena, root, paths[i])};
    if (!objects_write_tree(j->objects, sources, count, tree, NULL, j->diag))
        return false;
    j->unpacked.tree = arena_strdup(j->arena, tree);
    j->unpacked.directory = unpacked_directory(j->arena, j->unpacked.store, tree);
    struct text message = {};
    text_printf(&message, "%s %s %s\n", kind_name(j->wanted->import), name, j->unpacked.version);
    if (whole_tree)
        text_printf(&message, "\nsha256 %s\n%s", j->unpacked.sha256, j->wanted->description);
    bool ok = objects_name_tree(j->objects, j->reference, tree, text_string(&message), j->diag) && place(j, root);
    text_dispose(&message);
    return ok;
}
