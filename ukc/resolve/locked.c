/*
 * locked.c - which candidate ukc.lock names for each requirement.
 *
 * Lines go by the path of the requirement in the plan that was locked.  The
 * walk follows the locked choices themselves, breadth-first, so a node is met
 * first on the path that named its instance when the line was written.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "problem.h"
#include "words.h"

static bool term_holds(const struct problem *p, const char *term, size_t n)
{
    for (size_t i = 0; i < p->deciding_count; i++) {
        const struct plan_key *k = &p->deciding[i].key;
        const char *names[] = {k->key->name.text, p->deciding[i].path};
        for (int w = 0; w < 2 && k->value; w++) {
            const char *now = arena_printf(p->arena, "%s=%s", names[w], context_value(p->arena, k->value->text));
            if (strlen(now) == n && !memcmp(now, term, n))
                return true;
        }
    }
    return false;
}

/* The number of terms of a lock line's context if all of them hold now, else -1. */
static int context_matches(const struct problem *p, const char *context)
{
    if (!strcmp(context, "-"))
        return 0;
    int terms = 0;
    for (const char *c = context; *c; terms++) {
        size_t n = strcspn(c, ",");
        if (!term_holds(p, c, n))
            return -1;
        c += n + (c[n] == ',');
    }
    return terms;
}

/* The context to read: the most particular one that holds, the first of equals; NULL: none. */
static const char *context_choose(const struct problem *p, const struct lock *lock)
{
    const char *best = NULL;
    int best_terms = -1;
    for (size_t i = 0; i < lock->choice_count; i++) {
        const struct lock_choice *c = &lock->choices[i];
        if (strcmp(c->unikernel, p->graph->unikernel->name.text) || strcmp(c->target, target_names[p->target]))
            continue;
        int terms = context_matches(p, c->context);
        if (terms > best_terms) {
            best = c->context;
            best_terms = terms;
        }
    }
    return best;
}

static bool same_version(const struct component *c, const struct lock_choice *line)
{
    return !strcmp(c->version.text ? c->version.text : "-", line->version);
}

bool candidate_locked(const struct problem *p, uint32_t h, const struct candidate *c)
{
    const struct component *component = p->graph->nodes[c->node.at].component;
    return !strcmp(component->name.text, p->lock_line[h]->implementation) && same_version(component, p->lock_line[h]);
}

/* Does the line speak about what the hole may take?  An explicit choice of something else stands above the lock. */
static bool line_concerns(const struct problem *p, uint32_t h, const struct lock_choice *line)
{
    const struct hole *hole = problem_hole(p, h);
    for (uint32_t k = 0; !hole->open && k < hole->candidate_count; k++)
        if (candidate_guarded_in(p, h, &hole->candidates[k]) &&
            !strcmp(p->graph->nodes[hole->candidates[k].node.at].component->name.text, line->implementation))
            return true;
    return hole->open;
}

struct walk {
    struct problem *p;
    const char *context;
    const char **path; /* by node; NULL: not met yet */
    uint32_t *queue;
    size_t count;
};

static void visit_hole(struct walk *w, uint32_t owner, uint32_t h)
{
    struct problem *p = w->p;
    const struct lock *lock = p->options->lock;
    const struct hole *hole = problem_hole(p, h);
    const char *path = arena_printf(p->arena, "%s%s%s", w->path[owner], owner ? "." : "", hole->requirement->name.text);
    struct lock_choice key = {.unikernel = p->graph->unikernel->name.text, .target = target_names[p->target], .context = w->context, .path = path};
    const struct lock_choice *line = bsearch(&key, lock->choices, lock->choice_count, sizeof *line, lock_choice_compare);
    bool locked = line && line_concerns(p, h, line);
    if (locked)
        p->lock_line[h] = line;
    for (uint32_t k = 0; k < hole->candidate_count; k++) {
        uint32_t n = hole->candidates[k].node.at;
        bool follow = locked ? candidate_locked(p, h, &hole->candidates[k]) : hole->candidate_count == 1;
        if (!follow || w->path[n])
            continue;
        w->path[n] = path;
        w->queue[w->count++] = n;
    }
}

void locked_find(struct problem *p)
{
    const struct lock *lock = p->options->update ? NULL : p->options->lock;
    struct walk w = {.p = p, .context = lock ? context_choose(p, lock) : NULL};
    if (!w.context)
        return;
    w.path = arena_array(p->arena, const char *, p->graph->node_count);
    w.queue = arena_array(p->arena, uint32_t, p->graph->node_count);
    w.path[0] = "";
    w.count = 1;
    for (size_t q = 0; q < w.count; q++)
        for (uint32_t h = p->hole_first[w.queue[q]]; h < p->hole_first[w.queue[q] + 1]; h++)
            visit_hole(&w, w.queue[q], h);
}
