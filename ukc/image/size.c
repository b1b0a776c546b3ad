/*
 * size.c - ukc size: whose every byte of an image is.
 */
#include "size.h"
#include "pruned.h"
#include "sealed.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/elf_file.h"
#include <elf.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- where the facts are ---- */

static const char *existing(const char *path)
{
    return file_is_regular(path) ? path : NULL;
}

/* An image of profile dev has its symbols in it. */
static bool has_symbols(struct arena *a, const char *image)
{
    struct diag *quiet = diag_create();
    struct elf_file *f = elf_file_open(a, image, quiet);
    bool has = f && f->symbols;
    elf_file_close(f);
    diag_destroy(quiet);
    return has;
}

/* The linked file beside an image that was built in this directory; else what holds its debug information; else the image itself. */
void size_find_sources(struct arena *a, const char *image, struct size_sources *out)
{
    const char *linked = path_join(a, path_directory(a, image), arena_printf(a, "obj/+image/%s.elf", path_base(image)));
    const char *debug = existing(arena_printf(a, "%s.debug", image));
    *out = (struct size_sources){.image = image, .linked = image};
    if (has_symbols(a, image)) {
        out->map = existing(arena_printf(a, "%s.map", image));
    } else if (file_is_regular(linked)) {
        out->linked = linked;
        out->map = arena_printf(a, "%s.map", linked); /* ukc has made both: one that is not there is told of */
    } else if (debug) {
        out->linked = debug;
    }
}

/* A unikernel of a manifest with several, which has been configured. */
static bool is_unikernel(struct arena *a, const char *word)
{
    for (size_t t = 0; t < TARGET_COUNT; t++)
        if (file_is_directory(arena_printf(a, "build/%s/%s", target_names[t], word)))
            return true;
    return false;
}

static bool is_elf(const char *file)
{
    char begin[SELFMAG] = "";
    FILE *f = file_is_regular(file) ? fopen(file, "rbe") : NULL;
    bool elf = f && fread(begin, 1, sizeof begin, f) == sizeof begin && memcmp(begin, ELFMAG, SELFMAG) == 0;
    if (f)
        fclose(f);
    return elf;
}

static bool is_image(struct arena *a, const char *word)
{
    return word && (strchr(word, '/') ? file_exists(word) : is_elf(word) && !is_unikernel(a, word));
}

/* The image that the command line means; NULL after reporting. */
static const char *find_image(struct invocation *i, struct project *p)
{
    const char *word = i->argument_count ? i->arguments[0] : NULL;
    if (is_image(i->arena, word))
        return word;
    if (!project_open(p, i, word, true))
        return NULL;
    const char *image = project_built(p);
    if (!image || file_is_regular(image))
        return image;
    diag_fail(i->diag, DIAG_INPUT, SPAN_NONE, "'%s' is not built yet", image);
    diag_help(i->diag, "run 'ukc build' first");
    return NULL;
}

/* ---- what is said ---- */

static bool read_by(struct invocation *i, enum size_by *by)
{
    static const char *const words[] = {
#define X(name) [SIZE_BY_##name] = #name,
        SIZE_BY(X)
#undef X
    };
    *by = SIZE_BY_instance;
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        if (string_equal(i->value[OPTION_by], words[k]))
            *by = (enum size_by)k;
    return true;
}

static const char *const plurals[] = {[SIZE_BY_instance] = "instances", [SIZE_BY_file] = "files", [SIZE_BY_symbol] = "symbols", [SIZE_BY_section] = "sections"};

static bool has_instance(enum size_by by)
{
    return by == SIZE_BY_file || by == SIZE_BY_symbol;
}

void size_print_json(struct json *j, enum size_by by, const struct size_sum *sums, size_t count)
{
    json_key(j, plurals[by]);
    json_array(j);
    for (size_t k = 0; k < count; k++) {
        json_object(j);
        json_field(j, "name", sums[k].name);
        json_field_number(j, "bytes", (int64_t)sums[k].bytes);
        if (has_instance(by))
            json_field(j, "instance", sums[k].instance);
        if (sums[k].lines)
            json_field_number(j, "lines", (int64_t)sums[k].lines);
        json_end_object(j);
    }
    json_end_array(j);
}

static int width_of(const struct size_sum *sums, size_t count)
{
    size_t most = strlen("total");
    for (size_t k = 0; k < count; k++)
        most = strlen(sums[k].name) > most ? strlen(sums[k].name) : most;
    return most < INT_MAX ? (int)most : 0;
}

/* What stands behind the bytes. */
static const char *beside(struct arena *a, enum size_by by, const struct size_sum *s)
{
    if (has_instance(by) && strcmp(s->name, s->instance) != 0)
        return arena_printf(a, "  %s", s->instance);
    if (s->lines)
        return arena_printf(a, "  %6" PRIu64 " lines", s->lines);
    return by == SIZE_BY_section && string_equal(s->name, "(padding)") ? "  between sections" : "";
}

static void print_text(struct arena *a, const struct size_report *r, enum size_by by, const struct size_sum *sums, size_t count, size_t most)
{
    uint64_t rest = 0;
    size_t shown = count > most ? most : count;
    int width = width_of(sums, shown);
    for (size_t k = 0; k < count; k++) {
        if (k >= shown)
            rest += sums[k].bytes;
        else
            printf("%-*s %11s%s\n", width, sums[k].name, grouped(sums[k].bytes), beside(a, by, &sums[k]));
    }
    if (rest)
        printf("%-*s %11s  %zu more\n", width, "...", grouped(rest), count - shown);
    printf("%-*s %11s\n", width, "total", grouped(r->bytes));
}

/* ---- secrets ---- */

static void print_secrets(const struct image_secrets *s)
{
    for (size_t k = 0; k < s->count; k++)
        printf("room for the secret %s, %s bytes at most: %s\n", s->items[k].name, grouped(s->items[k].room), s->sealed ? "it is there" : "ukc seal puts it there");
}

static void json_secrets(struct json *j, const struct image_secrets *s)
{
    if (s->count == 0)
        return;
    json_key(j, "secrets");
    json_array(j);
    for (size_t k = 0; k < s->count; k++) {
        json_object(j);
        json_field(j, "name", s->items[k].name);
        json_field_number(j, "room", (int64_t)s->items[k].room);
        json_field_bool(j, "sealed", s->sealed);
        json_end_object(j);
    }
    json_end_array(j);
}

static bool is_known(struct arena *a, const char *image)
{
    struct size_sources from;
    size_find_sources(a, image, &from);
    return from.linked != image || has_symbols(a, image);
}

/* A sealed file has as many bytes as the image that it was made from, at the same places: what is known of the one is true of the other. */
static bool find_sealed(struct invocation *i, const char *image, const struct image_secrets *s, struct size_sources *from)
{
    char hex[HASH_HEX];
    if (!s->sealed || is_known(i->arena, image))
        return true;
    const char *made_from = sealed_from(i->arena, image, s, is_known);
    if (made_from) {
        size_find_sources(i->arena, made_from, from);
        return true;
    }
    hash_hex(&s->image, hex);
    diag_fail(i->diag, DIAG_MISSING, SPAN_NONE, "'%s' is sealed, and the image %.12s that it was made from is neither beside it nor built here", image, hex);
    return diag_help(i->diag, "'ukc size' of that image, where it was built, is true of this file too; '--by section' needs this one alone");
}

/* ---- what was left out ---- */

static void print_pruned_instances(const struct pruned_list *p, size_t most)
{
    uint64_t alone = 0, bytes = 0;
    int width = (int)strlen("instance");
    for (size_t k = 0; k < p->count; k++)
        width = (int)strlen(p->items[k].instance) > width ? (int)strlen(p->items[k].instance) : width;
    printf("%-*s %11s %11s %11s\n", width, "instance", "alone", "in image", "pruned");
    for (size_t k = 0; k < p->count; k++) {
        const struct pruned *one = &p->items[k];
        alone += one->alone;
        bytes += one->bytes;
        if (k >= most)
            continue;
        printf("%-*s %11s", width, one->instance, grouped(one->alone));
        printf(" %11s", grouped(one->bytes));
        printf(" %11s\n", grouped(one->pruned));
    }
    printf("%-*s %11s", width, "total", grouped(alone));
    printf(" %11s", grouped(bytes));
    printf(" %11s\n", grouped(p->pruned));
}

static void print_pruned_symbols(struct arena *a, const struct pruned_list *p, size_t most)
{
    size_t count;
    const struct size_pruned *all = pruned_symbols(a, p, &count);
    struct size_sum *sums = arena_array(a, struct size_sum, count + 1);
    for (size_t k = 0; k < count; k++)
        sums[k] = (struct size_sum){.name = all[k].symbol, .instance = all[k].instance, .bytes = all[k].bytes};
    print_text(a, &(struct size_report){.bytes = p->pruned}, SIZE_BY_symbol, sums, count, most);
}

static void json_pruned_symbols(struct json *j, const struct pruned *p)
{
    json_key(j, "symbols");
    json_array(j);
    for (size_t k = 0; k < p->count; k++) {
        json_object(j);
        json_field(j, "name", p->symbols[k].symbol);
        json_field_number(j, "bytes", (int64_t)p->symbols[k].bytes);
        json_end_object(j);
    }
    json_end_array(j);
}

static void json_pruned(struct invocation *i, const char *image, const struct pruned_list *p)
{
    struct json j = {};
    json_object(&j);
    json_field(&j, "image", image);
    json_field_number(&j, "pruned", (int64_t)p->pruned);
    json_key(&j, "instances");
    json_array(&j);
    for (size_t k = 0; k < p->count; k++) {
        json_object(&j);
        json_field(&j, "name", p->items[k].instance);
        json_field_number(&j, "alone", (int64_t)p->items[k].alone);
        json_field_number(&j, "bytes", (int64_t)p->items[k].bytes);
        json_field_number(&j, "pruned", (int64_t)p->items[k].pruned);
        json_pruned_symbols(&j, &p->items[k]);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    answer_json(i, &j);
}

static bool tell_pruned(struct invocation *i, const char *image, const struct size_report *r, enum size_by by, size_t most)
{
    struct pruned_list p;
    if (by != SIZE_BY_instance && by != SIZE_BY_symbol)
        return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--pruned adds up by instance or symbol, not by %s", i->value[OPTION_by]);
    if (!pruned_read(i->arena, r, &p, i->diag))
        return false;
    if (p.count == 0) {
        diag_error(i->diag, SPAN_NONE, "beside '%s' there are no modules that were linked as one: it is of profile dev, or was built elsewhere", image);
        return diag_help(i->diag, "build it here, in the release profile: 'ukc configure', 'ukc build'");
    }
    if (given(i, OPTION_json))
        json_pruned(i, image, &p);
    else if (by == SIZE_BY_symbol)
        print_pruned_symbols(i->arena, &p, most);
    else
        print_pruned_instances(&p, most);
    return true;
}

static int by_lines(const void *x, const void *y)
{
    const struct size_sum *a = x, *b = y;
    return a->lines != b->lines ? (a->lines > b->lines ? -1 : 1) : strcmp(a->name, b->name);
}

/* The same sums in another order. */
static const struct size_sum *sums_by_lines(struct arena *a, const struct size_sum *sums, size_t count)
{
    struct size_sum *sorted = arena_array(a, struct size_sum, count + 1);
    memcpy(sorted, sums, count * sizeof *sums);
    qsort(sorted, count, sizeof *sorted, by_lines);
    return sorted;
}

int command_size(struct invocation *i)
{
    struct project p;
    struct size_sources from;
    enum size_by by;
    size_t count;
    unsigned most = UINT_MAX;
    if (!read_by(i, &by) || !invocation_number(i, OPTION_limit, "--limit", 1000000, &most))
        return (int)diag_status(i->diag);
    const char *image = find_image(i, &p);
    if (!image)
        return (int)diag_status(i->diag);
    const struct image_secrets secrets = sealed_of_file(i->arena, image);
    size_find_sources(i->arena, image, &from);
    if (by != SIZE_BY_section && !find_sealed(i, image, &secrets, &from))
        return (int)diag_status(i->diag);
    if (by == SIZE_BY_section)
        from.linked = from.map = NULL;
    const struct size_report *r = size_read(i->arena, &from, i->diag);
    if (!r)
        return (int)diag_status(i->diag);
    if (given(i, OPTION_pruned)) {
        tell_pruned(i, image, r, by, most);
        return (int)diag_status(i->diag);
    }
    const struct size_sum *sums = size_sums(i->arena, r, by, &count);
    if (string_equal(i->value[OPTION_by], "lines"))
        sums = sums_by_lines(i->arena, sums, count);
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "image", image);
        json_field_number(&j, "bytes", (int64_t)r->bytes);
        size_print_json(&j, by, sums, count);
        json_secrets(&j, &secrets);
        json_end_object(&j);
        answer_json(i, &j);
    } else {
        print_text(i->arena, r, by, sums, count, most);
        print_secrets(&secrets);
    }
    return (int)diag_status(i->diag);
}
