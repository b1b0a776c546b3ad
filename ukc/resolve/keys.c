/*
 * keys.c - a value for every key of every instance.
 *
 * The command line wins over the file, the file over manifests, manifests
 * over the default.  Among manifests the outermost component wins: what an
 * instance was declared with counts just below the `set` of the component
 * that chose it.  In a manifest a path is exact and relative to its
 * component; elsewhere the shortest unambiguous suffix will do.
 */
#include <string.h>

#include "../base/text.h"
#include "../graph/find.h"
#include "draft.h"

static struct key_slot *slot_find(struct draft *d, uint32_t instance, const char *key)
{
    const struct component *c = draft_node(d, instance)->component;
    const struct key *found = key_find(c->keys, c->key_count, key);
    return found ? &d->instances.items[instance].keys[found - c->keys] : NULL;
}

static const char *key_path(struct draft *d, uint32_t instance, const char *key)
{
    return instance ? arena_printf(d->arena, "%s.%s", d->instances.items[instance].name, key) : key;
}

static void set_seals(struct draft *d)
{
    const struct target_description *t = d->target = target_described(d->p->graph->manifest, d->p->target);
    d->seals = arena_array(d->arena, struct key_slot, t ? t->seal_count : 0);
    for (size_t i = 0; t && i < t->seal_count; i++) {
        const struct key_default *given = &t->seals[i].key.defaults[d->p->target];
        d->seals[i].key = (struct plan_key){.key = &t->seals[i].key, .value = given->value, .origin = ORIGIN_DEFAULT, .span = given->span};
    }
}

/* By its whole path, or, unless that is asked for, by its name alone. */
static struct key_slot *seal_find(struct draft *d, const char *path, bool whole)
{
    for (size_t i = 0; d->target && i < d->target->seal_count; i++)
        if (!strcmp(d->target->seals[i].path, path) || (!whole && !strcmp(d->target->seals[i].key.name.text, path)))
            return &d->seals[i];
    return NULL;
}

/* Of another target. */
static bool is_seal_elsewhere(const struct draft *d, const char *path)
{
    const struct manifest *m = d->p->graph->manifest;
    for (size_t t = 0; t < m->target_count; t++)
        for (size_t i = 0; i < m->targets[t].seal_count; i++)
            if (!strcmp(m->targets[t].seals[i].path, path))
                return true;
    return false;
}

static void set_defaults(struct draft *d)
{
    for (size_t i = 0; i < d->instances.count; i++) {
        const struct component *c = draft_node(d, i)->component;
        struct key_slot *slots = d->instances.items[i].keys = arena_array(d->arena, struct key_slot, c->key_count);
        for (size_t k = 0; k < c->key_count; k++) {
            const struct key *key = &c->keys[k];
            const struct key_default *given = &key->defaults[d->p->target];
            slots[k].key = (struct plan_key){.key = key, .value = given->value, .origin = ORIGIN_DEFAULT, .span = given->span};
        }
    }
}

typedef VEC(const char *) word_list;

/* Every path a setting could have meant, seen from an instance. */
static void list_paths(struct draft *d, uint32_t from, word_list *paths)
{
    const char *base = d->instances.items[from].name;
    size_t n = from ? strlen(base) : 0;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const char *name = d->instances.items[i].name;
        bool below = !from || i == from || (i && !strncmp(name, base, n) && name[n] == '.');
        const struct component *c = draft_node(d, i)->component;
        for (size_t k = 0; below && k < c->key_count; k++) {
            const char *path = i == from ? c->keys[k].name.text : key_path(d, i, c->keys[k].name.text);
            *vec_add(d->arena, paths) = i == from || !from ? path : path + n + 1;
        }
    }
    for (size_t i = 0; !from && i < d->p->deciding_count; i++)
        *vec_add(d->arena, paths) = d->p->deciding[i].path;
    for (size_t i = 0; !from && d->target && i < d->target->seal_count; i++)
        *vec_add(d->arena, paths) = d->target->seals[i].path;
}

static const char *key_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* The path whose end, of as many steps as `path` has, is nearest; of those with the same end the first. */
static const char *nearest_end(struct draft *d, const char *path, const word_list *paths)
{
    const char **ends = arena_array(d->arena, const char *, paths->count);
    size_t steps = 0;
    for (const char *s = path; *s; s++)
        steps += *s == '.';
    for (size_t i = 0; i < paths->count; i++) {
        const char *whole = paths->items[i], *end = key_part(whole);
        for (size_t k = 0; k < steps && end > whole; k++)
            for (end--; end > whole && end[-1] != '.'; end--)
                ;
        ends[i] = end;
    }
    const char *near = string_nearest(path, ends, paths->count);
    for (size_t i = 0; near && i < paths->count; i++)
        if (ends[i] == near)
            return paths->items[i];
    return NULL;
}

/* The nearest path; failing that, the one with the nearest end, one that ends in the key's name, or in a name like it. */
static const char *nearest_path(struct draft *d, uint32_t from, const char *path)
{
    word_list paths = {};
    list_paths(d, from, &paths);
    const char *near = string_nearest(path, paths.items, paths.count);
    if (!near)
        near = nearest_end(d, path, &paths);
    for (size_t i = 0; !near && i < paths.count; i++)
        if (!strcmp(key_part(paths.items[i]), key_part(path)))
            near = paths.items[i];
    return near ? near : nearest_end(d, key_part(path), &paths);
}

/* "choose" is for what the path names: says so, if it is a requirement. */
static bool help_requirement(struct draft *d, uint32_t from, const struct setting *s)
{
    struct steps steps = steps_split(d->arena, s->path.text);
    uint32_t at = draft_walk(d, from, steps);
    const struct component *c = at == ABSENT ? NULL : draft_node(d, at)->component;
    if (!c || !requirement_find(c, steps.key))
        return false;
    const char *value = versions_find(d->p->graph->manifest, s->text.text).count ? s->text.text : "...";
    if (c->kind == COMPONENT_UNIKERNEL)
        diag_help(d->diag, "'%s' is a requirement: choose its implementation in the manifest, choose = { %s = \"%s\" }",
                  steps.key, steps.key, value);
    else
        diag_help(d->diag, "'%s' is a requirement of '%s': choose its implementation in the manifest, instance \"%s\" { choose = { %s = \"%s\" } }",
                  steps.key, c->name.text, c->name.text, steps.key, value);
    return true;
}

/* What would make it eligible: the values of deciding keys that it wants and that are others now. */
static void help_condition(struct draft *d, const struct component *c)
{
    for (size_t i = 0; i < c->condition_count; i++)
        for (size_t k = 0; k < d->p->deciding_count; k++) {
            const struct condition *want = &c->conditions[i];
            const struct plan_key *now = &d->p->deciding[k].key;
            bool named = !strcmp(now->key->name.text, want->key.text), fits = !want->value_count;
            for (size_t v = 0; v < want->value_count; v++)
                fits = fits || (now->value && !strcmp(now->value->text, want->values[v].text));
            if (named && !fits)
                diag_help(d->diag, "it needs %s=%s: add --set %s=%s", want->key.text, want->values[0].text, want->key.text, want->values[0].text);
        }
}

/* A component of the graph that has the key but is not in the plan. */
static const struct component *elsewhere(const struct draft *d, const char *key)
{
    for (size_t n = 0; n < d->p->graph->node_count; n++) {
        const struct component *c = d->p->graph->nodes[n].component;
        if (key_find(c->keys, c->key_count, key))
            return c;
    }
    return NULL;
}

/* A key with a name like this one, of something that is not in the plan. */
static bool help_key_elsewhere(struct draft *d, const char *key)
{
    word_list names = {};
    for (size_t n = 0; n < d->p->graph->node_count; n++) {
        const struct component *c = d->p->graph->nodes[n].component;
        for (size_t k = 0; k < c->key_count; k++)
            *vec_add(d->arena, &names) = c->keys[k].name.text;
    }
    const char *near = string_nearest(key, names.items, names.count);
    const struct component *c = near ? elsewhere(d, near) : NULL;
    if (!c)
        return false;
    diag_help(d->diag, "did you mean '%s'? it is a key of '%s', which is not part of this plan for target %s", near, c->name.text,
              target_names[d->p->target]);
    help_condition(d, c);
    return true;
}

static bool report_unknown(struct draft *d, uint32_t from, const struct setting *s)
{
    diag_error(d->diag, s->path.span, "no key is at '%s'", s->path.text);
    if (help_requirement(d, from, s))
        return false;
    const char *near = nearest_path(d, from, s->path.text);
    if (near)
        return diag_help(d->diag, "did you mean '%s'?", near);
    if (help_key_elsewhere(d, key_part(s->path.text)))
        return false;
    return diag_help(d->diag, "'ukc configure --help' lists the keys");
}

static bool place(struct draft *d, struct key_slot *slot, const char *path, const struct setting *s, enum key_origin origin,
                  uint32_t rank, const char *author)
{
    const struct key_value *v = key_parse(d->arena, key_named(d->arena, slot->key.key, path), s->text.text, s->text.span, d->diag);
    if (!v)
        return false;
    if (origin == ORIGIN_MANIFEST && slot->key.origin == ORIGIN_MANIFEST) {
        if (rank > slot->rank)
            return true;
        if (rank == slot->rank && strcmp(v->text, slot->key.value->text)) {
            diag_error(d->diag, s->path.span, "'%s' sets '%s' to %s, '%s' to %s", author, s->path.text, v->text, slot->author,
                       slot->key.value->text);
            diag_note(d->diag, slot->key.span, "the other value");
            return diag_help(d->diag, "they share one instance: set the value in the unikernel, which wins over both");
        }
    }
    slot->key = (struct plan_key){.key = slot->key.key, .value = v, .origin = origin, .span = s->text.span};
    slot->rank = rank;
    slot->author = author;
    return true;
}

static bool is_deciding(const struct draft *d, const char *path)
{
    for (size_t i = 0; i < d->p->deciding_count; i++)
        if (!strcmp(d->p->deciding[i].path, path))
            return true;
    return false;
}

static bool apply_relative(struct draft *d, uint32_t from, const struct setting *s, uint32_t rank, const char *author)
{
    struct steps steps = steps_split(d->arena, s->path.text);
    uint32_t to = draft_walk(d, from, steps);
    struct key_slot *slot = to == ABSENT ? NULL : slot_find(d, to, steps.key);
    if (slot)
        return place(d, slot, key_path(d, to, steps.key), s, ORIGIN_MANIFEST, rank, author);
    if (!from && is_deciding(d, s->path.text))
        return true;
    if (!from && (slot = seal_find(d, s->path.text, true)))
        return place(d, slot, s->path.text, s, ORIGIN_MANIFEST, rank, author);
    if (!from && is_seal_elsewhere(d, s->path.text))
        return true;
    /* for another target or choice it may be right */
    if (steps_may_have_key(d->p, d->instances.items[from].node.at, steps))
        return true;
    return report_unknown(d, from, s);
}

static bool apply_manifests(struct draft *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct node *n = draft_node(d, i);
        uint32_t depth = d->instances.items[i].depth;
        for (size_t k = 0; k < n->component->setting_count; k++)
            ok &= apply_relative(d, i, &n->component->settings[k], 2 * depth, n->component->name.text);
        for (size_t k = 0; n->instance && k < n->instance->setting_count; k++)
            ok &= apply_relative(d, i, &n->instance->settings[k], 2 * depth - 1, n->component->name.text);
    }
    return ok;
}

/* Instances that end a path with these last steps. */
static const bool *suffix_instances(struct draft *d, struct steps s)
{
    size_t n = d->instances.count;
    bool *at = arena_array(d->arena, bool, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = draft_walk(d, i, s);
        if (to != ABSENT)
            at[to] = true;
    }
    return at;
}

struct matches {
    VEC(struct key_slot *) slots;
    VEC(const char *) paths;
    bool deciding; /* one of the paths is a signature's key, which has its value already */
};

static void match_deciding(struct draft *d, const char *path, struct steps s, bool exact, struct matches *m)
{
    for (size_t i = 0; i < d->p->deciding_count; i++) {
        const struct deciding *k = &d->p->deciding[i];
        bool suffix = !exact && !s.count && !strcmp(k->key.key->name.text, s.key);
        if (!suffix && strcmp(k->path, path))
            continue;
        m->deciding = true;
        *vec_add(d->arena, &m->paths) = k->path;
    }
}

static struct matches match_suffix(struct draft *d, const char *path)
{
    struct steps s = steps_split(d->arena, path);
    struct matches m = {};
    uint32_t exact = draft_walk(d, 0, s);
    struct key_slot *slot = exact == ABSENT ? NULL : slot_find(d, exact, s.key);
    if (slot) {
        *vec_add(d->arena, &m.slots) = slot;
        *vec_add(d->arena, &m.paths) = key_path(d, exact, s.key);
        match_deciding(d, path, s, true, &m);
        return m;
    }
    match_deciding(d, path, s, false, &m);
    if (m.deciding && s.count)
        return m; /* "stack.net" in full */
    const bool *at = suffix_instances(d, s);
    for (uint32_t i = 0; i < d->instances.count; i++) {
        slot = at[i] ? slot_find(d, i, s.key) : NULL;
        if (!slot)
            continue;
        *vec_add(d->arena, &m.slots) = slot;
        *vec_add(d->arena, &m.paths) = key_path(d, i, s.key);
    }
    if ((slot = seal_find(d, path, false))) {
        *vec_add(d->arena, &m.slots) = slot;
        *vec_add(d->arena, &m.paths) = d->target->seals[slot - d->seals].path;
    }
    return m;
}

static bool report_ambiguous(struct draft *d, const struct setting *s, const struct matches *m)
{
    diag_error(d->diag, s->path.span, "'%s' could be any of %zu keys", s->path.text, m->paths.count);
    struct text list = {};
    for (size_t i = 0; i < m->paths.count && i < 12; i++)
        text_printf(&list, "%s%s", i ? ", " : "", m->paths.items[i]);
    if (m->paths.count > 12)
        text_puts(&list, ", ...");
    diag_help(d->diag, "write more of the path: %s", text_string(&list));
    text_dispose(&list);
    return false;
}

/* It has a value for every image; whether that decides anything in this one is another question. */
static bool apply_deciding(struct draft *d, const struct setting *s, const char *path, enum key_origin origin)
{
    const struct signature *signature = NULL;
    for (size_t i = 0; i < d->p->deciding_count; i++)
        if (!strcmp(d->p->deciding[i].path, path))
            signature = d->p->deciding[i].signature;
    for (uint32_t i = 0; i < d->instances.count; i++)
        if (component_provides(draft_node(d, i)->component, signature->name.text))
            return true;
    if (origin == ORIGIN_COMMAND_LINE)
        diag_warning(d->diag, s->path.span, "'%s' may decide nothing: nothing in this image provides '%s'", path, signature->name.text);
    return true;
}

static bool apply_suffix(struct draft *d, const struct setting *s, enum key_origin origin)
{
    struct matches m = match_suffix(d, s->path.text);
    if (m.paths.count > 1)
        return report_ambiguous(d, s, &m);
    if (m.slots.count)
        return place(d, m.slots.items[0], m.paths.items[0], s, origin, 0, NULL);
    if (m.deciding)
        return apply_deciding(d, s, m.paths.items[0], origin);
    struct steps steps = steps_split(d->arena, s->path.text);
    bool known = steps_may_have_key(d->p, ABSENT, steps), seal = is_seal_elsewhere(d, s->path.text);
    if ((known || seal) && origin == ORIGIN_FILE)
        return true; /* a file serves several targets */
    if (seal && !known) {
        diag_error(d->diag, s->path.span, "'%s' is no key of images for %s, but of those for other targets", s->path.text, target_names[d->p->target]);
        return diag_help(d->diag, "leave it out here, or set it in the manifest, where it counts for the targets that have it");
    }
    const struct component *c = known ? elsewhere(d, steps.key) : NULL;
    if (!c)
        return report_unknown(d, 0, s);
    diag_error(d->diag, s->path.span, "no key is at '%s'", s->path.text);
    diag_help(d->diag, "'%s' has a key '%s', but it is not part of this plan for target %s", c->name.text, steps.key,
              target_names[d->p->target]);
    help_condition(d, c);
    return false;
}

static bool check_complete(struct draft *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct component *c = draft_node(d, i)->component;
        for (size_t k = 0; k < c->key_count; k++) {
            const struct key *key = &c->keys[k];
            if (d->instances.items[i].keys[k].key.value || key->phase == KEY_BOOT)
                continue;
            const char *path = key_path(d, i, key->name.text);
            ok = diag_error(d->diag, key->name.span, "the key '%s' has no value", path);
            diag_help(d->diag, "set it with --set %s=..., or in the unikernel: set = { [\"%s\"] = ... }", path, path);
        }
    }
    return ok;
}

/* ---- keys that are used only with certain values of others ---- */

static bool is_met(struct draft *d, uint32_t instance, const struct condition *c)
{
    const struct key_slot *slot = slot_find(d, instance, c->key.text);
    for (size_t v = 0; v < c->value_count; v++)
        if (slot && slot->key.value && string_equal(slot->key.value->text, c->values[v].text))
            return true;
    return false;
}

/* Not used: a constant, whatever its phase, so that nothing of it is in the image. */
static void rest(struct draft *d, uint32_t instance, struct key_slot *slot, const struct condition *c)
{
    struct key *resting = arena_new(d->arena, struct key);
    *resting = *slot->key.key;
    resting->phase = KEY_CONFIGURE;
    const char *path = key_path(d, instance, resting->name.text);
    if (slot->key.origin != ORIGIN_DEFAULT) {
        diag_warning(d->diag, slot->key.span, "the key '%s' has no effect", path);
        diag_help(d->diag, "it is used with %s = %s", key_path(d, instance, c->key.text), c->values[0].text);
    }
    slot->key.key = resting;
}

static void settle_conditions(struct draft *d)
{
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct component *c = draft_node(d, i)->component;
        for (size_t k = 0; k < c->key_count; k++)
            for (size_t n = 0; n < c->keys[k].condition_count; n++)
                if (!is_met(d, i, &c->keys[k].conditions[n])) {
                    rest(d, i, &d->instances.items[i].keys[k], &c->keys[k].conditions[n]);
                    break;
                }
    }
}

bool draft_keys(struct draft *d)
{
    const struct resolve_options *o = d->p->options;
    set_seals(d);
    set_defaults(d);
    bool ok = apply_manifests(d);
    for (size_t i = 0; i < o->file_count; i++)
        ok &= apply_suffix(d, &o->file[i], ORIGIN_FILE);
    for (size_t i = 0; i < o->command_line_count; i++)
        ok &= apply_suffix(d, &o->command_line[i], ORIGIN_COMMAND_LINE);
    settle_conditions(d);
    return ok && check_complete(d);
}

static bool report_two_values(struct draft *d, const struct own_value *v, const char *instance, const struct plan_key *other)
{
    const struct component *c = d->p->graph->nodes[v->node.at].component;
    diag_error(d->diag, v->key->name.span, "the key '%s' of '%s' decides a choice, and has two values", v->key->name.text,
               c->name.text);
    diag_note(d->diag, v->value.span, "%s in %s", v->value.value ? v->value.value->text : "none", v->instance);
    diag_note(d->diag, other->span, "%s in %s", other->value ? other->value->text : "none", instance);
    return diag_help(d->diag, "declare one instance for each: instance \"%s\" { set = { %s = ... } }", c->name.text,
                     v->key->name.text);
}

static bool same_value(const struct plan_key *x, const struct plan_key *y)
{
    return string_equal(x->value ? x->value->text : NULL, y->value ? y->value->text : NULL);
}

enum own_check draft_own_keys(struct draft *d)
{
    enum own_check result = OWN_AGREES;
    for (size_t o = 0; o < d->p->own.count; o++) {
        struct own_value *v = &d->p->own.items[o];
        v->instance = NULL;
        for (uint32_t i = 0; i < d->instances.count; i++) {
            if (d->instances.items[i].node.at != v->node.at)
                continue;
            const struct plan_key *k = &slot_find(d, i, v->key->name.text)->key;
            bool same = same_value(k, &v->value);
            if (!same && v->instance) {
                report_two_values(d, v, d->instances.items[i].name, k);
                return OWN_FAILED;
            }
            if (!same)
                result = OWN_CHANGED;
            v->value = *k;
            v->instance = d->instances.items[i].name;
        }
    }
    return result;
}
