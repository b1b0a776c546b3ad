/*
 * path.c - following paths through the graph, before there is a plan.
 */
#include <string.h>

#include "../graph/find.h"
#include "path.h"

struct steps steps_split(struct arena *a, const char *path)
{
    struct steps s = {};
    for (const char *p = path; *p; p++)
        s.count += *p == '.';
    s.names = arena_array(a, const char *, s.count + 1);
    for (size_t i = 0; i <= s.count; i++) {
        size_t n = strcspn(path, ".");
        s.names[i] = arena_strndup(a, path, n);
        path += n + (path[n] == '.');
    }
    s.key = s.names[s.count];
    return s;
}

static void step(const struct graph *g, const bool *at, const char *name, bool *next)
{
    for (size_t n = 0; n < g->node_count; n++) {
        if (!at[n])
            continue;
        for (size_t h = 0; h < g->nodes[n].hole_count; h++) {
            const struct hole *hole = &g->nodes[n].holes[h];
            if (strcmp(hole->requirement->name.text, name))
                continue;
            for (size_t k = 0; k < hole->candidate_count; k++)
                next[hole->candidates[k].node.at] = true;
        }
    }
}

static const bool *reached(const struct problem *p, uint32_t from, struct steps s)
{
    size_t n = p->graph->node_count;
    bool *at = arena_array(p->arena, bool, n), *next = arena_array(p->arena, bool, n);
    if (from == ABSENT)
        memset(at, true, n * sizeof *at);
    else
        at[from] = true;
    for (size_t i = 0; i < s.count; i++) {
        memset(next, 0, n * sizeof *next);
        step(p->graph, at, s.names[i], next);
        bool *spare = at;
        at = next;
        next = spare;
    }
    return at;
}

bool steps_may_reach(const struct problem *p, uint32_t from, struct steps s, uint32_t to)
{
    return reached(p, from, s)[to];
}

bool steps_may_have_key(const struct problem *p, uint32_t from, struct steps s)
{
    const bool *at = reached(p, from, s);
    for (size_t n = 0; n < p->graph->node_count; n++)
        if (at[n] && key_find(p->graph->nodes[n].component->keys, p->graph->nodes[n].component->key_count, s.key))
            return true;
    return false;
}
