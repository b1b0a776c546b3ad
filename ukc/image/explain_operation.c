/*
 * explain_operation.c - a name that C code calls and that no function has: an operation of what its component requires.
 *
 * "stack_write" in http1 is its requirement stack, which the plan has bound: the function is stack_host_write, of http.stack.
 */
#include "explain_image.h"
#include "../base/json.h"
#include "../base/text.h"
#include <stdio.h>
#include <string.h>

/* "write" of "stack_write", where the requirement is called stack; else NULL. */
static const char *operation_of(const char *requirement, const char *name)
{
    size_t n = strlen(requirement);
    return strncmp(name, requirement, n) == 0 && name[n] == '_' && name[n + 1] ? name + n + 1 : NULL;
}

bool explain_operation(struct project *p, const struct size_report *r, const char *name, struct json *j)
{
    bool any = false;
    VEC(const char *) told = {};
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct plan_instance *user = &p->plan->instances[k];
        for (size_t m = 0; m < user->binding_count; m++) {
            const struct plan_binding *b = &user->bindings[m];
            const struct plan_instance *provider = &p->plan->instances[b->provider.at];
            const char *operation = operation_of(b->requirement->name.text, name);
            const char *function = operation ? arena_printf(p->a, "%s_%s", provider->component->identifier, operation) : NULL;
            if (!function || !explain_has(p, r, provider->name, function))
                continue;
            if (!j)
                printf("%s: operation %s of the requirement %s of %s, which is %s: %s\n", name, operation, b->requirement->name.text, user->name, provider->name, function);
            any = true;
            bool again = false;
            for (size_t n = 0; n < told.count; n++)
                again |= strcmp(told.items[n], function) == 0;
            if (!again)
                explain_part(p, r, *vec_add(p->a, &told) = function, j);
        }
    }
    return any;
}
