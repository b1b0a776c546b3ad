/*
 * explain_operation.c - a name that C code calls and that no function of the image has: an operation of what its component requires.
 *
 * "stack_write" in http1 is its requirement stack, which the plan has bound: the function is stack_host_write, of http.stack. That function may have left nothing
 * in the image, because it was folded into those that call it: then it is still said who answers, and who calls.
 */
#include "explain_image.h"
#include "declared.h"
#include "../base/json.h"
#include "../base/text.h"
#include <stdio.h>
#include <string.h>

struct operation {
    const struct plan_instance *user, *provider;
    const struct plan_binding *binding;
    const char *name;     /* of the signature's: "write" */
    const char *function; /* "stack_host_write" */
};

/* "write" of "stack_write", where the requirement is called stack; else NULL. */
static const char *operation_of(const char *requirement, const char *name)
{
    size_t n = strlen(requirement);
    return strncmp(name, requirement, n) == 0 && name[n] == '_' && name[n + 1] ? name + n + 1 : NULL;
}

static bool is_declared(struct project *p, const struct signature *s, const char *operation)
{
    return declared_at(p->a, signature_header(p->a, s), arena_printf(p->a, "%s_%s", s->name.text, operation)).source;
}

static void tell_folded(struct project *p, const struct size_report *r, const struct operation *o, bool again)
{
    size_t count = 0;
    printf("  %s\n", explain_binding(p, o->user, o->binding));
    if (!r) {
        puts("  'ukc build' first: then it is looked for in the image");
        return;
    }
    const char *const *why = again ? NULL : explain_folded(p, r, o->provider->name, o->function, &count);
    for (size_t k = 0; why && k < count; k++)
        printf("  %s\n", why[k]);
    if (!again && count == 0)
        printf("  no function %s was compiled for %s\n", o->function, o->provider->name);
}

static void folded_json(struct project *p, const struct size_report *r, const struct operation *o, struct json *j)
{
    size_t count = 0;
    const char *const *why = r ? explain_folded(p, r, o->provider->name, o->function, &count) : NULL;
    json_object(j);
    json_field(j, "operation", o->name);
    json_field(j, "requirement", o->binding->requirement->name.text);
    json_field(j, "required_by", o->user->name);
    json_field(j, "provider", o->provider->name);
    json_field(j, "function", o->function);
    json_field(j, "binding", explain_binding(p, o->user, o->binding));
    json_key(j, "absent");
    json_array(j);
    for (size_t k = 0; k < count; k++)
        json_string(j, why[k]);
    json_end_array(j);
    json_end_object(j);
}

static void tell(struct project *p, const struct size_report *r, const char *name, const struct operation *o, bool again, struct json *j)
{
    bool there = r && explain_has(p, r, o->provider->name, o->function);
    if (!j)
        printf("%s: operation %s of the requirement %s of %s, which is %s: %s\n", name, o->name, o->binding->requirement->name.text, o->user->name, o->provider->name,
               o->function);
    if (there && !again)
        explain_part(p, r, o->function, j);
    else if (!there && j)
        folded_json(p, r, o, j);
    else if (!there)
        tell_folded(p, r, o, again);
}

bool explain_operation(struct project *p, const struct size_report *r, const char *name, bool function, struct json *j)
{
    bool any = false;
    VEC(const char *) told = {};
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct plan_instance *user = &p->plan->instances[k];
        for (size_t m = 0; m < user->binding_count; m++) {
            const struct plan_binding *b = &user->bindings[m];
            struct operation o = {.user = user, .binding = b, .provider = &p->plan->instances[b->provider.at], .name = operation_of(b->requirement->name.text, name)};
            const char *identifier = o.provider->component->identifier;
            if (!o.name && function)
                o.name = operation_of(identifier, name);
            o.function = o.name ? arena_printf(p->a, "%s_%s", identifier, o.name) : NULL;
            if (!o.name || (!(r && explain_has(p, r, o.provider->name, o.function)) && !is_declared(p, b->signature, o.name)))
                continue;
            const char *whole = arena_printf(p->a, "%s.%s", o.provider->name, o.function);
            bool again = false;
            for (size_t n = 0; n < told.count; n++)
                again |= strcmp(told.items[n], whole) == 0;
            if (!again)
                *vec_add(p->a, &told) = whole;
            tell(p, r, name, &o, again, j);
            any = true;
        }
    }
    return any;
}
