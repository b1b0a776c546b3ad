/*
 * weights.c - see weights.h.
 *
 * An entry of the store:  "BYTES", then "BYTES NAME" for each, a line each.
 */
#include "weights.h"
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/process.h"
#include "../generate/rules.h"
#include "../base/elf_file.h"
#include "../../provenance/cache.h"
#include "../../provenance/store.h"

static const char *linker(void)
{
    for (size_t k = 0; k < build_tool_count; k++)
        if (string_equal(build_tools[k].variable, "ld"))
            return build_tools[k].program;
    return "ld.lld";
}

/* ---- weighing ---- */

static int by_name(const void *x, const void *y)
{
    const struct size_weight *a = x, *b = y;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static bool weigh_object(struct arena *a, const char *path, struct weights *out, struct diag *d)
{
    struct elf_file *f = elf_object_open(a, path, d);
    VEC(struct size_weight) all = {};
    for (size_t i = 1; f && i < f->section_count; i++)
        if (f->sections[i].flags & SHF_ALLOC && !string_starts(f->sections[i].name, ".eh_frame"))
            out->bytes += f->sections[i].bytes;
    for (size_t i = 1; f && i < f->symbol_count; i++) {
        const struct elf_symbol *s = &f->symbols[i];
        bool jump = string_ends(s->name, ".cfi_jt"); /* of a table for this object alone: the image has its own */
        bool counted = !jump && (s->type == STT_FUNC || s->type == STT_OBJECT || s->type == STT_TLS);
        if (counted && !string_starts(s->name, ".L") && s->size && s->section && s->section < f->section_count && f->sections[s->section].bytes &&
            !strchr(s->name, '\n'))
            *vec_add(a, &all) = (struct size_weight){arena_strdup(a, s->name), s->size};
    }
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, by_name);
    out->items = all.items;
    out->count = all.count;
    elf_file_close(f);
    return f;
}

static bool weigh(struct arena *a, const char *module, struct weights *out, struct diag *d)
{
    const char *object = arena_printf(a, "%s.weighed-%ld", module, (long)getpid());
    const char *const argv[] = {linker(), "-r", "--threads=1", "--lto-O0", "--lto-CGO2", module, "-o", object, NULL};
    struct text said = {};
    int status = process_run(&(struct process){.argv = argv, .out = &said, .err = &said}, d);
    bool good = status == 0 && weigh_object(a, object, out, d);
    if (status > 0)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be linked by itself: %s", module, said.size ? text_string(&said) : "the linker says nothing");
    text_dispose(&said);
    unlink(object);
    return good;
}

/* ---- what is kept ---- */

static bool make_key(const char *module, const char *tools, struct hash *key, struct diag *d)
{
    struct hash content, made_by;
    if (!hash_file(module, &content, NULL, d) || !hash_file(tools, &made_by, NULL, d))
        return false;
    struct hasher *h = hasher_create();
    hasher_add_string(h, "ukc-weights 2");
    hasher_add(h, &content, sizeof content);
    hasher_add(h, &made_by, sizeof made_by);
    *key = hasher_finish(h);
    return true;
}

static bool parse(struct arena *a, const char *entry, size_t size, struct weights *out)
{
    const char *text = arena_strndup(a, entry, size);
    VEC(struct size_weight) all = {};
    char *end;
    out->bytes = strtoull(text, &end, 10);
    for (const char *line = end + (*end == '\n'); *line; line = end) {
        struct size_weight w = {.bytes = strtoull(line, &end, 10)};
        if (end == line || *end++ != ' ')
            return false;
        size_t n = strcspn(end, "\n");
        w.name = arena_strndup(a, end, n);
        end += n + (end[n] == '\n');
        *vec_add(a, &all) = w;
    }
    out->items = all.items;
    out->count = all.count;
    return true;
}

static void keep(const char *store, const struct hash *key, const struct weights *w)
{
    struct text t = {};
    text_printf(&t, "%" PRIu64 "\n", w->bytes);
    for (size_t i = 0; i < w->count; i++)
        text_printf(&t, "%" PRIu64 " %s\n", w->items[i].bytes, w->items[i].name);
    cache_write(store, key, t.bytes, t.size);
    text_dispose(&t);
}

bool weights_read(struct arena *a, const char *module, const char *tools, struct weights *out, struct diag *d)
{
    struct hash key;
    struct diag *quiet = diag_create();
    struct store *opened = file_is_regular(tools) ? store_open(NULL, quiet) : NULL; /* without one it is weighed each time */
    const char *store = opened && make_key(module, tools, &key, quiet) ? store_directory(opened) : NULL;
    size_t size;
    const char *entry = store ? cache_read(a, store, &key, &size, quiet) : NULL;
    *out = (struct weights){};
    bool good = entry && parse(a, entry, size, out);
    if (!good) {
        *out = (struct weights){};
        good = weigh(a, module, out, d);
        if (good && store)
            keep(store, &key, out);
    }
    store_close(opened);
    diag_destroy(quiet);
    return good;
}
