/*
 * verify_imports.c - what is in the repository beside the log: imported sources and kept tools; see verify_inside.h.
 *
 * Each object is read, and so compared with its SHA-1; and the files of an import are listed as when they came, and the list compared with
 * its SHA-256: that of a package's files is in the reference's name, that of a tree's in the commit (job.c).
 */
#include <string.h>
#include "../ukc/base/text.h"
#include "../ukc/base/file.h"
#include "blobs.h"
#include "import.h"
#include "job.h"
#include "objects_tidy.h"
#include "toolkeep.h"
#include "verify_inside.h"

#define TOOLS_REMEDY "'ukc toolchain keep' where these tools are installed puts it right; or 'ukc bundle --tools' there, and 'ukc import --tools' here"

struct tree_walk {
    struct verification *v;
    struct arena *a;
    const char *reference;
    VEC(struct listed) files;
    bool good;
};

static bool fail(struct verification *v, const char *reference, const char *damage)
{
    diag_fail(v->d, objects_fault(v->objects), SPAN_NONE, "of '%s', imported into the store: %s", reference, damage);
    return objects_fault(v->objects) == DIAG_INTEGRITY && diag_help(v->d, "remove '%s/unpacked', and 'ukc fetch' in a project that uses it looks at what is stored, and gets again what is damaged", v->records->store);
}

static void walk_tree(struct tree_walk *w, const char *tree, const char *prefix, unsigned depth);

/* One file at a time is in memory. */
static void walk_file(struct tree_walk *w, const struct object_entry *e, const char *path)
{
    struct arena *scratch = arena_create();
    struct listed file = {.path = path};
    const char *bytes, *damage = "it has a mode that ukc does not write";
    size_t size = 0;
    if (object_kind_of(e->mode, &file.kind) && objects_read(w->v->objects, scratch, e->id, OBJECT_BLOB, &bytes, &size, &damage) == OBJECT_OK) {
        file.sha256 = hash_bytes(bytes, size);
        *vec_add(w->a, &w->files) = file;
    } else {
        w->good = fail(w->v, w->reference, arena_printf(w->a, "'%s': %s", path, damage));
    }
    arena_destroy(scratch);
}

static void walk_tree(struct tree_walk *w, const char *tree, const char *prefix, unsigned depth)
{
    const struct object_entry *entries;
    const char *damage = "its directories are too deep";
    size_t count = 0;
    if (depth > OBJECT_DEPTH_LIMIT || objects_read_entries(w->v->objects, w->a, tree, &entries, &count, &damage) != OBJECT_OK) {
        w->good = fail(w->v, w->reference, damage);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(w->a, "%s%s", prefix, entries[i].name);
        if (string_equal(entries[i].mode, "40000"))
            walk_tree(w, entries[i].id, arena_printf(w->a, "%s/", path), depth + 1);
        else
            walk_file(w, &entries[i], path);
    }
}

/* "refs/ukc/debian/lwip/<id>": the message begins with "debian lwip "; "refs/ukc/git/<id>": with "git ". */
static bool is_of(struct arena *a, const char *reference, const char *message)
{
    const char *kind = reference + strlen("refs/ukc/");
    char *words = arena_strndup(a, kind, (size_t)(import_reference_id(reference) - kind));
    for (char *p = words; *p; p++)
        *p = *p == '/' ? ' ' : *p;
    return string_starts(message, words);
}

/* The SHA-256 that the list of its files should have; NULL: this is no import of ukc's. */
static const char *expected(struct arena *a, const char *reference, const char *message)
{
    const char *sum = string_starts(reference, "refs/ukc/debian/") ? import_reference_id(reference) : strstr(message, "\n\nsha256 ");
    struct hash h;
    if (sum && *sum == '\n')
        sum = arena_strndup(a, sum + strlen("\n\nsha256 "), strcspn(sum + strlen("\n\nsha256 "), "\n"));
    return sum && hash_parse(sum, &h) && is_of(a, reference, message) ? sum : NULL;
}

static bool verify_import(struct verification *v, const char *reference)
{
    struct tree_walk w = {.v = v, .a = arena_create(), .reference = reference, .good = true};
    char tree[OBJECT_HEX];
    const char *message, *damage = NULL, *sum = NULL;
    enum object_status status = objects_find(v->objects, w.a, reference, tree, &message, &damage);
    if (status == OBJECT_OK && !(sum = expected(w.a, reference, message)))
        damage = "it names a commit that ukc did not write";
    if (sum) {
        struct listing list = {};
        walk_tree(&w, tree, "", 0);
        listing_finish(w.a, &list, w.files.items, w.files.count);
        if (w.good && !string_equal(list.sha256, sum))
            damage = arena_printf(w.a, "the list of its files has SHA-256 %s, and should have %s", list.sha256, sum);
    }
    bool good = !damage && w.good;
    if (damage)
        fail(v, reference, damage);
    v->out->imports += status != OBJECT_ABSENT; /* removed meanwhile */
    arena_destroy(w.a);
    return good;
}

/* Their identity is what its name says; their files lie beside. */
static bool verify_tools(struct verification *v, const char *reference)
{
    const struct tools_file *files;
    const char *damage;
    size_t count = 0;
    if (!tools_list(v->objects, v->a, reference, &files, &count, &damage)) {
        diag_fail(v->d, DIAG_INTEGRITY, SPAN_NONE, "kept tools: %s", damage ? damage : "they are gone");
        return diag_help(v->d, "'git -C %s/objects update-ref -d %s', and 'ukc toolchain keep' where they are installed", v->records->store, reference);
    }
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        missing += !file_exists(blob_path(v->a, v->records->store, &files[i].sha256));
        verify_names_blob(v, &(struct named_blob){files[i].sha256, arena_printf(v->a, "'%s' of kept tools", files[i].name), TOOLS_REMEDY, false});
    }
    v->out->tools++;
    if (missing == 0)
        return true;
    diag_fail(v->d, DIAG_MISSING, SPAN_NONE, "kept tools %.12s are not complete: %zu of %zu files are missing", path_base(reference), missing, count);
    return diag_help(v->d, TOOLS_REMEDY);
}

bool verify_imports(struct verification *v)
{
    size_t count = 0;
    const char *const *references = objects_references(v->objects, v->a, &count, v->d);
    bool good = references;
    for (size_t i = 0; references && i < count; i++)
        if (string_starts(references[i], TOOLS_KEPT))
            good = verify_tools(v, references[i]) && good;
        else if (import_reference_id(references[i]))
            good = verify_import(v, references[i]) && good;
    return good;
}
