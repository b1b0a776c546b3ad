/*
 * problem.c - what the target, the deciding keys and the versions rule out
 * before any solving: cheap facts, and the nodes that cannot be completed
 * because of them.
 */
#include <string.h>

#include "../base/text.h"
#include "../graph/find.h"
#include "problem.h"

bool condition_met(const struct problem *p, const struct node_condition *found, const struct condition *written)
{
    const char *value = found->key ? deciding_text(p, found->key) : NULL;
    for (size_t i = 0; value && i < written->value_count; i++)
        if (!strcmp(found->values[i], value))
            return true;
    return false;
}

enum fitness node_fitness(const struct problem *p, node_id id, size_t *condition)
{
    const struct node *n = &p->graph->nodes[id.at];
    if (!(n->component->targets & 1u << p->target))
        return WRONG_TARGET;
    for (size_t i = 0; i < n->component->condition_count; i++)
        if (!condition_met(p, &n->conditions[i], &n->component->conditions[i])) {
            if (condition)
                *condition = i;
            return UNMET_CONDITION;
        }
    return FITS;
}

/* The case that a match picks for a value: the equal one, else the default; case_count when none. */
static size_t case_picked(const struct selector *s, const char *value)
{
    size_t otherwise = s->match->case_count;
    for (size_t i = 0; i < s->match->case_count; i++) {
        if (!s->values[i])
            otherwise = i;
        else if (value && !strcmp(s->values[i], value))
            return i;
    }
    return otherwise;
}

bool candidate_guarded_in(const struct problem *p, uint32_t hole, const struct candidate *c)
{
    node_id owner = {p->hole_node[hole]};
    for (const struct guard *g = c->guard; g; g = g->outer)
        if (case_picked(g->selector, selector_text(p, owner, g->selector)) != g->at)
            return false;
    return true;
}

const struct selector *hole_undecided(const struct problem *p, uint32_t h)
{
    const struct hole *hole = problem_hole(p, h);
    const struct selector *found = NULL;
    size_t deepest = 0;
    for (size_t k = 0; !hole->open && k < hole->candidate_count; k++) {
        if (candidate_guarded_in(p, h, &hole->candidates[k]))
            return NULL;
        for (const struct guard *g = hole->candidates[k].guard; g; g = g->outer) {
            size_t depth = 1;
            for (const struct guard *o = g->outer; o; o = o->outer)
                depth++;
            if (depth > deepest && candidate_guarded_in(p, h, &(struct candidate){.guard = g->outer})) {
                found = g->selector;
                deepest = depth;
            }
        }
    }
    return found;
}

bool candidate_in_range(const struct problem *p, uint32_t hole, const struct candidate *c)
{
    return component_in_range(p->graph->nodes[c->node.at].component, problem_hole(p, hole)->requirement->version);
}

bool candidate_usable(const struct problem *p, uint32_t hole, const struct candidate *c)
{
    return p->alive[c->node.at] && candidate_in_range(p, hole, c) && (!c->guard || candidate_guarded_in(p, hole, c));
}

static bool hole_fillable(const struct problem *p, uint32_t h)
{
    const struct hole *hole = problem_hole(p, h);
    for (size_t k = 0; k < hole->candidate_count; k++)
        if (candidate_usable(p, h, &hole->candidates[k]))
            return true;
    return false;
}

static bool node_completable(const struct problem *p, uint32_t n)
{
    if (node_fitness(p, (node_id){n}, NULL) != FITS)
        return false;
    for (uint32_t h = p->hole_first[n]; h < p->hole_first[n + 1]; h++)
        if (!hole_fillable(p, h))
            return false;
    return true;
}

/*
 * The least fixed point: a node lives when each requirement has a living
 * candidate, so what only supports itself in a circle stays dead.  Providers
 * come late in breadth-first order, hence backwards.
 */
void problem_settle(struct problem *p)
{
    memset(p->alive, 0, p->graph->node_count * sizeof *p->alive);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = p->graph->node_count; i-- > 0;)
            if (!p->alive[i] && node_completable(p, (uint32_t)i))
                changed = p->alive[i] = true;
    }
}

static void number_holes(struct problem *p)
{
    size_t nodes = p->graph->node_count;
    p->hole_first = arena_array(p->arena, uint32_t, nodes + 1);
    for (size_t i = 0; i < nodes; i++)
        p->hole_first[i + 1] = p->hole_first[i] + (uint32_t)p->graph->nodes[i].hole_count;
    p->hole_count = p->hole_first[nodes];
    p->hole_node = arena_array(p->arena, uint32_t, p->hole_count);
    for (uint32_t i = 0; i < nodes; i++)
        for (uint32_t h = p->hole_first[i]; h < p->hole_first[i + 1]; h++)
            p->hole_node[h] = i;
}

struct problem *problem_create(struct arena *a, const struct graph *g, const struct resolve_options *o, struct diag *d)
{
    struct problem *p = arena_new(a, struct problem);
    *p = (struct problem){.arena = a, .graph = g, .options = o, .target = o->target};
    number_holes(p);
    p->alive = arena_array(a, bool, g->node_count);
    if (!deciding_collect(p, d) || !own_collect(p, d))
        return NULL;
    p->lock_line = arena_array(a, const struct lock_choice *, p->hole_count);
    locked_find(p);
    problem_settle(p);
    return p;
}
