/*
 * library.c - the C library of a target that does not use the tools' own: its headers, its sources, and what
 * its system layer is told of the image.
 */
#include "generation.h"
#include "c_text.h"

#include <dirent.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "../base/file.h"

static const char *tree_path(struct arena *a, const struct layout *layout, const struct target_library *library, const char *path)
{
    return arena_printf(a, "%s/root/%s/%s", layout->build, layout_import_label(a, layout, &library->imports[0]), path);
}

/* ---- headers ---- */

enum { GROUPS = 10 };

/* "\1" and so on is what a group matched, "\n" a line's end, another character after a backslash itself. */
static void put_replacement(struct text *out, const char *replacement, const char *line, const regmatch_t *groups)
{
    for (const char *p = replacement; *p; p++) {
        if (*p != '\\' || !p[1]) {
            text_putc(out, *p);
            continue;
        }
        p++;
        if (*p >= '0' && *p <= '9') {
            const regmatch_t *g = &groups[*p - '0'];
            for (regoff_t i = g->rm_so; g->rm_so >= 0 && i < g->rm_eo; i++)
                text_putc(out, line[i]);
        } else {
            text_putc(out, *p == 'n' ? '\n' : *p);
        }
    }
}

static void put_line(struct text *out, const struct made_header *h, const regex_t *patterns, const char *line)
{
    regmatch_t groups[GROUPS];
    for (size_t i = 0; i < h->replace_count / 2; i++) {
        if (regexec(&patterns[i], line, GROUPS, groups, 0) != 0)
            continue;
        text_printf(out, "%.*s", (int)groups[0].rm_so, line);
        put_replacement(out, h->replace[2 * i + 1].text, line, groups);
        text_printf(out, "%s\n", line + groups[0].rm_eo);
        return;
    }
    text_printf(out, "%s\n", line);
}

static bool put_file(struct arena *a, struct text *out, const struct made_header *h, const regex_t *patterns, const char *path, struct span span,
                     struct diag *d)
{
    const struct source *s = file_read(a, path, span, 0, d);
    if (!s)
        return false;
    for (const char *line = s->bytes; *line;) {
        size_t n = strcspn(line, "\n");
        put_line(out, h, patterns, arena_strndup(a, line, n));
        line += n + (line[n] == '\n');
    }
    return true;
}

static bool make_header(struct arena *a, const struct layout *layout, const struct target_library *library, const struct made_header *h,
                        struct diag *d)
{
    regex_t *patterns = arena_array(a, regex_t, h->replace_count / 2 + 1);
    struct text out = {};
    bool good = true;
    for (size_t i = 0; i < h->replace_count / 2; i++) /* read_target.c has tried them */
        if (regcomp(&patterns[i], h->replace[2 * i].text, REG_EXTENDED) != 0)
            abort();
    for (size_t i = 0; i < h->from_count; i++)
        good = put_file(a, &out, h, patterns, tree_path(a, layout, library, h->from[i].text), h->from[i].span, d) && good;
    const char *path = arena_printf(a, "%s/gen/+library/%s", layout->build, h->name.text);
    good = good && file_write(path, text_string(&out), out.size, NULL, d);
    for (size_t i = 0; i < h->replace_count / 2; i++)
        regfree(&patterns[i]);
    text_dispose(&out);
    return good;
}

bool generate_library_headers(struct arena *a, const struct plan *plan, const struct layout *layout, struct diag *d)
{
    const struct target_description *target = plan_target(plan);
    bool good = true;
    for (size_t i = 0; target && i < target->library.header_count; i++)
        good = make_header(a, layout, &target->library, &target->library.headers[i], d) && good;
    return good;
}

/* ---- sources ---- */

typedef VEC(struct library_source) source_list;

static bool is_source(const char *name)
{
    return string_ends(name, ".c") || string_ends(name, ".s") || string_ends(name, ".S");
}

static bool is_listed(const struct word *words, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(words[i].text);
        if (strncmp(words[i].text, path, n) == 0 && (path[n] == '\0' || path[n] == '/'))
            return true;
    }
    return false;
}

/* "src/string/memcpy.c" for "src/string/x86_64/memcpy.s", but for the extension. */
static bool is_replaced_by(const struct generation *g, const char *path, const char *by)
{
    struct arena *a = g->a;
    const char *architecture = g->target->library.architecture.text;
    if (!architecture || !string_equal(path_base(path_directory(a, by)), architecture))
        return false;
    const char *above = path_join(a, path_directory(a, path_directory(a, by)), path_base(by));
    size_t n = (size_t)(strrchr(above, '.') - above);
    return strncmp(path, above, n) == 0 && path[n] == '.' && !strchr(path + n, '/');
}

static void add_source(const struct generation *g, source_list *list, const char *path)
{
    const struct target_library *library = &g->target->library;
    if (is_listed(library->without, library->without_count, path))
        return;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!string_equal(list->items[i].path, path) && !is_replaced_by(g, list->items[i].path, path))
            list->items[kept++] = list->items[i];
    list->count = kept;
    *vec_add(g->a, list) = (struct library_source){path, is_listed(library->native, library->native_count, path)};
}

static bool add_part(const struct generation *g, source_list *list, const struct word *part)
{
    const char *directory = tree_path(g->a, g->layout, &g->target->library, part->text);
    VEC(const char *) names = {};
    if (file_is_regular(directory)) {
        add_source(g, list, part->text);
        return true;
    }
    DIR *dir = opendir(directory);
    if (!dir)
        return diag_error(g->d, part->span, "the library's tree has no '%s'", part->text);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (is_source(entry->d_name))
            *vec_add(g->a, &names) = arena_strdup(g->a, entry->d_name);
    closedir(dir);
    names.count = string_sort_unique(names.items, names.count);
    for (size_t i = 0; i < names.count; i++)
        add_source(g, list, path_join(g->a, part->text, names.items[i]));
    return true;
}

static int compare_sources(const void *x, const void *y)
{
    return strcmp(((const struct library_source *)x)->path, ((const struct library_source *)y)->path);
}

bool library_sources(const struct generation *g, const struct library_source **sources, size_t *count)
{
    const struct target_library *library = &g->target->library;
    source_list list = {};
    bool good = true;
    for (size_t i = 0; i < library->part_count; i++)
        good = add_part(g, &list, &library->parts[i]) && good;
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, compare_sources);
    *sources = list.items;
    *count = list.count;
    return good;
}

/* ---- what the image has ---- */

static const struct signature *find_signature(const struct generation *g, const char *name)
{
    const struct manifest *m = g->plan->graph->manifest;
    for (size_t i = 0; i < m->signature_count; i++)
        if (string_equal(m->signatures[i].name.text, name))
            return &m->signatures[i];
    return NULL;
}

/* The first instance of the plan that provides it; NULL: none does. */
static const struct plan_instance *find_provider(const struct generation *g, const char *signature)
{
    for (size_t i = 0; i < g->plan->instance_count; i++) {
        const struct component *c = g->plan->instances[i].component;
        for (size_t k = 0; k < c->provides_count; k++)
            if (string_equal(c->provides[k].text, signature))
                return &g->plan->instances[i];
    }
    return NULL;
}

bool library_system_header(const struct generation *g)
{
    struct text out = {};
    bool good = true;
    if (g->target->use_count == 0)
        return true;
    text_puts(&out, "/* Generated by ukc: what the image has that the target's own code may call. */\n");
    for (size_t i = 0; i < g->target->use_count; i++) {
        const struct word *use = &g->target->uses[i];
        const struct plan_instance *provider = find_provider(g, use->text);
        if (!find_signature(g, use->text))
            good = diag_error(g->d, use->span, "there is no signature '%s'", use->text);
        if (provider)
            text_printf(&out, "#define SYSTEM_%s \"%s\"\n", c_macro(g->a, use->text), binding_symbol(g->a, provider, ""));
    }
    good = good && file_write(build_file(g, "gen/system.h"), text_string(&out), out.size, NULL, g->d);
    text_dispose(&out);
    return good;
}
