/*
 * export.c - what all formats take from a record; see export.h.
 */
#include "export.h"
#include <stdio.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/json.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "canon.h"
#include "gitoid.h"

#define LINE_LIMIT 1000000
#define LARGEST ((size_t)1 << 34)

struct opening {
    struct export *e;
    VEC(struct export_file) files;
    VEC(struct export_component) components;
    VEC(struct export_tool) tools;
    struct diag *d;
};

static const struct object_file *intent_file(const struct recorded *r, const char *path)
{
    for (size_t i = 0; i < r->intent_count; i++)
        if (strcmp(r->intent[i].path, path) == 0)
            return &r->intent[i];
    return NULL;
}

/* ---- components ---- */

static bool take_components(struct opening *o)
{
    const struct object_file *f = intent_file(o->e->recorded, "components");
    const struct component_fact *facts;
    size_t count = 0;
    if (!f)
        return true;
    if (!component_facts_parse(o->e->a, f->bytes, f->size, &facts, &count))
        return diag_fail(o->d, DIAG_INTEGRITY, SPAN_NONE, "of record %.12s, intent/components is not a text that this ukc can read", o->e->id);
    for (size_t i = 0; i < count; i++)
        *vec_add(o->e->a, &o->components) = (struct export_component){.fact = &facts[i], .purl = component_purl(o->e->a, &facts[i])};
    return true;
}

/* ukc's directories that no file of the image comes from are there for others. */
static void mark_used(struct opening *o)
{
    struct export_component *all = o->components.items;
    size_t count = o->components.count;
    for (size_t i = 0; i < count; i++)
        all[i].used = strcmp(all[i].fact->kind, "unikernel") == 0;
    for (size_t i = 0; i < o->files.count; i++)
        if (o->files.items[i].owner < count)
            all[o->files.items[i].owner].used = true;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; all[i].used && k < all[i].fact->need_count; k++) {
                struct export_component *needed = &all[all[i].fact->needs[k]];
                more |= !needed->used;
                needed->used = true;
            }
    }
}

/* ---- files ---- */

/* What ukc writes for an image lies in its build directory, but not below root/, which has what it found. */
static size_t owner_of(struct opening *o, const char *path)
{
    const struct recipe *r = &o->e->recorded->recipe;
    const char *build = path_directory(o->e->a, r->image);
    size_t n = strlen(build);
    if (o->components.count == 0 || (strncmp(path, build, n) == 0 && path[n] == '/' && strncmp(path + n, "/root/", 6) != 0))
        return EXPORT_GENERATED;
    const struct component_fact *first = o->components.items[0].fact, *f = component_of(first, o->components.count, path);
    return f ? (size_t)(f - first) : EXPORT_GENERATED;
}

static void add_file(struct opening *o, const char *path, const char *bytes, size_t size, size_t owner)
{
    struct export_file *f = vec_add(o->e->a, &o->files);
    *f = (struct export_file){.path = path, .sha256 = hash_bytes(bytes, size), .gitoid = gitoid_blob(bytes, size), .size = size, .owner = owner};
    hash_sha1_hex(bytes, size, f->sha1);
}

static bool add_large(struct opening *o, const struct large_input *l)
{
    struct arena *scratch = arena_create();
    const struct source *s = file_read(scratch, blob_path(scratch, o->e->store, &l->sha256), SPAN_NONE, LARGEST, o->d);
    if (s)
        add_file(o, l->path, s->bytes, s->size, owner_of(o, l->path));
    bool good = s && hash_equal(&o->files.items[o->files.count - 1].sha256, &l->sha256);
    if (s && !good)
        diag_fail(o->d, DIAG_INTEGRITY, SPAN_NONE, "of record %.12s, the input '%s' does not have its SHA-256", o->e->id, l->path);
    arena_destroy(scratch);
    return good;
}

/* The record has an embedded file's contents if it is of the project and no larger than an object can be. */
static void take_embedded(struct opening *o)
{
    const struct recorded *r = o->e->recorded;
    const struct object_file *list = intent_file(r, "embedded");
    struct map embedded = {}, there = {};
    for (const char *line = list ? arena_strndup(o->e->a, list->bytes, list->size) : ""; *line;) { /* "<sha256> <size> <object> <file>" */
        size_t n = strcspn(line, "\n");
        const char *file = arena_strndup(o->e->a, line, n);
        for (int word = 0; word < 3 && file; word++)
            file = (file = strchr(file, ' ')) ? file + 1 : NULL;
        if (file)
            map_add(&embedded, file, 1);
        line += n + (line[n] == '\n');
    }
    for (size_t i = 0; i < o->files.count; i++)
        map_add(&there, o->files.items[i].path, 1);
    for (size_t i = 0; i < r->intent_count; i++) {
        const struct object_file *f = &r->intent[i];
        const char *path = string_starts(f->path, "files/") ? f->path + strlen("files/") : NULL;
        if (path && map_get(&embedded, path) != MAP_ABSENT && map_get(&there, path) == MAP_ABSENT)
            add_file(o, path, f->bytes, f->size, owner_of(o, path));
    }
    map_dispose(&embedded);
    map_dispose(&there);
}

/* Both are sorted by path. */
static bool take_files(struct opening *o)
{
    const struct recorded *r = o->e->recorded;
    size_t large = 0;
    for (size_t i = 0; i <= r->input_count; i++) {
        const struct object_file *f = i < r->input_count ? &r->inputs[i] : NULL;
        for (; large < r->recipe.large_count && (!f || strcmp(r->recipe.large[large].path, f->path) < 0); large++)
            if (!add_large(o, &r->recipe.large[large]))
                return false;
        if (f)
            add_file(o, f->path, f->bytes, f->size, owner_of(o, f->path));
    }
    take_embedded(o);
    for (size_t i = 0; i < r->host_count; i++)
        add_file(o, arena_printf(o->e->a, "/%s", r->host[i].path), r->host[i].bytes, r->host[i].size, EXPORT_HOST);
    return true;
}

/* ---- tools: their identity, and what dpkg said of them ("<name> <package> <version> <architecture>") ---- */

static void take_package(struct opening *o, struct export_tool *t)
{
    const struct object_file *f = intent_file(o->e->recorded, "packages");
    struct arena *a = o->e->a;
    size_t n = strlen(t->name);
    for (const char *line = f ? arena_strndup(a, f->bytes, f->size) : ""; *line;) {
        size_t length = strcspn(line, "\n");
        char package[256], version[256], architecture[64];
        if (length > n && strncmp(line, t->name, n) == 0 && line[n] == ' ' &&
            sscanf(arena_strndup(a, line + n, length - n), "%255s %255s %63s", package, version, architecture) == 3) {
            t->package = arena_strdup(a, package);
            t->version = arena_strdup(a, version);
            t->architecture = arena_strdup(a, architecture);
        }
        line += length + (line[length] == '\n');
    }
}

static bool take_tools(struct opening *o)
{
    const char *text = o->e->recorded->tools;
    size_t count = 0;
    const struct canon_line *lines = canon_lines(o->e->a, text, strlen(text), LINE_LIMIT, &count);
    for (size_t i = 1; lines && i < count; i++) {
        struct export_tool t = {.kind = lines[i].words[0]};
        if (lines[i].count != 4 || !hash_parse(lines[i].words[1], &t.sha256))
            lines = NULL;
        else if (strcmp(t.kind, "header") != 0) { /* the identity as a whole stands for those */
            t.name = lines[i].words[3];
            take_package(o, &t);
            *vec_add(o->e->a, &o->tools) = t;
        }
    }
    return lines || diag_fail(o->d, DIAG_INTEGRITY, SPAN_NONE, "of record %.12s, tools is not a text that this ukc can read", o->e->id);
}

/* ---- all of it ---- */

const struct export *export_open(struct arena *a, const struct record *record, const struct recorded *recorded, const char *store,
                                 const char *ukc_version, struct diag *d)
{
    struct export *e = arena_new(a, struct export);
    *e = (struct export){.a = a, .record = record, .recorded = recorded, .version = ukc_version, .store = store,
                         .name = path_base(recorded->recipe.image)};
    struct opening o = {.e = e, .d = d};
    hash_hex(&record->id, e->id);
    hash_hex(&recorded->facts.recipe, e->recipe);
    hash_hex(&recorded->facts.image, e->image);
    if (!take_components(&o) || !take_files(&o) || !take_tools(&o))
        return NULL;
    mark_used(&o);
    e->components = o.components.items;
    e->component_count = o.components.count;
    e->files = o.files.items;
    e->file_count = o.files.count;
    e->tools = o.tools.items;
    e->tool_count = o.tools.count;
    return e;
}

/* ---- for the formats ---- */

void export_uuid(const struct export *e, const char *purpose, char out[EXPORT_ID])
{
    struct hasher *hasher = hasher_create();
    hasher_add_string(hasher, purpose);
    hasher_add(hasher, e->record->id.bytes, HASH_BYTES);
    struct hash h = hasher_finish(hasher);
    h.bytes[6] = (uint8_t)(0x80 | (h.bytes[6] & 0x0f)); /* RFC 9562, 5.8 */
    h.bytes[8] = (uint8_t)(0x80 | (h.bytes[8] & 0x3f));
    char *to = out;
    for (size_t i = 0; i < 16; i++)
        to += sprintf(to, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", h.bytes[i]);
}

/* SPDX 2.3, annex D, by its form: ids, AND, OR, WITH, parentheses. */
static bool is_expression(const char *s)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+:";
    unsigned depth = 0;
    bool operand = true; /* expected now */
    while (*(s += strspn(s, " "))) {
        size_t n = strspn(s, letters);
        bool word = (n == 3 && strncmp(s, "AND", 3) == 0) || (n == 2 && strncmp(s, "OR", 2) == 0) || (n == 4 && strncmp(s, "WITH", 4) == 0);
        if (*s == '(' && operand)
            depth++, s++;
        else if (*s == ')' && !operand && depth)
            depth--, s++;
        else if (n && word != operand)
            operand = word, s += n;
        else
            return false;
    }
    return !operand && depth == 0;
}

const char *export_licence(const struct component_fact *f)
{
    return f->licence && is_expression(f->licence) ? f->licence : NULL;
}

bool export_has_files(const struct export *e, size_t owner)
{
    for (size_t i = 0; i < e->file_count; i++)
        if (e->files[i].owner == owner)
            return true;
    return false;
}

const char *export_tool_purl(const struct export *e, const struct export_tool *t)
{
    return t->package ? package_purl(e->a, t->package, t->version, t->architecture) : NULL;
}

void export_digest(const struct export *, struct json *j, const char *algorithm, const char *hex)
{
    json_key(j, "digest");
    json_object(j);
    json_field(j, algorithm, hex);
    json_end_object(j);
}
