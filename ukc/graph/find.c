/*
 * find.c - look-ups by name in the manifest's sorted arrays.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/arena.h"
#include "../base/file.h"
#include "../base/text.h"
#include "find.h"

static int compare_signature(const void *name, const void *element)
{
    return strcmp(name, ((const struct signature *)element)->name.text);
}

const struct signature *signature_find(const struct manifest *m, const char *name)
{
    if (!m->signature_count)
        return NULL;
    return bsearch(name, m->signatures, m->signature_count, sizeof *m->signatures, compare_signature);
}

const struct target_description *target_described(const struct manifest *m, enum target target)
{
    for (size_t i = 0; i < m->target_count; i++)
        if (m->targets[i].target == target)
            return &m->targets[i];
    return NULL;
}

/* The first implementation whose name is not below `name`. */
static size_t lower_bound(const struct manifest *m, const char *name)
{
    size_t low = 0, high = m->implementation_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(m->implementations[middle].name.text, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct versions versions_find(const struct manifest *m, const char *name)
{
    struct versions v = {.first = lower_bound(m, name)};
    while (v.first + v.count < m->implementation_count && !strcmp(m->implementations[v.first + v.count].name.text, name))
        v.count++;
    return v;
}

/* Nothing declares a signature, so it is the catalogue that is another than was meant. */
static void help_catalogue(const struct manifest *m, struct diag *d)
{
    struct text places = {};
    for (size_t i = 0; i < m->catalogue_count; i++)
        text_printf(&places, "%s'%s/*/ukc.lua'", i ? ", " : "", m->catalogue[i]);
    diag_help(d, "the catalogue declares none: it is read from %s; ukc's own, without --catalogue, has them, and so has a copy of it, a DIR with DIR/libs/signatures/ukc.lua",
              text_string(&places));
    text_dispose(&places);
}

const struct signature *signature_require(struct arena *a, const struct manifest *m, struct word name, struct diag *d)
{
    const struct signature *found = signature_find(m, name.text);
    if (found)
        return found;
    diag_error(d, name.span, "there is no signature '%s'", name.text);
    const char **names = arena_array(a, const char *, m->signature_count);
    for (size_t i = 0; i < m->signature_count; i++)
        names[i] = m->signatures[i].name.text;
    const char *near = string_related(name.text, names, m->signature_count);
    if (near)
        diag_help(d, "did you mean '%s'?", near);
    else if (!m->signature_count && m->catalogue_count)
        help_catalogue(m, d);
    else
        diag_help(d, "if a directory beside the manifest declares it, is a 'use \"DIRECTORY\"' missing?");
    return NULL;
}

/* A directory with this name where the manifest is that speaks of it. */
static bool is_directory_beside(struct arena *a, struct word name)
{
    return name.span.source && file_is_directory(path_join(a, path_directory(a, name.span.source->path), name.text));
}

struct versions versions_require(struct arena *a, const struct manifest *m, struct word name, struct diag *d)
{
    struct versions found = versions_find(m, name.text);
    if (found.count)
        return found;
    diag_error(d, name.span, "there is no implementation '%s'", name.text);
    const char **names = arena_array(a, const char *, m->implementation_count);
    for (size_t i = 0; i < m->implementation_count; i++)
        names[i] = m->implementations[i].name.text;
    const char *near = string_related(name.text, names, m->implementation_count);
    if (is_directory_beside(a, name))
        diag_help(d, "did you mean: embed \"%s\"?", name.text);
    else if (near)
        diag_help(d, "did you mean '%s'?", near);
    else
        diag_help(d, "if a directory beside the manifest declares it, is a 'use \"DIRECTORY\"' missing?");
    return found;
}

const struct requirement *requirement_find(const struct component *c, const char *name)
{
    for (size_t i = 0; i < c->requires_count; i++)
        if (!strcmp(c->requires[i].name.text, name))
            return &c->requires[i];
    return NULL;
}

const struct key *key_find(const struct key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(keys[i].name.text, name))
            return &keys[i];
    return NULL;
}

bool component_provides(const struct component *c, const char *signature)
{
    for (size_t i = 0; i < c->provides_count; i++)
        if (!strcmp(c->provides[i].text, signature))
            return true;
    return false;
}

bool component_needs_directory(const struct component *c)
{
    return c->in_tree && !strcmp(c->name.text, "embed");
}

bool component_only_chosen(const struct component *c)
{
    return component_needs_directory(c) || (c->in_tree && !strcmp(c->name.text, "secret"));
}

bool component_in_range(const struct component *c, struct word range)
{
    if (!range.text || !*range.text)
        return true;
    return c->version.text && version_in_range(c->version.text, range.text);
}

/* "net" or "stack.net" as a key of this signature. */
static const struct key *key_of_signature(const struct signature *s, const char *word)
{
    size_t n = strlen(s->name.text);
    if (!strncmp(word, s->name.text, n) && word[n] == '.')
        word += n + 1;
    return key_find(s->keys, s->key_count, word);
}

/* Among the signatures the component provides first, then among all. */
static struct deciding_key signature_key_find(const struct manifest *m, const struct component *c, struct word word, size_t *matches)
{
    struct deciding_key found = {};
    *matches = 0;
    for (int near = 1; near >= 0 && !found.found; near--)
        for (size_t i = 0; i < m->signature_count; i++) {
            const struct signature *s = &m->signatures[i];
            if (near && !component_provides(c, s->name.text))
                continue;
            const struct key *key = s->key_count ? key_of_signature(s, word.text) : NULL;
            if (!key)
                continue;
            found = (struct deciding_key){.signature = s, .key = key, .found = true};
            ++*matches;
        }
    return found;
}

static void report_unknown(struct arena *a, const struct manifest *m, const struct component *c, struct word word, bool own,
                           struct diag *d)
{
    VEC(const char *) names = {};
    for (size_t i = 0; own && i < c->key_count; i++)
        *vec_add(a, &names) = c->keys[i].name.text;
    for (size_t i = 0; i < m->signature_count; i++)
        for (size_t k = 0; k < m->signatures[i].key_count; k++)
            *vec_add(a, &names) = m->signatures[i].keys[k].name.text;
    if (own)
        *vec_add(a, &names) = "target";
    diag_error(d, word.span, "there is no key '%s' to decide by", word.text);
    const char *near = string_nearest(word.text, names.items, names.count);
    if (near)
        diag_help(d, "did you mean '%s'?", near);
    else
        diag_help(d, own ? "a match asks for \"target\", a key of '%s' or a key of a signature" : "%s: `when` asks for a key of a signature",
                  c->name.text);
}

struct deciding_key deciding_find(struct arena *a, const struct manifest *m, const struct component *c, struct word word, bool own,
                                  struct diag *d)
{
    if (own && !strcmp(word.text, "target"))
        return (struct deciding_key){.found = true, .target = true};
    const struct key *key = own ? key_find(c->keys, c->key_count, word.text) : NULL;
    if (key)
        return (struct deciding_key){.key = key, .found = true};
    size_t matches;
    struct deciding_key found = signature_key_find(m, c, word, &matches);
    if (!matches)
        report_unknown(a, m, c, word, own, d);
    if (matches < 2)
        return found;
    diag_error(d, word.span, "'%s' is a key of several signatures", word.text);
    diag_help(d, "write it in full: '%s.%s'", found.signature->name.text, found.key->name.text);
    return (struct deciding_key){};
}
