/*
 * place.c - where things were asked for, in words short enough for a line of progress.
 */
#include "generation.h"

#include <string.h>

const char *build_file(const struct generation *g, const char *name)
{
    return arena_printf(g->a, "%s/%s", g->layout->build, name);
}

const char *place_text(const struct generation *g, struct span span)
{
    if (!span.source)
        return "";
    const char *path = layout_path(g->a, g->layout, span.source->path, NULL);
    const char *root = build_file(g, "root/");
    if (string_starts(path, root))
        path += strlen(root);
    return span.line ? arena_printf(g->a, "%s:%u", path, span.line) : path;
}

/* The binding that the instance is named after: "http.stack" is requirement "stack" of "http". */
static const struct plan_binding *naming_binding(const struct plan *plan, const struct plan_instance *instance)
{
    const struct plan_binding *any = NULL;
    const char *dot = strrchr(instance->name, '.');
    const char *last = dot ? dot + 1 : instance->name;
    for (size_t i = plan->instance_count; i-- > 0;) /* the unikernel is the last: its own choices come first */
        for (size_t j = 0; j < plan->instances[i].binding_count; j++) {
            const struct plan_binding *b = &plan->instances[i].bindings[j];
            if (b->provider.at != instance->id.at)
                continue;
            if (string_equal(b->requirement->name.text, last))
                return b;
            if (!any)
                any = b;
        }
    return any;
}

const char *place_of_instance(const struct generation *g, const struct plan_instance *instance)
{
    const struct plan_binding *b = naming_binding(g->plan, instance);
    if (!b)
        return place_text(g, instance->component->span);
    struct span span = b->span.source ? b->span : b->requirement->name.span;
    return arena_printf(g->a, "%s %s", place_text(g, span), b->requirement->name.text);
}
