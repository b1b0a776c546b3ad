/*
 * bindings.c - symbols, and what is bound to what as text.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/arena.h"
#include "bindings.h"

const char *binding_symbol(struct arena *a, const struct plan_instance *instance, const char *op)
{
    return arena_printf(a, "%s.%s_%s", instance->name, instance->component->identifier, op);
}

static int by_name(const void *x, const void *y)
{
    const struct checked_operation *p = x, *q = y;
    return strcmp(p->name, q->name);
}

struct checked_edge bindings_edge(struct arena *a, const struct plan *plan, const struct plan_instance *instance,
                                  const struct plan_binding *binding, const struct contract *contract)
{
    const char *requirement = binding->requirement->name.text;
    const char *const *names = contract_names(a, contract, requirement);
    struct checked_operation *operations = arena_array(a, struct checked_operation, contract->operation_count);
    for (size_t n = 0; n < contract->operation_count; n++) {
        const struct function *f = contract->operations[n];
        struct checked_operation *o = &operations[n];
        struct text prototype = {};
        o->name = contract_operation(contract, f);
        function_print(&prototype, contract->interface, f, arena_printf(a, "%s_%s", requirement, o->name), names);
        o->prototype = text_keep(&prototype, a);
        o->symbol = binding_symbol(a, &plan->instances[binding->provider.at], o->name);
        text_dispose(&prototype);
    }
    qsort(operations, contract->operation_count, sizeof *operations, by_name);
    return (struct checked_edge){instance, binding, operations, contract->operation_count};
}

void bindings_print(const struct bindings *b, struct text *out)
{
    for (size_t n = 0; n < b->edge_count; n++) {
        const struct checked_edge *e = &b->edges[n];
        const struct plan_instance *provider = &b->plan->instances[e->binding->provider.at];
        text_printf(out, "%s%s.%s -> %s (%s provides %s)\n", n ? "\n" : "", e->instance->name, e->binding->requirement->name.text,
                    provider->name, provider->component->name.text, e->binding->signature->name.text);
        for (size_t k = 0; k < e->operation_count; k++)
            text_printf(out, "    %s\n        %s\n", e->operations[k].prototype, e->operations[k].symbol);
    }
}
