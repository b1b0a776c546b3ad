/*
 * action.c - actions as canonical text, and back; see action.h.
 */
#include "action.h"
#include <string.h>
#include "../ukc/base/arena.h"
#include "canon.h"

#define LINE_LIMIT 10000000

void action_group_text(const struct action_group *g, struct text *t)
{
    canon_line(t, "ukc-actions", "1");
    for (size_t i = 0; i < g->header_count; i++)
        canon_line(t, "header", g->headers[i]);
    for (size_t i = 0; i < g->action_count; i++) {
        const struct action *x = &g->actions[i];
        canon_words(t, "run", x->words, x->word_count);
        if (x->input_count)
            canon_words(t, "in", x->inputs, x->input_count);
        canon_words(t, "out", x->outputs, x->output_count);
    }
}

/* Sorted, and each is a path that leads nowhere else: without ".", ".." and empty names. */
static bool are_paths(struct arena *a, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!canon_is_path(a, words[i]) || (i && strcmp(words[i - 1], words[i]) >= 0))
            return false;
    return true;
}

/* run, in (may be absent), out.  How many lines it has; 0: it is none. */
static size_t take_action(struct arena *a, const struct canon_line *lines, size_t count, struct action *x)
{
    size_t n = 0;
    if (lines[0].count < 2 || strcmp(lines[0].words[0], "run") != 0 || strchr(lines[0].words[1], '/'))
        return 0;
    *x = (struct action){.words = lines[0].words + 1, .word_count = lines[0].count - 1};
    n = 1;
    if (n < count && lines[n].count > 1 && strcmp(lines[n].words[0], "in") == 0) {
        x->inputs = lines[n].words + 1;
        x->input_count = lines[n].count - 1;
        n++;
    }
    if (n >= count || lines[n].count < 2 || strcmp(lines[n].words[0], "out") != 0)
        return 0;
    x->outputs = lines[n].words + 1;
    x->output_count = lines[n].count - 1;
    return are_paths(a, x->inputs, x->input_count) && are_paths(a, x->outputs, x->output_count) ? n + 1 : 0;
}

static bool take_group(struct arena *a, const struct canon_line *lines, size_t count, struct action_group *g)
{
    VEC(const char *) headers = {};
    VEC(struct action) actions = {};
    size_t at = 1;
    if (count == 0 || !canon_is(&lines[0], "ukc-actions", 2) || strcmp(lines[0].words[1], "1") != 0)
        return false;
    for (; at < count && canon_is(&lines[at], "header", 2); at++)
        *vec_add(a, &headers) = lines[at].words[1];
    while (at < count) {
        size_t n = take_action(a, lines + at, count - at, vec_add(a, &actions));
        if (n == 0)
            return false;
        at += n;
    }
    g->actions = actions.items;
    g->action_count = actions.count;
    g->headers = headers.items;
    g->header_count = headers.count;
    for (size_t i = 1; i < actions.count; i++)
        if (strcmp(actions.items[i - 1].outputs[0], actions.items[i].outputs[0]) >= 0)
            return false;
    return are_paths(a, g->headers, g->header_count);
}

bool action_group_parse(struct arena *a, const char *name, const void *bytes, size_t size, struct action_group *g)
{
    size_t count;
    struct text again = {};
    const struct canon_line *lines = canon_lines(a, bytes, size, LINE_LIMIT, &count);
    *g = (struct action_group){.name = name};
    bool good = lines && take_group(a, lines, count, g);
    if (good)
        action_group_text(g, &again);
    good = good && canon_is_same(&again, bytes, size);
    text_dispose(&again);
    return good;
}

void action_outputs_text(const struct action_output *out, size_t count, struct text *t)
{
    canon_line(t, "ukc-outputs", "1");
    for (size_t i = 0; i < count; i++) {
        canon_begin(t, "out");
        canon_hash(t, &out[i].sha256);
        canon_number(t, out[i].size);
        canon_word(t, out[i].path);
        canon_end(t);
    }
}

bool action_outputs_parse(struct arena *a, const void *bytes, size_t size, const struct action_output **out, size_t *out_count)
{
    size_t count;
    struct text again = {};
    const struct canon_line *lines = canon_lines(a, bytes, size, LINE_LIMIT, &count);
    bool good = lines && count && canon_is(&lines[0], "ukc-outputs", 2);
    struct action_output *all = good ? arena_array(a, struct action_output, count) : NULL;
    for (size_t i = 1; good && i < count; i++) {
        struct action_output *x = &all[i - 1];
        good = canon_is(&lines[i], "out", 4) && hash_parse(lines[i].words[1], &x->sha256) &&
               canon_parse_number(lines[i].words[2], &x->size) && canon_is_path(a, lines[i].words[3]);
        x->path = lines[i].words[3];
    }
    if (good)
        action_outputs_text(all, count - 1, &again);
    good = good && canon_is_same(&again, bytes, size);
    text_dispose(&again);
    *out = all;
    *out_count = good ? count - 1 : 0;
    return good;
}
