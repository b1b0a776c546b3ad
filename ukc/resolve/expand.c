/*
 * expand.c - from nodes to instances.
 *
 * A declared instance is one instance, and so is the open node of an
 * implementation as far as shared signatures use it; every other use of an
 * open node is an instance of its own.  Names are paths of requirements.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "draft.h"

static uint32_t add_instance(struct draft *d, node_id node)
{
    struct draft_instance *i = vec_add(d->arena, &d->instances);
    *i = (struct draft_instance){.node = node};
    i->provider = arena_array(d->arena, uint32_t, d->p->graph->nodes[node.at].hole_count);
    return (uint32_t)d->instances.count - 1;
}

static bool report_too_many(struct draft *d, const struct hole *hole)
{
    diag_error(d->diag, hole->requirement->name.span, "the plan has more than %d instances", INSTANCES_MAX);
    diag_note(d->diag, hole->signature->span, "signature '%s' is not shared: each requirement gets its own instance",
              hole->signature->name.text);
    return diag_help(d->diag, "declare one instance and choose it where it is meant, or mark the signature `shared`");
}

static bool expand(struct draft *d)
{
    const struct problem *p = d->p;
    uint32_t *single = arena_array(d->arena, uint32_t, p->graph->node_count);
    memset(single, 0xff, p->graph->node_count * sizeof *single);
    add_instance(d, (node_id){0});
    for (uint32_t i = 0; i < d->instances.count; i++) {
        uint32_t n = d->instances.items[i].node.at;
        for (uint32_t h = p->hole_first[n]; h < p->hole_first[n + 1]; h++) {
            const struct hole *hole = problem_hole(p, h);
            node_id to = hole->candidates[d->choices->taken[h]].node;
            bool one = p->graph->nodes[to.at].instance || hole->signature->shared;
            uint32_t at = one ? single[to.at] : ABSENT;
            if (at == ABSENT) {
                if (d->instances.count == INSTANCES_MAX)
                    return report_too_many(d, hole);
                at = add_instance(d, to);
                if (one)
                    single[to.at] = at;
            }
            d->instances.items[i].provider[h - p->hole_first[n]] = at;
        }
    }
    return true;
}

struct step {
    uint32_t instance;
    const char *path;
    uint32_t depth;
};

/* Breadth-first in the order of names: shorter paths first, equal ones in byte order ('.' is less than any letter). */
static void find_paths(struct draft *d)
{
    VEC(struct step) queue = {};
    *vec_add(d->arena, &queue) = (struct step){0, "", 0};
    for (size_t q = 0; q < queue.count; q++) {
        struct step s = queue.items[q];
        struct draft_instance *i = &d->instances.items[s.instance];
        if (i->paths.count == PATHS_MAX)
            continue;
        if (!i->paths.count)
            i->depth = s.depth;
        *vec_add(d->arena, &i->paths) = s.path;
        const struct node *n = draft_node(d, s.instance);
        for (size_t h = 0; h < n->hole_count; h++) {
            if (d->instances.items[i->provider[h]].paths.count == PATHS_MAX)
                continue;
            const char *path = arena_printf(d->arena, "%s%s%s", s.path, *s.path ? "." : "", n->holes[h].requirement->name.text);
            *vec_add(d->arena, &queue) = (struct step){i->provider[h], path, s.depth + 1};
        }
    }
}

static bool find_names(struct draft *d)
{
    struct draft_instance *root = &d->instances.items[0];
    root->name = root->paths.items[0] = d->p->graph->unikernel->name.text;
    for (size_t i = 1; i < d->instances.count; i++) {
        struct draft_instance *x = &d->instances.items[i];
        x->name = x->paths.items[0];
        if (strcmp(x->name, root->name))
            continue;
        const struct requirement *r = NULL;
        for (size_t h = 0; h < draft_node(d, 0)->hole_count; h++)
            if (!strcmp(draft_node(d, 0)->holes[h].requirement->name.text, x->name))
                r = draft_node(d, 0)->holes[h].requirement;
        diag_error(d->diag, r ? r->name.span : SPAN_NONE, "the requirement '%s' is named like the unikernel", x->name);
        return diag_help(d->diag, "rename one: instances are named by their paths");
    }
    for (size_t i = 1; i < d->instances.count; i++)
        qsort(d->instances.items[i].paths.items, d->instances.items[i].paths.count, sizeof(char *), string_compare);
    return true;
}

bool draft_instances(struct draft *d)
{
    if (!expand(d))
        return false;
    find_paths(d);
    return find_names(d);
}

uint32_t draft_walk(const struct draft *d, uint32_t from, struct steps s)
{
    for (size_t i = 0; i < s.count; i++) {
        const struct node *n = draft_node(d, from);
        size_t h = 0;
        while (h < n->hole_count && strcmp(n->holes[h].requirement->name.text, s.names[i]))
            h++;
        if (h == n->hole_count)
            return ABSENT;
        from = d->instances.items[from].provider[h];
    }
    return from;
}

static int compare_names(const void *a, const void *b, void *draft)
{
    const struct draft *d = draft;
    return strcmp(d->instances.items[*(const uint32_t *)a].name, d->instances.items[*(const uint32_t *)b].name);
}

/* Providers first; of those that could start, the first by name.  The unikernel is last: nothing needs it, and it needs all. */
void draft_order(struct draft *d)
{
    size_t n = d->instances.count, done = 0;
    uint32_t *by_name = arena_array(d->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        by_name[i] = i;
    qsort_r(by_name, n, sizeof *by_name, compare_names, d);
    bool *started = arena_array(d->arena, bool, n);
    d->order = arena_array(d->arena, uint32_t, n);
    while (done < n)
        for (size_t k = 0; k < n; k++) {
            uint32_t i = by_name[k];
            bool ready = !started[i];
            for (size_t h = 0; ready && h < draft_node(d, i)->hole_count; h++)
                ready = started[d->instances.items[i].provider[h]];
            if (!ready)
                continue;
            started[i] = true;
            d->instances.items[i].place = (uint32_t)done;
            d->order[done++] = i;
            break;
        }
}
