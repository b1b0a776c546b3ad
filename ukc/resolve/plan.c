/*
 * plan.c - looking up instances, and the plan as text and JSON.
 */
#include "budget.h"

#include <inttypes.h>
#include <string.h>

#include "../base/arena.h"
#include "../base/text.h"
#include "../graph/find.h"

const char *const plan_reason_texts[] = {
    [REASON_EXPLICIT] = "chosen",         [REASON_ONLY] = "nothing else fits",   [REASON_SHARED] = "shared",
    [REASON_LOCKED] = "held by ukc.lock", [REASON_PREFERENCE] = "preferred", [REASON_NAME] = "first by name",
};
const char *const key_origin_texts[] = {
    [ORIGIN_DEFAULT] = "default",
    [ORIGIN_MANIFEST] = "manifest",
    [ORIGIN_FILE] = "file",
    [ORIGIN_COMMAND_LINE] = "command line",
};
static const char *const phases[] = {[KEY_CONFIGURE] = "configure", [KEY_BOOT] = "boot", [KEY_BOTH] = "both"};

const struct plan_instance *plan_find(const struct plan *p, const char *path)
{
    for (size_t i = 0; i < p->instance_count; i++)
        if (!strcmp(p->instances[i].name, path))
            return &p->instances[i];
    for (size_t i = 0; i < p->instance_count; i++)
        for (size_t k = 0; k < p->instances[i].path_count; k++)
            if (!strcmp(p->instances[i].paths[k], path))
                return &p->instances[i];
    return NULL;
}

const struct target_description *plan_target(const struct plan *p)
{
    return target_described(p->graph->manifest, p->target);
}

static void print_key(struct text *out, const char *path, const struct plan_key *k)
{
    text_printf(out, "  key %s = %s", path, !k->value ? "(at boot)" : *k->value->text ? k->value->text : "\"\"");
    bool port = k->key->kind == KEY_KIND_port || (k->key->kind == KEY_KIND_list && k->key->element == KEY_KIND_port);
    text_printf(out, " (%s%s%s)\n", port ? "port, " : "", key_origin_texts[k->origin], k->key->phase == KEY_CONFIGURE ? "" : k->key->phase == KEY_BOOT ? ", boot" : ", also at boot");
}

/*
 * Where else it is required, by name: one word for each requirement that is bound to it.  All its other
 * paths go through another path of one of these (an instance has thousands where sharing is deep).
 */
static void print_users(const struct plan *p, const struct plan_instance *i, struct text *out)
{
    bool any = false;
    for (size_t k = 0; k < p->instance_count; k++) {
        const struct plan_instance *from = &p->instances[k];
        bool root = from->component->kind == COMPONENT_UNIKERNEL;
        for (size_t b = 0; b < from->binding_count; b++) {
            const char *requirement = from->bindings[b].requirement->name.text;
            size_t n = root ? 0 : strlen(from->name) + 1;
            if (from->bindings[b].provider.at != i->id.at ||
                ((root || (strncmp(i->name, from->name, n - 1) == 0 && i->name[n - 1] == '.')) && strcmp(i->name + n, requirement) == 0))
                continue; /* another's, or its name */
            text_printf(out, "%s %s%s%s", any ? "" : "  also", root ? "" : from->name, root ? "" : ".", requirement);
            any = true;
        }
    }
    if (any)
        text_putc(out, '\n');
}

static void print_instance(const struct plan *p, const struct plan_instance *i, struct text *out)
{
    const struct component *c = i->component;
    text_printf(out, "\n%s: %s", i->name, c->name.text);
    if (c->version.text)
        text_printf(out, " %s", c->version.text);
    if (c->origin.text)
        text_printf(out, " (%s)", c->origin.text);
    if (i->declaration && i->declaration->embed.text)
        text_printf(out, " of \"%s\"", i->declaration->embed.text);
    text_putc(out, '\n');
    print_users(p, i, out);
    for (size_t b = 0; b < i->binding_count; b++) {
        const struct plan_binding *x = &i->bindings[b];
        const struct plan_instance *to = &p->instances[x->provider.at];
        text_printf(out, "  %s: sig.%s = %s [%s] (%s)\n", x->requirement->name.text, x->signature->name.text, to->name,
                    to->component->name.text, plan_reason_texts[x->reason]);
    }
    for (size_t k = 0; k < i->key_count; k++)
        print_key(out, i->keys[k].key->name.text, &i->keys[k]);
}

/* Of a machine, which has so much and no more. */
static void print_memory(const struct plan *p, struct text *out)
{
    struct arena *a = arena_create();
    struct budgets all = plan_budgets(a, p);
    if (all.count)
        text_printf(out, "\nmemory beside the image: at least %" PRId64 " bytes, at most %" PRId64 "\n", all.least, all.most);
    for (size_t i = 0; i < all.count; i++)
        text_printf(out, "  %s: %" PRId64 " to %" PRId64 "\n", all.items[i].path, all.items[i].least, all.items[i].most);
    arena_destroy(a);
}

void plan_print_text(const struct plan *p, struct text *out)
{
    text_printf(out, "%s for %s\n", p->graph->unikernel->name.text, target_names[p->target]);
    for (size_t i = 0; i < p->signature_key_count; i++)
        print_key(out, p->signature_key_paths[i], &p->signature_keys[i]);
    for (size_t i = 0; i < p->seal_count; i++) /* images are sealed: what is not is worth a line */
        if (p->seals[i].origin != ORIGIN_DEFAULT)
            print_key(out, plan_target(p)->seals[i].path, &p->seals[i]);
    for (size_t i = 0; i < p->instance_count; i++)
        print_instance(p, &p->instances[i], out);
    if (p->target != TARGET_posix)
        print_memory(p, out);
}

static void json_plan_key(struct json *j, const char *path, const struct plan_key *k)
{
    json_object(j);
    json_field(j, "path", path);
    json_field(j, "value", k->value ? k->value->text : NULL);
    json_field(j, "origin", key_origin_texts[k->origin]);
    json_field(j, "phase", phases[k->key->phase]);
    json_end_object(j);
}

static void json_binding(struct json *j, const struct plan *p, const struct plan_binding *b)
{
    json_object(j);
    json_field(j, "requirement", b->requirement->name.text);
    json_field(j, "signature", b->signature->name.text);
    json_field(j, "provider", p->instances[b->provider.at].name);
    json_field(j, "reason", plan_reason_texts[b->reason]);
    json_key(j, "rejected");
    json_array(j);
    for (size_t i = 0; i < b->rejected_count; i++) {
        json_object(j);
        json_field(j, "implementation", b->rejected[i].component->name.text);
        json_field(j, "version", b->rejected[i].component->version.text);
        json_field(j, "why", b->rejected[i].why);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void json_instance(struct json *j, const struct plan *p, const struct plan_instance *i)
{
    json_object(j);
    json_field(j, "name", i->name);
    json_key(j, "paths");
    json_array(j);
    for (size_t k = 0; k < i->path_count; k++)
        json_string(j, i->paths[k]);
    json_end_array(j);
    json_field(j, "implementation", i->component->name.text);
    json_field(j, "version", i->component->version.text);
    json_field(j, "licence", i->component->licence.text);
    json_field(j, "origin", i->component->origin.text);
    json_field_bool(j, "declared", i->declaration);
    if (i->declaration && i->declaration->embed.text)
        json_field(j, "embed", i->declaration->embed.text);
    json_key(j, "bindings");
    json_array(j);
    for (size_t b = 0; b < i->binding_count; b++)
        json_binding(j, p, &i->bindings[b]);
    json_end_array(j);
    json_key(j, "keys");
    json_array(j);
    for (size_t k = 0; k < i->key_count; k++)
        json_plan_key(j, i->keys[k].key->name.text, &i->keys[k]);
    json_end_array(j);
    json_end_object(j);
}

static void json_budgets(struct json *j, const struct budgets *all)
{
    json_key(j, "memory");
    json_object(j);
    json_field_number(j, "least", all->least);
    json_field_number(j, "most", all->most);
    json_key(j, "budgets");
    json_array(j);
    for (size_t i = 0; i < all->count; i++) {
        json_object(j);
        json_field(j, "key", all->items[i].path);
        json_field_number(j, "least", all->items[i].least);
        json_field_number(j, "most", all->items[i].most);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void json_memory(const struct plan *p, struct json *j)
{
    struct arena *a = arena_create();
    struct budgets all = plan_budgets(a, p);
    if (all.count)
        json_budgets(j, &all);
    arena_destroy(a);
}

void plan_print_json(const struct plan *p, struct json *j)
{
    json_object(j);
    json_field(j, "unikernel", p->graph->unikernel->name.text);
    json_field(j, "target", target_names[p->target]);
    json_key(j, "keys");
    json_array(j);
    for (size_t i = 0; i < p->signature_key_count; i++)
        json_plan_key(j, p->signature_key_paths[i], &p->signature_keys[i]);
    for (size_t i = 0; i < p->seal_count; i++)
        if (p->seals[i].origin != ORIGIN_DEFAULT)
            json_plan_key(j, plan_target(p)->seals[i].path, &p->seals[i]);
    json_end_array(j);
    json_key(j, "instances");
    json_array(j);
    for (size_t i = 0; i < p->instance_count; i++)
        json_instance(j, p, &p->instances[i]);
    json_end_array(j);
    if (p->target != TARGET_posix)
        json_memory(p, j);
    json_end_object(j);
}
