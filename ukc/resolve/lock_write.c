/*
 * lock_write.c - a plan's choices as lock lines, merged into what was there.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/arena.h"
#include "../base/text.h"
#include "lock.h"
#include "plan.h"
#include "words.h"

static bool name_is_unique(const struct plan *p, size_t at)
{
    for (size_t i = 0; i < p->signature_key_count; i++)
        if (i != at && !strcmp(p->signature_keys[i].key->name.text, p->signature_keys[at].key->name.text))
            return false;
    return true;
}

const char *lock_context(struct arena *a, const struct plan *p)
{
    const char **terms = arena_array(a, const char *, p->signature_key_count);
    struct text out = {};
    for (size_t i = 0; i < p->signature_key_count; i++) {
        text_clear(&out);
        text_printf(&out, "%s=", name_is_unique(p, i) ? p->signature_keys[i].key->name.text : p->signature_key_paths[i]);
        text_puts(&out, context_value(a, p->signature_keys[i].value->text));
        terms[i] = text_keep(&out, a);
    }
    text_clear(&out);
    if (p->signature_key_count)
        qsort(terms, p->signature_key_count, sizeof *terms, string_compare);
    for (size_t i = 0; i < p->signature_key_count; i++)
        text_printf(&out, "%s%s", i ? "," : "", terms[i]);
    if (!p->signature_key_count)
        text_putc(&out, '-');
    const char *context = text_keep(&out, a);
    text_dispose(&out);
    return context;
}

const struct lock *lock_merge(struct arena *a, const struct lock *old, const struct plan *p)
{
    VEC(struct lock_choice) all = {};
    const char *unikernel = p->graph->unikernel->name.text, *target = target_names[p->target], *context = lock_context(a, p);
    for (size_t i = 0; i < old->choice_count; i++) {
        const struct lock_choice *c = &old->choices[i];
        if (strcmp(c->unikernel, unikernel) || strcmp(c->target, target) || strcmp(c->context, context))
            *vec_add(a, &all) = *c;
    }
    for (size_t i = 0; i < p->instance_count; i++)
        for (size_t b = 0; b < p->instances[i].binding_count; b++) {
            const struct plan_instance *x = &p->instances[i];
            const struct component *c = p->instances[x->bindings[b].provider.at].component;
            const char *requirement = x->bindings[b].requirement->name.text;
            bool root = x->component->kind == COMPONENT_UNIKERNEL;
            *vec_add(a, &all) = (struct lock_choice){
                .unikernel = unikernel, .target = target, .context = context,
                .path = root ? requirement : arena_printf(a, "%s.%s", x->name, requirement),
                .implementation = c->name.text, .version = version_text(c),
            };
        }
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, lock_choice_compare);
    struct lock *merged = arena_new(a, struct lock);
    *merged = (struct lock){all.items, all.count, old->pins, old->pin_count};
    return merged;
}

void lock_print(const struct lock *l, struct text *out)
{
    text_puts(out, "ukc-lock 1\n");
    for (size_t i = 0; i < l->choice_count; i++) {
        const struct lock_choice *c = &l->choices[i];
        text_printf(out, "choice %s %s %s %s %s %s\n", c->unikernel, c->target, c->context, c->path, c->implementation, c->version);
    }
    for (size_t i = 0; i < l->pin_count; i++) {
        const struct lock_pin *p = &l->pins[i];
        text_printf(out, "pin %s %s %s tree %s sha256 %s%s%s\n", p->kind, p->name, p->version, p->tree, p->sha256, p->from ? " from " : "",
                    p->from ? p->from : "");
    }
}

void lock_print_changes(const struct lock *old, const struct lock *now, struct text *out)
{
    size_t i = 0, k = 0;
    while (i < old->choice_count || k < now->choice_count) {
        const struct lock_choice *x = i < old->choice_count ? &old->choices[i] : NULL;
        const struct lock_choice *y = k < now->choice_count ? &now->choices[k] : NULL;
        int order = !x ? 1 : !y ? -1 : lock_choice_compare(x, y);
        i += order <= 0;
        k += order >= 0;
        if (order < 0)
            text_printf(out, "%s %s %s: %s %s is gone\n", x->unikernel, x->target, x->path, x->implementation, x->version);
        else if (order > 0)
            text_printf(out, "%s %s %s: %s %s is new\n", y->unikernel, y->target, y->path, y->implementation, y->version);
        else if (strcmp(x->implementation, y->implementation) || strcmp(x->version, y->version))
            text_printf(out, "%s %s %s: %s %s -> %s %s\n", y->unikernel, y->target, y->path, x->implementation, x->version,
                        y->implementation, y->version);
    }
}
