/*
 * saved.c - build/last, configure.args, and settings files.
 *
 * All three are read defensively: they lie in the user's tree.
 */
#include "saved.h"
#include "../base/file.h"
#include "../base/text.h"
#include <ctype.h>
#include <string.h>

/* The next line of a source without its end, or NULL. */
static const char *next_line(struct arena *a, const struct source *s, size_t *at, uint32_t *number)
{
    if (*at >= s->size)
        return NULL;
    const char *begin = s->bytes + *at;
    const char *end = memchr(begin, '\n', s->size - *at);
    size_t n = end ? (size_t)(end - begin) : s->size - *at;
    *at += n + (end ? 1 : 0);
    ++*number;
    if (n && begin[n - 1] == '\r')
        n--;
    return arena_strndup(a, begin, n);
}

bool saved_last_read(struct arena *a, struct saved_last *last, struct diag *d)
{
    *last = (struct saved_last){0};
    if (!file_exists("build/last"))
        return true;
    const struct source *s = file_read(a, "build/last", SPAN_NONE, 4096, d);
    if (!s)
        return false;
    size_t at = 0;
    uint32_t number = 0;
    const char *line = next_line(a, s, &at, &number);
    if (!line)
        line = "";
    size_t n = strcspn(line, " ");
    last->target = target_find(arena_strndup(a, line, n));
    if (last->target == TARGET_COUNT) {
        diag_error(d, (struct span){s, 1, 1, (uint32_t)n}, "build/last names no target");
        return diag_help(d, "remove it, and run 'ukc configure' again");
    }
    last->name = line[n] ? arena_strdup(a, line + n + 1) : NULL;
    last->found = true;
    return true;
}

static bool take_word(struct project *p, const struct span span, const char *word)
{
    struct configuration *c = &p->configuration;
    const char *value = strchr(word, '=');
    value = value ? value + 1 : "";
    if (string_starts(word, "--target="))
        c->target = target_find(value);
    else if (string_equal(word, "--profile=dev"))
        c->profile = PROFILE_DEV;
    else if (string_equal(word, "--sanitize"))
        c->sanitize = true;
    else if (string_equal(word, "--offline"))
        c->offline = true;
    else if (string_starts(word, "--config="))
        *vec_add(p->a, &c->configs) = value;
    else if (string_starts(word, "--set="))
        *vec_add(p->a, &c->sets) = value;
    else if (string_starts(word, "--catalogue="))
        *vec_add(p->a, &c->catalogues) = value;
    else if (!word[strcspn(word, "=,")] && isalnum((unsigned char)word[0]))
        c->name = word;
    else
        return diag_error(p->d, span, "unknown word '%s'", word);
    return c->target != TARGET_COUNT || diag_error(p->d, span, "no such target");
}

bool saved_configuration_read(struct project *p, bool *found)
{
    const char *path = project_file(p, "configure.args");
    *found = false;
    if (!file_exists(path))
        return true;
    const struct source *s = file_read(p->a, path, SPAN_NONE, 1 << 20, p->d);
    if (!s)
        return false;
    size_t at = 0;
    uint32_t number = 0;
    const char *line = next_line(p->a, s, &at, &number);
    bool ok = string_equal(line, "ukc-configure 1") ||
              diag_error(p->d, (struct span){s, 1, 1, 1}, "this configuration was written by another version of ukc");
    while (ok && (line = next_line(p->a, s, &at, &number)))
        ok = take_word(p, (struct span){s, number, 1, (uint32_t)strlen(line)}, line);
    if (!ok)
        return diag_help(p->d, "run 'ukc configure' with '--target' and what else you gave it again");
    *found = true;
    return true;
}

static char *trimmed(struct arena *a, const char *s, size_t n)
{
    while (n && strchr(" \t", *s))
        s++, n--;
    while (n && strchr(" \t", s[n - 1]))
        n--;
    return arena_strndup(a, s, n);
}

static bool split_setting(struct project *p, const struct source *source, uint32_t line, const char *text, struct setting *out,
                          enum diag_class class)
{
    struct span span = {source, line, 1, (uint32_t)strlen(text)};
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        diag_fail(p->d, class, span, "a setting is PATH=VALUE, not '%s'", text);
        return diag_help(p->d, "for example: http.port=8080");
    }
    char *path = trimmed(p->a, text, (size_t)(equals - text));
    char *value = trimmed(p->a, equals + 1, strlen(equals + 1));
    struct span value_span = span;
    value_span.column = (uint32_t)(equals - text) + 2;
    value_span.length = (uint32_t)strlen(equals + 1);
    span.length = (uint32_t)(equals - text);
    *out = (struct setting){.path = {path, span}, .text = {value, value_span}};
    return true;
}

/* A text of lines would end there, unseen. */
static bool check_text(struct project *p, const struct source *s)
{
    const char *nul = s->size ? memchr(s->bytes, 0, s->size) : NULL;
    if (!nul)
        return true;
    struct span place = {s, 1, 1, 1};
    for (const char *c = s->bytes; c < nul; c++) {
        place.column = *c == '\n' ? 1 : place.column + 1;
        place.line += *c == '\n';
    }
    return diag_error(p->d, place, "settings are lines of text; this is a NUL byte");
}

static bool read_config(struct project *p, const char *path, struct setting **settings, size_t *count)
{
    const struct source *s = NULL;
    if (file_exists(path))
        s = file_read(p->a, path, SPAN_NONE, 1 << 20, p->d);
    else
        diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "there is no file '%s' with settings", path);
    if (!s)
        return p->configured && diag_help(p->d, "the last configure used --config %s: configure again without it", path);
    if (!check_text(p, s))
        return false;
    VEC(struct setting) all = {};
    for (size_t k = 0; k < *count; k++)
        *vec_add(p->a, &all) = (*settings)[k];
    size_t at = 0;
    uint32_t number = 0;
    bool ok = true, any = false;
    for (const char *line; (line = next_line(p->a, s, &at, &number));) {
        const char *first = line + strspn(line, " \t");
        if (!*first || *first == '#')
            continue;
        if (!any && (*first == '{' || *first == '[')) {
            diag_error(p->d, (struct span){s, number, (uint32_t)(first - line) + 1, 1}, "settings are lines PATH=VALUE; JSON is not read");
            return diag_help(p->d, "for example: http.port=8080");
        }
        any = true;
        struct setting one;
        if (split_setting(p, s, number, line, &one, DIAG_INPUT))
            *vec_add(p->a, &all) = one;
        else
            ok = false;
    }
    *settings = all.items;
    *count = all.count;
    return ok;
}

bool saved_settings(struct project *p, struct resolve_options *o)
{
    const struct configuration *c = &p->configuration;
    struct setting *file = NULL, *line = arena_array(p->a, struct setting, c->sets.count);
    size_t file_count = 0;
    bool ok = true;
    for (size_t k = 0; k < c->configs.count; k++)
        ok &= read_config(p, c->configs.items[k], &file, &file_count);
    for (size_t k = 0; k < c->sets.count; k++) {
        struct source *s = arena_new(p->a, struct source);
        *s = (struct source){.path = "--set", .bytes = c->sets.items[k], .size = strlen(c->sets.items[k])};
        ok &= split_setting(p, s, 1, c->sets.items[k], &line[k], DIAG_USAGE);
    }
    o->file = file;
    o->file_count = file_count;
    o->command_line = line;
    o->command_line_count = c->sets.count;
    return ok;
}
