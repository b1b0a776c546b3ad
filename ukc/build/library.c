/*
 * library.c - ukc library: called by build.ninja for the target's C library.
 *
 * Every project for a target compiles the same library, so what was made once is kept in the user's store. The
 * key of an entry is the SHA-256 of the commands, of the tools, and of the name and contents of every
 * file that the commands may read (generate/library_build.c lists them). After a build, each file
 * that the compiler did read must be one of these; if not, nothing is kept. A build that watches what is read
 * (audited.h) takes only entries that were made while it was watched; another takes these too.
 *
 * An entry:  the number of files that were read, their paths, one a line; then the archive.
 */
#include "library.h"
#include "audited.h"
#include "compiled.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/map.h"
#include "../base/process.h"
#include "../../ninja/ninja.h"
#include "../../provenance/cache.h"
#include "../../provenance/store.h"

struct library {
    struct arena *a;
    struct diag *d;
    const char *output, *directory, *actions, *tools;
    const char *build, *common; /* "build/kvm/echo/", "build/kvm/": what an entry says of the first, it says of the second */
    VEC(const char *) objects, inputs; /* inputs: directories */
    struct map files; /* below them */
    struct hash key;
    const char *log; /* of the build that watches what is read, or NULL */
    struct invocation *i;
};

/* ---- the list ---- */

static bool take_place(struct library *l, const char *value)
{
    const char *space = strchr(value, ' ');
    if (!space)
        return false;
    l->build = arena_printf(l->a, "%.*s/", (int)(space - value), value);
    l->common = arena_printf(l->a, "%s/", space + 1);
    return true;
}

static bool take_line(struct library *l, const char *line)
{
    const char *space = strchr(line, ' '), *value = space ? space + 1 : "";
    size_t n = space ? (size_t)(space - line) : 0;
    if (n == 7 && strncmp(line, "actions", n) == 0)
        l->actions = value;
    else if (n == 5 && strncmp(line, "place", n) == 0)
        return take_place(l, value);
    else if (n == 5 && strncmp(line, "tools", n) == 0)
        l->tools = value;
    else if (n == 9 && strncmp(line, "directory", n) == 0)
        l->directory = value;
    else if (n == 6 && strncmp(line, "inputs", n) == 0)
        *vec_add(l->a, &l->inputs) = value;
    else if (n == 6 && strncmp(line, "object", n) == 0 && l->directory && string_starts(value, l->directory))
        *vec_add(l->a, &l->objects) = value;
    else
        return false;
    return true;
}

static bool read_list(struct library *l, const char *path)
{
    const struct source *s = file_read(l->a, path, SPAN_NONE, 0, l->d);
    for (const char *p = s ? s->bytes : ""; *p;) {
        size_t n = strcspn(p, "\n");
        if (!take_line(l, arena_strndup(l->a, p, n)))
            return diag_fail(l->d, DIAG_INPUT, SPAN_NONE, "'%s' has a line that ukc did not write", path);
        p += n + (p[n] == '\n');
    }
    if (s && (!l->build || !l->actions || !l->tools || !l->objects.count))
        return diag_fail(l->d, DIAG_INPUT, SPAN_NONE, "'%s' is not complete", path);
    return s != NULL;
}

/* ---- the key ---- */

/* A path, or text with paths, as entries have it: of no unikernel in particular. */
static const char *shared_text(struct library *l, const char *text)
{
    struct text out = {};
    if (string_equal(l->build, l->common))
        return text;
    for (const char *at; (at = strstr(text, l->build)); text = at + strlen(l->build)) {
        text_append(&out, text, (size_t)(at - text));
        text_puts(&out, l->common);
    }
    text_puts(&out, text);
    const char *kept = text_keep(&out, l->a);
    text_dispose(&out);
    return kept;
}

static const char *own_path(struct library *l, const char *path)
{
    return string_starts(path, l->common) ? arena_printf(l->a, "%s%s", l->build, path + strlen(l->common)) : path;
}

static bool add_file(struct library *l, struct hasher *h, const char *path)
{
    struct hash content;
    uint64_t size;
    char hex[HASH_HEX];
    if (!hash_file(path, &content, &size, l->d))
        return false;
    hash_hex(&content, hex);
    hasher_add_string(h, shared_text(l, path));
    hasher_add_string(h, hex);
    map_add(&l->files, path, 1);
    return true;
}

static bool add_actions(struct library *l, struct hasher *h)
{
    const struct source *s = file_read(l->a, l->actions, SPAN_NONE, 0, l->d);
    if (s)
        hasher_add_string(h, shared_text(l, s->bytes));
    return s != NULL;
}

static bool make_key(struct library *l, bool watched)
{
    struct hasher *h = hasher_create();
    hasher_add_string(h, "ukc-library 3");
    hasher_add_string(h, watched ? "watched" : "");
    bool good = add_actions(l, h) && add_file(l, h, l->tools);
    for (size_t i = 0; i < l->inputs.count && good; i++) {
        const struct file_list *list = file_walk(l->a, l->inputs.items[i], SPAN_NONE, l->d);
        good = list != NULL;
        for (size_t k = 0; good && k < list->count; k++)
            good = add_file(l, h, path_join(l->a, l->inputs.items[i], list->paths[k]));
    }
    for (size_t i = 0; i < l->objects.count; i++)
        hasher_add_string(h, shared_text(l, l->objects.items[i]));
    l->key = hasher_finish(h);
    return good;
}

/* ---- an entry becomes the archive and its depfile ---- */

/* The paths as a depfile; where the archive begins. NULL: it is no entry. */
static const char *put_depfile(struct library *l, const char *entry, const char *end, struct text *deps)
{
    char *p;
    unsigned long count = strtoul(entry, &p, 10);
    ninja_escape_dependency(deps, l->output);
    text_putc(deps, ':');
    if (p == entry || p >= end || *p++ != '\n')
        return NULL;
    for (unsigned long i = 0; i < count; i++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            return NULL;
        text_puts(deps, " \\\n ");
        ninja_escape_dependency(deps, own_path(l, arena_strndup(l->a, p, (size_t)(newline - p))));
        p += newline + 1 - p;
    }
    text_putc(deps, '\n');
    return p;
}

static bool write_out(struct library *l, const char *entry, size_t size)
{
    const char *end = entry + size;
    struct text deps = {};
    const char *archive = put_depfile(l, entry, end, &deps);
    bool good = archive ? file_write(l->output, archive, (size_t)(end - archive), NULL, l->d) &&
                              file_write(arena_printf(l->a, "%s.d", l->output), deps.bytes, deps.size, NULL, l->d)
                        : diag_fail(l->d, DIAG_INTEGRITY, SPAN_NONE, "the library's entry in the store is not one of ukc's");
    text_dispose(&deps);
    return good;
}

/* ---- building it ---- */

/* What the compiler read, sorted; *declared: all of it is in the key. */
static bool files_read(struct library *l, struct text *out, bool *declared)
{
    struct text said = {};
    VEC(const char *) paths = {};
    int status = process_run(&(struct process){.argv = (const char *[]){ninja_program(), "-f", l->actions, "-t", "deps", NULL}, .out = &said}, l->d);
    for (const char *line = text_string(&said); *line;) {
        size_t n = strcspn(line, "\n");
        if (string_starts(line, "    "))
            *vec_add(l->a, &paths) = path_normal(l->a, arena_strndup(l->a, line + 4, n - 4));
        line += n + (line[n] == '\n');
    }
    text_dispose(&said);
    *declared = paths.count > 0;
    paths.count = paths.count ? string_sort_unique(paths.items, paths.count) : 0;
    text_printf(out, "%zu\n", paths.count);
    for (size_t i = 0; i < paths.count; i++) {
        text_printf(out, "%s\n", shared_text(l, paths.items[i]));
        *declared = *declared && map_get(&l->files, paths.items[i]) != MAP_ABSENT;
    }
    if (status > 0)
        diag_fail(l->d, DIAG_OUTSIDE, SPAN_NONE, "'ninja -t deps' failed with status %d", status);
    return status == 0;
}

/* What the build above has seen of the commands. */
static bool check_reads(struct library *l)
{
    struct project p = {.i = l->i, .a = l->a, .d = l->d, .directory = path_absolute(l->a, "."), .build = arena_strndup(l->a, l->build, strlen(l->build) - 1)};
    const struct edges *edges = l->log ? edges_read(&p, l->actions, true) : NULL;
    return !l->log || (edges && audited_check_below(&p, edges, l->log));
}

/* From nothing: an object that is left of an earlier build may not go into the store. */
static int build(struct library *l, struct text *entry, bool *declared)
{
    if (!file_remove_tree(l->directory, l->d) || !file_make_directories(l->directory, l->d))
        return (int)diag_status(l->d);
    int status = ninja_run(&(struct ninja_run){.file = l->actions, .quiet = true, .out = stdout}, NULL, l->d);
    if (status == 0 && !(files_read(l, entry, declared) && check_reads(l)))
        status = (int)diag_status(l->d);
    if (status == 0 && !library_archive(l->a, l->directory, l->objects.items, l->objects.count, entry, l->d))
        status = (int)diag_status(l->d);
    return status;
}

/* Ninja shows nothing of a command before its end, and this one takes a minute. */
static void tell(const struct library *l)
{
    const char *value = getenv(LIBRARY_TOLD);
    int told = value ? atoi(value) : -1;
    if (told > STDERR_FILENO && isatty(told))
        dprintf(told, "\r\033[Kukc: compiling the C library, %zu files: once, then the store has it\n", l->objects.count);
}

int library_listen(bool quiet)
{
    if (quiet || !isatty(STDERR_FILENO))
        return -1;
    int told = dup(STDERR_FILENO);
    char number[16];
    snprintf(number, sizeof number, "%d", told);
    setenv(LIBRARY_TOLD, number, 1);
    return told;
}

void library_deaf(int told)
{
    unsetenv(LIBRARY_TOLD);
    if (told >= 0)
        close(told);
}

static int build_and_keep(struct library *l, const char *store)
{
    struct text entry = {};
    bool declared = false;
    tell(l);
    int status = build(l, &entry, &declared);
    if (status == 0 && declared && store) {
        cache_write(store, &l->key, entry.bytes, entry.size);
        cache_make_room(store, CACHE_MOST);
    }
    if (status == 0 && !write_out(l, entry.bytes, entry.size))
        status = (int)diag_status(l->d);
    text_dispose(&entry);
    return status < 0 ? (int)diag_status(l->d) : status;
}

static bool take(struct library *l, const char *store, int *status)
{
    size_t size;
    const char *entry = store ? cache_read(l->a, store, &l->key, &size, l->d) : NULL;
    if (entry)
        *status = write_out(l, entry, size) ? 0 : (int)diag_status(l->d);
    return entry != NULL;
}

/* Where nobody watches, what nobody watched is good enough, and its key stays. */
static bool take_any(struct library *l, const char *store, int *status)
{
    return take(l, store, status) || (!l->log && make_key(l, false) && take(l, store, status));
}

int command_library(struct invocation *i)
{
    struct library l = {.a = i->arena, .d = i->diag, .i = i, .log = getenv(AUDIT_VARIABLE), .output = i->value[OPTION_output]};
    const char *list = i->value[OPTION_list];
    if (!list || !l.output) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc library needs --list and --output");
        return DIAG_USAGE;
    }
    int status = 0;
    if (read_list(&l, list) && make_key(&l, true)) {
        struct diag *quiet = diag_create();
        struct store *opened = getenv(CACHE_VARIABLE) ? NULL : store_open(NULL, quiet); /* without one: every build for itself */
        const char *store = opened ? store_directory(opened) : NULL;
        if (!take_any(&l, store, &status)) {
            int lock = store ? cache_lock(store) : -1;
            if (!take(&l, store, &status)) /* another build may have made it meanwhile */
                status = build_and_keep(&l, store);
            cache_unlock(lock);
        }
        store_close(opened);
        diag_destroy(quiet);
    }
    map_dispose(&l.files);
    return status ? status : (int)diag_status(i->diag);
}
