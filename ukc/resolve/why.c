/*
 * why.c - for each requirement: why its candidate was taken, and why every
 * other implementation of its signature was not.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "../graph/find.h"
#include "conflict.h"
#include "draft.h"
#include "words.h"

typedef VEC(const struct component *) component_list;

struct answer {
    bool known;
    enum plan_reason reason;
    const struct rejected *rejected;
    size_t count;
};

struct why {
    struct draft *d;
    struct arena *arena;
    const struct problem *p;
    struct answer *answers;    /* by hole */
    uint32_t *decided;         /* by hole: its turn; ABSENT */
    uint32_t *first_taker;     /* by node: the turn that first took it */
    bool *used;                /* by node */
    component_list *providers; /* by signature, filled when met, sorted by name */
};

struct why *why_create(struct draft *d)
{
    const struct problem *p = d->p;
    struct why *w = arena_new(d->arena, struct why);
    *w = (struct why){.d = d, .arena = d->arena, .p = p};
    w->answers = arena_array(d->arena, struct answer, p->hole_count);
    w->decided = arena_array(d->arena, uint32_t, p->hole_count);
    w->first_taker = arena_array(d->arena, uint32_t, p->graph->node_count);
    w->used = arena_array(d->arena, bool, p->graph->node_count);
    w->providers = (component_list *)arena_alloc(d->arena, p->graph->manifest->signature_count * sizeof *w->providers,
                                                 _Alignof(component_list));
    memset(w->decided, 0xff, p->hole_count * sizeof *w->decided);
    memset(w->first_taker, 0xff, p->graph->node_count * sizeof *w->first_taker);
    w->used[0] = true;
    for (uint32_t i = 0; i < d->choices->decision_count; i++) {
        struct decision x = d->choices->decisions[i];
        uint32_t n = problem_hole(p, x.hole)->candidates[x.candidate].node.at;
        w->decided[x.hole] = i;
        w->used[n] = true;
        if (w->first_taker[n] == ABSENT)
            w->first_taker[n] = i;
    }
    return w;
}

static const component_list *providers_of(struct why *w, const struct signature *s)
{
    component_list *l = &w->providers[signature_index(w->p, s)];
    const struct manifest *m = w->p->graph->manifest;
    if (l->count)
        return l;
    for (size_t i = 0; i < m->implementation_count; i++)
        if (component_provides(&m->implementations[i], s->name.text))
            *vec_add(w->arena, l) = &m->implementations[i];
    return l;
}

/* A candidate that could have been taken and comes later in order: the first such, or NULL. */
static const struct candidate *runner_up(const struct why *w, uint32_t h, uint32_t taken)
{
    const struct hole *hole = problem_hole(w->p, h);
    for (uint32_t k = taken + 1; k < hole->candidate_count; k++)
        if (candidate_usable(w->p, h, &hole->candidates[k]) && !candidate_borrowed(w->p, hole, &hole->candidates[k]))
            return &hole->candidates[k];
    return NULL;
}

static bool lock_decided(const struct why *w, uint32_t h, uint32_t taken)
{
    const struct choices *free_choices = w->d->unlocked;
    return w->p->use_lock && w->p->lock_line[h] && free_choices && free_choices->taken[h] != ABSENT &&
           free_choices->taken[h] != taken;
}

static enum plan_reason find_reason(const struct why *w, uint32_t h)
{
    const struct hole *hole = problem_hole(w->p, h);
    uint32_t taken = w->d->choices->taken[h];
    const struct candidate *c = &hole->candidates[taken];
    if (!hole->open)
        return REASON_EXPLICIT;
    bool single = hole->signature->shared || w->p->graph->nodes[c->node.at].instance;
    if (single && w->first_taker[c->node.at] < w->decided[h])
        return REASON_SHARED;
    if (lock_decided(w, h, taken))
        return REASON_LOCKED;
    const struct candidate *next = runner_up(w, h, taken);
    if (!next)
        return REASON_ONLY;
    int64_t mine = w->p->graph->nodes[c->node.at].component->preference;
    return mine > w->p->graph->nodes[next->node.at].component->preference ? REASON_PREFERENCE : REASON_NAME;
}

static const char *guard_text(struct arena *a, const struct candidate *c)
{
    if (!strcmp(c->value.text, "default"))
        return arena_printf(a, "only if no other case of %s fits", c->selector.text);
    return arena_printf(a, "only if %s is %s", c->selector.text, c->value.text);
}

/* The first requirement of a dead node that nothing can fill. */
static const char *dead_text(const struct why *w, uint32_t node)
{
    for (uint32_t h = w->p->hole_first[node]; h < w->p->hole_first[node + 1]; h++) {
        const struct hole *hole = problem_hole(w->p, h);
        bool filled = false;
        for (size_t k = 0; k < hole->candidate_count; k++)
            filled |= candidate_usable(w->p, h, &hole->candidates[k]);
        if (!filled)
            return arena_printf(w->arena, "its requirement %s: sig.%s cannot be met for target %s", hole->requirement->name.text,
                                hole->signature->name.text, target_names[w->p->target]);
    }
    return "cannot be completed";
}

static bool excludes(struct arena *a, const struct component *x, const struct component *y)
{
    for (size_t i = 0; i < x->conflict_count; i++) {
        struct conflict c = conflict_parse(a, x->conflicts[i].text);
        if (conflict_hits(&c, y))
            return true;
    }
    return false;
}

/* Could be used alone, but not in this image: a reason that can be named in few words. */
static const char *refused_text(const struct why *w, uint32_t h, uint32_t node)
{
    const struct graph *g = w->p->graph;
    const struct component *c = g->nodes[node].component;
    if (node == w->p->hole_node[h])
        return "cannot fill a requirement of its own";
    for (size_t n = 0; n < g->node_count; n++) {
        const struct component *other = g->nodes[n].component;
        if (!w->used[n] || other == c)
            continue;
        if (excludes(w->arena, c, other) || excludes(w->arena, other, c))
            return arena_printf(w->arena, "conflicts with '%s'", component_text(w->arena, w->p, other));
        for (size_t s = 0; s < c->provides_count; s++) {
            const struct signature *sig = signature_find(g->manifest, c->provides[s].text);
            if (sig && sig->exclusive && component_provides(other, sig->name.text))
                return arena_printf(w->arena, "signature '%s' is exclusive, and '%s' is in the image", sig->name.text,
                                    component_text(w->arena, w->p, other));
        }
    }
    return "does not fit the other choices";
}

static const char *outranked_text(const struct why *w, uint32_t h, const struct component *c)
{
    uint32_t taken = w->d->choices->taken[h];
    const struct component *winner = w->p->graph->nodes[problem_hole(w->p, h)->candidates[taken].node.at].component;
    const char *name = component_text(w->arena, w->p, winner);
    enum plan_reason reason = w->answers[h].reason;
    if (reason == REASON_SHARED)
        return arena_printf(w->arena, "'%s' is shared", name);
    if (reason == REASON_LOCKED)
        return arena_printf(w->arena, "ukc.lock holds '%s'", name);
    if (c->preference < winner->preference)
        return arena_printf(w->arena, "less preferred than '%s'", name);
    if (!strcmp(c->name.text, winner->name.text))
        return arena_printf(w->arena, "older than '%s'", name);
    return arena_printf(w->arena, "comes after '%s' by name", name);
}

static const char *candidate_text(const struct why *w, uint32_t h, uint32_t k)
{
    const struct hole *hole = problem_hole(w->p, h);
    const struct candidate *c = &hole->candidates[k];
    const struct component *component = w->p->graph->nodes[c->node.at].component;
    if (c->guard && !candidate_guarded_in(w->p, h, c))
        return guard_text(w->arena, c);
    if (!candidate_in_range(w->p, h, c))
        return arena_printf(w->arena, "version %s is not %s", version_text(component), hole->requirement->version.text);
    if (!w->p->alive[c->node.at])
        return dead_text(w, c->node.at);
    bool before = k < w->d->choices->taken[h];
    return before && w->answers[h].reason != REASON_SHARED && w->answers[h].reason != REASON_LOCKED
               ? refused_text(w, h, c->node.at)
               : outranked_text(w, h, component);
}

static struct rejected reject(const struct why *w, uint32_t h, const struct component *c)
{
    const struct hole *hole = problem_hole(w->p, h);
    struct rejected r = {.component = c, .span = c->span};
    if (!(c->targets & 1u << w->p->target)) {
        r.span = targets_span(c);
        r.why = arena_printf(w->arena, "only for %s", targets_text(w->arena, c));
        return r;
    }
    uint32_t k = 0;
    while (k < hole->candidate_count && w->p->graph->nodes[hole->candidates[k].node.at].component != c)
        k++;
    if (k == hole->candidate_count) {
        r.span = hole->choice ? hole->choice->span : c->span;
        r.why = "the manifest chooses another";
        return r;
    }
    size_t condition;
    const struct node *n = &w->p->graph->nodes[hole->candidates[k].node.at];
    if (node_fitness(w->p, n->id, &condition) == UNMET_CONDITION) {
        r.span = c->conditions[condition].key.span;
        r.why = condition_text(w->arena, w->p, n, condition);
        return r;
    }
    r.span = hole->candidates[k].span;
    r.why = candidate_text(w, h, k);
    return r;
}

static void answer(struct why *w, uint32_t h)
{
    const struct hole *hole = problem_hole(w->p, h);
    struct answer *a = &w->answers[h];
    a->known = true;
    a->reason = find_reason(w, h);
    const struct component *taken = w->p->graph->nodes[hole->candidates[w->d->choices->taken[h]].node.at].component;
    const component_list *all = providers_of(w, hole->signature);
    struct rejected *rejected = arena_array(w->arena, struct rejected, all->count);
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i] != taken)
            rejected[a->count++] = reject(w, h, all->items[i]);
    a->rejected = rejected;
}

void why_binding(struct why *w, uint32_t h, struct plan_binding *b)
{
    if (!w->answers[h].known)
        answer(w, h);
    const struct hole *hole = problem_hole(w->p, h);
    b->reason = w->answers[h].reason;
    b->rejected = w->answers[h].rejected;
    b->rejected_count = w->answers[h].count;
    b->span = hole->open ? hole->requirement->name.span : hole->candidates[w->d->choices->taken[h]].span;
}
