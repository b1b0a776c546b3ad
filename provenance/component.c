/*
 * component.c - the components of an image as canonical text, and back; see component.h.
 */
#include "component.h"
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "canon.h"

#define LINE_LIMIT 1000000

/* ---- text: a word that is not known is "-" ---- */

static void put(struct text *t, const char *word)
{
    canon_word(t, word && *word ? word : "-");
}

static void put_fact(struct text *t, const char *first, const char *word)
{
    if (word)
        canon_line(t, first, word);
}

static void put_needs(struct text *t, const struct component_fact *f)
{
    if (f->need_count == 0)
        return;
    canon_begin(t, "needs");
    for (size_t i = 0; i < f->need_count; i++)
        canon_number(t, f->needs[i]);
    canon_end(t);
}

void component_facts_text(const struct component_fact *facts, size_t count, struct text *t)
{
    canon_line(t, "ukc-components", "1");
    for (size_t i = 0; i < count; i++) {
        const struct component_fact *f = &facts[i];
        const char *const words[] = {f->kind, f->path, f->name, f->version, f->licence, f->origin};
        canon_begin(t, "component");
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            put(t, words[k]);
        canon_end(t);
        put_fact(t, "contents", f->contents);
        put_fact(t, "archive", f->archive);
        put_fact(t, "repository", f->repository);
        for (size_t k = 0; k < f->patch_count; k++)
            canon_line(t, "patch", f->patches[k]);
        put_needs(t, f);
    }
}

/* ---- and back ---- */

struct reader {
    struct arena *a;
    const struct canon_line *lines;
    size_t count, at;
};

static const char *take(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

static const char *take_fact(struct reader *r, const char *first)
{
    return r->at < r->count && canon_is(&r->lines[r->at], first, 2) ? r->lines[r->at++].words[1] : NULL;
}

static void take_patches(struct reader *r, struct component_fact *f)
{
    VEC(const char *) patches = {};
    for (const char *word; (word = take_fact(r, "patch"));)
        *vec_add(r->a, &patches) = word;
    f->patches = patches.items;
    f->patch_count = patches.count;
}

static bool take_needs(struct reader *r, struct component_fact *f)
{
    VEC(uint32_t) needs = {};
    if (r->at == r->count || strcmp(r->lines[r->at].words[0], "needs") != 0)
        return true;
    const struct canon_line *line = &r->lines[r->at++];
    for (size_t i = 1; i < line->count; i++) {
        uint64_t n;
        if (!canon_parse_number(line->words[i], &n) || n >= LINE_LIMIT || (i > 1 && n <= needs.items[i - 2]))
            return false;
        *vec_add(r->a, &needs) = (uint32_t)n;
    }
    f->needs = needs.items;
    f->need_count = needs.count;
    return true;
}

static bool take_component(struct reader *r, struct component_fact *f)
{
    const struct canon_line *line = &r->lines[r->at];
    if (!canon_is(line, "component", 7) || !take(line->words[1]) || !take(line->words[3]))
        return false;
    r->at++;
    *f = (struct component_fact){.kind = line->words[1], .path = take(line->words[2]), .name = line->words[3], .version = take(line->words[4]),
                                 .licence = take(line->words[5]), .origin = take(line->words[6])};
    f->contents = take_fact(r, "contents");
    f->archive = take_fact(r, "archive");
    f->repository = take_fact(r, "repository");
    take_patches(r, f);
    return take_needs(r, f);
}

static bool needs_are_there(const struct component_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < facts[i].need_count; k++)
            if (facts[i].needs[k] >= count)
                return false;
    return true;
}

bool component_facts_parse(struct arena *a, const void *bytes, size_t size, const struct component_fact **out, size_t *count)
{
    struct reader r = {.a = a};
    VEC(struct component_fact) facts = {};
    r.lines = canon_lines(a, bytes, size, LINE_LIMIT, &r.count);
    const char *version = r.lines ? take_fact(&r, "ukc-components") : NULL;
    bool good = version && strcmp(version, "1") == 0;
    while (good && r.at < r.count)
        good = take_component(&r, vec_add(a, &facts));
    struct text again = {};
    if (good)
        component_facts_text(facts.items, facts.count, &again);
    good = good && needs_are_there(facts.items, facts.count) && canon_is_same(&again, bytes, size);
    text_dispose(&again);
    *out = facts.items;
    *count = facts.count;
    return good;
}

/* ---- what belongs to what ---- */

static bool holds(const char *directory, const char *path)
{
    size_t n = strlen(directory);
    return strcmp(directory, ".") == 0 || (strncmp(directory, path, n) == 0 && (path[n] == '/' || !path[n]));
}

const struct component_fact *component_of(const struct component_fact *facts, size_t count, const char *path)
{
    const struct component_fact *best = NULL;
    size_t depth = 0;
    for (size_t i = 0; i < count; i++) {
        const char *directory = facts[i].path;
        if (!directory || !holds(directory, path))
            continue;
        size_t n = strcmp(directory, ".") == 0 ? 0 : strlen(directory);
        if (!best || n > depth) {
            best = &facts[i];
            depth = n;
        }
    }
    return best;
}

/* ---- package URLs ---- */

static void put_part(struct text *t, const char *s, const char *also)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_~";
    for (; *s; s++)
        if (strchr(plain, *s) || strchr(also, *s))
            text_putc(t, *s);
        else
            text_printf(t, "%%%02X", (unsigned char)*s);
}

static const char *keep(struct arena *a, struct text *t)
{
    const char *out = text_keep(t, a);
    text_dispose(t);
    return out;
}

/* `separator` becomes what the next qualifier begins with. */
static void put_qualifier(struct text *t, char *separator, const char *name, const char *before, const char *value)
{
    if (!value)
        return;
    text_printf(t, "%c%s=", *separator, name);
    put_part(t, before, ":/");
    put_part(t, value, ":/");
    *separator = '&';
}

static void put_name(struct text *t, const char *space, const char *name, const char *version)
{
    text_puts(t, space);
    put_part(t, name, "");
    if (version) {
        text_putc(t, '@');
        put_part(t, version, ":");
    }
}

static const char *debian_space(const char *version)
{
    return version && strstr(version, "ubuntu") ? "pkg:deb/ubuntu/" : "pkg:deb/debian/";
}

const char *component_purl(struct arena *a, const struct component_fact *f)
{
    struct text t = {};
    char separator = '?';
    bool source = strcmp(f->kind, "debian_source") == 0;
    if (source || strcmp(f->kind, "debian") == 0)
        put_name(&t, debian_space(f->version), f->name, f->version);
    else
        put_name(&t, strcmp(f->kind, "ukc") == 0 ? "pkg:generic/ukc/" : "pkg:generic/", f->name, f->version);
    put_qualifier(&t, &separator, "arch", "", source ? "source" : NULL);
    put_qualifier(&t, &separator, "checksum", "sha256:", f->archive);
    put_qualifier(&t, &separator, "vcs_url", "git+", f->repository ? arena_printf(a, "%s@%s", f->repository, f->version) : NULL);
    return keep(a, &t);
}

const char *package_purl(struct arena *a, const char *package, const char *version, const char *architecture)
{
    struct text t = {};
    char separator = '?';
    put_name(&t, debian_space(version), package, version);
    put_qualifier(&t, &separator, "arch", "", architecture);
    return keep(a, &t);
}
