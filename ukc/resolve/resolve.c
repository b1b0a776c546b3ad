/*
 * resolve.c - from graph to plan, in order: what is fixed before solving, the
 * best choices, instances, keys; again while a component's own key decides
 * otherwise than was guessed; then the plan in its final form.
 */
#include <string.h>

#include "../base/text.h"
#include "budget.h"
#include "draft.h"
#include "explain.h"

#define ROUNDS 8

/* The choices with the lock, and without it where that may differ. */
struct outcome {
    const struct choices *choices, *unlocked;
};

static bool has_lock(const struct problem *p)
{
    for (uint32_t h = 0; h < p->hole_count; h++)
        if (p->lock_line[h])
            return true;
    return false;
}

static struct outcome choose(struct problem *p, struct diag *d)
{
    struct outcome o = {};
    p->use_lock = false;
    o.choices = o.unlocked = decide(p->arena, p);
    if (o.choices && has_lock(p)) {
        p->use_lock = true;
        o.choices = decide(p->arena, p);
    }
    if (!o.choices)
        explain_failure(p, o.unlocked, d);
    return o;
}

static const struct plan_instance *write_instances(struct draft *d)
{
    size_t count = d->instances.count;
    struct plan_instance *out = arena_array(d->arena, struct plan_instance, count);
    struct why *why = why_create(d);
    for (size_t place = 0; place < count; place++) {
        const struct draft_instance *i = &d->instances.items[d->order[place]];
        const struct node *n = &d->p->graph->nodes[i->node.at];
        struct plan_binding *bindings = arena_array(d->arena, struct plan_binding, n->hole_count);
        for (uint32_t h = 0; h < n->hole_count; h++) {
            bindings[h] = (struct plan_binding){.requirement = n->holes[h].requirement, .signature = n->holes[h].signature};
            bindings[h].provider = (instance_id){d->instances.items[i->provider[h]].place};
            why_binding(why, d->p->hole_first[n->id.at] + h, &bindings[h]);
        }
        struct plan_key *keys = arena_array(d->arena, struct plan_key, n->component->key_count);
        for (size_t k = 0; k < n->component->key_count; k++)
            keys[k] = i->keys[k].key;
        out[place] = (struct plan_instance){
            .id = {(uint32_t)place}, .name = i->name, .paths = i->paths.items, .path_count = i->paths.count,
            .node = n->id, .component = n->component, .declaration = n->instance, .bindings = bindings,
            .binding_count = n->hole_count, .keys = keys, .key_count = n->component->key_count,
        };
    }
    return out;
}

/* Signatures whose deciding keys the plan rests on: those bound, those asked by a match or a `when`. */
static const bool *signatures_used(const struct draft *d)
{
    bool *used = arena_array(d->arena, bool, d->p->graph->manifest->signature_count);
    for (size_t i = 0; i < d->instances.count; i++) {
        const struct node *n = draft_node(d, i);
        for (size_t c = 0; c < n->component->condition_count; c++)
            used[signature_index(d->p, n->conditions[c].signature)] = true;
        for (size_t h = 0; h < n->hole_count; h++) {
            used[signature_index(d->p, n->holes[h].signature)] = true;
            for (size_t k = 0; !n->holes[h].open && k < n->holes[h].candidate_count; k++)
                for (const struct guard *g = n->holes[h].candidates[k].guard; g; g = g->outer)
                    if (g->selector->signature)
                        used[signature_index(d->p, g->selector->signature)] = true;
        }
    }
    return used;
}

static bool write_signature_keys(struct draft *d, struct plan *plan)
{
    const struct problem *p = d->p;
    const bool *used = signatures_used(d);
    struct plan_key *keys = arena_array(d->arena, struct plan_key, p->deciding_count);
    const char **paths = arena_array(d->arena, const char *, p->deciding_count);
    bool ok = true;
    for (size_t i = 0; i < p->deciding_count; i++) {
        if (!used[signature_index(p, p->deciding[i].signature)])
            continue;
        if (!p->deciding[i].key.value) {
            ok = diag_error(d->diag, p->deciding[i].key.key->name.span, "the key '%s' has no value", p->deciding[i].path);
            diag_help(d->diag, "set it with --set %s=..., or in the unikernel: set = { [\"%s\"] = ... }", p->deciding[i].path,
                      p->deciding[i].path);
        }
        paths[plan->signature_key_count] = p->deciding[i].path;
        keys[plan->signature_key_count++] = p->deciding[i].key;
    }
    plan->signature_keys = keys;
    plan->signature_key_paths = paths;
    return ok;
}

static const struct plan *write_plan(struct draft *d)
{
    struct plan *plan = arena_new(d->arena, struct plan);
    *plan = (struct plan){.graph = d->p->graph, .target = d->p->target, .instance_count = d->instances.count};
    draft_order(d);
    plan->instances = write_instances(d);
    plan->seal_count = d->target ? d->target->seal_count : 0;
    struct plan_key *seals = arena_array(d->arena, struct plan_key, plan->seal_count);
    for (size_t i = 0; i < plan->seal_count; i++)
        seals[i] = d->seals[i].key;
    plan->seals = seals;
    return write_signature_keys(d, plan) ? plan : NULL;
}

const struct plan *resolve(struct arena *a, const struct graph *g, const struct resolve_options *o, struct diag *d)
{
    struct problem *p = problem_create(a, g, o, d);
    if (!p)
        return NULL;
    for (int round = 0; round < ROUNDS; round++) {
        const struct plan *plan;
        struct outcome outcome = choose(p, d);
        if (!outcome.choices)
            return NULL;
        struct draft draft = {.arena = a, .p = p, .choices = outcome.choices, .unlocked = outcome.unlocked, .diag = d};
        if (!draft_instances(&draft) || !draft_keys(&draft))
            return NULL;
        switch (draft_own_keys(&draft)) {
        case OWN_AGREES:
            plan = write_plan(&draft);
            return plan && plan_check_budgets(a, plan, d) ? plan : NULL;
        case OWN_FAILED:
            return NULL;
        case OWN_CHANGED:
            problem_settle(p);
        }
    }
    const struct own_value *v = &p->own.items[0];
    diag_error(d, v->key->name.span, "the values of keys and the choices they decide do not settle");
    diag_help(d, "a key that decides a choice must not depend on what is chosen");
    return NULL;
}
