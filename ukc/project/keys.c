/*
 * keys.c - every key of the plan, with its path in the configuration tree.
 */
#include "project.h"

const struct project_key *project_keys(const struct project *p, size_t *count)
{
    VEC(struct project_key) all = {};
    const struct plan *plan = p->plan;
    for (size_t k = 0; k < plan->signature_key_count; k++)
        *vec_add(p->a, &all) = (struct project_key){plan->signature_key_paths[k], &plan->signature_keys[k]};
    for (size_t k = 0; k < plan->seal_count; k++)
        *vec_add(p->a, &all) = (struct project_key){plan_target(plan)->seals[k].path, &plan->seals[k]};
    for (size_t n = plan->instance_count; n-- > 0;) {
        const struct plan_instance *instance = &plan->instances[n];
        bool root = instance->component->kind == COMPONENT_UNIKERNEL;
        for (size_t k = 0; k < instance->key_count; k++) {
            const char *name = instance->keys[k].key->name.text;
            const char *path = root ? name : arena_printf(p->a, "%s.%s", instance->name, name);
            *vec_add(p->a, &all) = (struct project_key){path, &instance->keys[k]};
        }
    }
    *count = all.count;
    return all.items;
}
