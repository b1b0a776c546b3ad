/*
 * recipe.c - recipes and records as canonical text, and back; see recipe.h.
 */
#include "recipe.h"
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "canon.h"
#include "note.h"

#define LINE_LIMIT 1000000

static void put_hash(struct text *t, const char *first, const struct hash *h)
{
    canon_begin(t, first);
    canon_hash(t, h);
    canon_end(t);
}

static void put_file(struct text *t, const char *first, const struct hash *sha256, uint64_t size, const char *path)
{
    canon_begin(t, first);
    canon_hash(t, sha256);
    canon_number(t, size);
    if (path)
        canon_word(t, path);
    canon_end(t);
}

/* ---- recipes ---- */

void recipe_text(const struct recipe *r, struct text *t)
{
    canon_line(t, "ukc-recipe", r->note ? "3" : "2");
    canon_line(t, "target", r->target);
    canon_line(t, "profile", r->profile);
    canon_line(t, "image", r->image);
    if (r->note)
        canon_line(t, "note", NOTE_SECTION);
    for (size_t i = 0; i < r->environment_count; i++)
        canon_line(t, "environment", r->environment[i]);
    put_hash(t, "tools", &r->tools);
    put_hash(t, "actions", &r->actions);
    if (r->has_host)
        put_hash(t, "host", &r->host);
    put_hash(t, "inputs", &r->inputs);
    for (size_t i = 0; i < r->large_count; i++)
        put_file(t, "large", &r->large[i].sha256, r->large[i].size, r->large[i].path);
}

/* The lines from which each field is taken stand in the order of recipe_text. */
struct reader {
    const struct canon_line *lines;
    size_t count, at;
};

static const char *take_word(struct reader *r, const char *first)
{
    return r->at < r->count && canon_is(&r->lines[r->at], first, 2) ? r->lines[r->at++].words[1] : NULL;
}

static bool take_hash(struct reader *r, const char *first, struct hash *out)
{
    const char *word = take_word(r, first);
    return word && hash_parse(word, out);
}

static bool take_host(struct reader *r, struct recipe *out)
{
    out->has_host = r->at < r->count && canon_is(&r->lines[r->at], "host", 2);
    return !out->has_host || take_hash(r, "host", &out->host);
}

static bool take_note(struct reader *r, struct recipe *out)
{
    const char *word = out->note ? take_word(r, "note") : NULL;
    return !out->note || (word && strcmp(word, NOTE_SECTION) == 0);
}

static bool take_file(struct reader *r, const char *first, size_t words, struct hash *sha256, uint64_t *size, const char **path)
{
    if (r->at >= r->count || !canon_is(&r->lines[r->at], first, words))
        return false;
    const struct canon_line *line = &r->lines[r->at++];
    if (path)
        *path = line->words[3];
    return hash_parse(line->words[1], sha256) && canon_parse_number(line->words[2], size);
}

static bool take_environment(struct arena *a, struct reader *r, struct recipe *out)
{
    VEC(const char *) all = {};
    for (const char *word; (word = take_word(r, "environment"));) {
        if (!strchr(word, '=') || *word == '=' || (all.count && strcmp(all.items[all.count - 1], word) >= 0))
            return false;
        *vec_add(a, &all) = word;
    }
    out->environment = all.items;
    out->environment_count = all.count;
    return true;
}

static bool take_large(struct arena *a, struct reader *r, struct recipe *out)
{
    VEC(struct large_input) all = {};
    while (r->at < r->count) {
        struct large_input *x = vec_add(a, &all);
        if (!take_file(r, "large", 4, &x->sha256, &x->size, &x->path) || !canon_is_path(a, x->path) ||
            (all.count > 1 && strcmp(x[-1].path, x->path) >= 0))
            return false;
    }
    out->large = all.items;
    out->large_count = all.count;
    return true;
}

bool recipe_parse(struct arena *a, const void *bytes, size_t size, struct recipe *out)
{
    struct reader r = {};
    *out = (struct recipe){};
    r.lines = canon_lines(a, bytes, size, LINE_LIMIT, &r.count);
    const char *version = r.lines ? take_word(&r, "ukc-recipe") : NULL;
    out->note = version && strcmp(version, "3") == 0;
    bool good = version && (out->note || strcmp(version, "2") == 0) && (out->target = take_word(&r, "target")) &&
                (out->profile = take_word(&r, "profile")) && (out->image = take_word(&r, "image")) && canon_is_path(a, out->image) &&
                take_note(&r, out) && take_environment(a, &r, out) && take_hash(&r, "tools", &out->tools) && take_hash(&r, "actions", &out->actions) &&
                take_host(&r, out) && take_hash(&r, "inputs", &out->inputs) && take_large(a, &r, out);
    struct text again = {};
    if (good)
        recipe_text(out, &again);
    good = good && canon_is_same(&again, bytes, size);
    text_dispose(&again);
    return good;
}

/* ---- records ---- */

void record_facts_text(const struct record_facts *f, struct text *t)
{
    canon_line(t, "ukc-record", "2");
    put_hash(t, "recipe", &f->recipe);
    put_hash(t, "intent", &f->intent);
    put_hash(t, "outputs", &f->outputs);
    put_file(t, "image", &f->image, f->image_bytes, NULL);
}

bool record_facts_parse(struct arena *a, const void *bytes, size_t size, struct record_facts *out)
{
    struct reader r = {};
    *out = (struct record_facts){};
    r.lines = canon_lines(a, bytes, size, LINE_LIMIT, &r.count);
    const char *version = r.lines ? take_word(&r, "ukc-record") : NULL;
    bool good = version && strcmp(version, "2") == 0 && take_hash(&r, "recipe", &out->recipe) && take_hash(&r, "intent", &out->intent) &&
                take_hash(&r, "outputs", &out->outputs) && take_file(&r, "image", 3, &out->image, &out->image_bytes, NULL) && r.at == r.count;
    struct text again = {};
    if (good)
        record_facts_text(out, &again);
    good = good && canon_is_same(&again, bytes, size);
    text_dispose(&again);
    return good;
}
