/*
 * repair.c - what would help: each fact that a user can change is changed
 * alone, and what then has a plan is suggested.
 */
#include <string.h>

#include "../base/text.h"
#include "../graph/find.h"
#include "explain.h"
#include "words.h"

#define TRIES_MAX 24

struct repair {
    struct problem *p;
    const struct conflict_set *set;
    struct diag *diag, *scratch; /* problems of a variation are nobody's business */
    size_t tries;
};

/* A variation of the problem, to be changed and decided; without the lock. */
static struct problem *vary(struct repair *r, struct arena *a, const struct graph *g, enum target target)
{
    struct resolve_options *o = arena_memdup(a, r->p->options, sizeof *o);
    o->target = target;
    o->lock = NULL;
    return problem_create(a, g, o, r->scratch);
}

static void try_target(struct repair *r, enum target target, bool *works)
{
    struct arena *a = arena_create();
    struct problem *p = vary(r, a, r->p->graph, target);
    *works = p && decide(a, p);
    arena_destroy(a);
}

static bool asks_target(const struct repair *r)
{
    for (size_t i = 0; i < r->set->count; i++) {
        const struct fact *f = &r->set->facts[i];
        if (f->kind == FACT_TARGET)
            return true;
        const struct hole *h = f->kind == FACT_REQUIRES ? problem_hole(r->p, f->hole) : NULL;
        for (size_t k = 0; h && !h->open && k < h->candidate_count; k++)
            for (const struct guard *g = h->candidates[k].guard; g; g = g->outer)
                if (!g->selector->key)
                    return true;
    }
    return false;
}

static void suggest_targets(struct repair *r)
{
    const char *names[TARGET_COUNT];
    size_t count = 0;
    for (int t = 0; t < TARGET_COUNT && asks_target(r); t++) {
        bool works = false;
        if ((enum target)t != r->p->target)
            try_target(r, (enum target)t, &works);
        if (works)
            names[count++] = target_names[t];
    }
    if (count == 1)
        diag_help(r->diag, "it can be built for target %s", names[0]);
    else if (count == 2)
        diag_help(r->diag, "it can be built for targets %s and %s", names[0], names[1]);
}

static bool try_value(struct repair *r, const struct key *key, const char *text)
{
    struct arena *a = arena_create();
    struct problem *p = vary(r, a, r->p->graph, r->p->target);
    const struct key_value *v = p ? key_parse(a, key, text, SPAN_NONE, r->scratch) : NULL;
    bool works = false;
    if (v) {
        deciding_of(p, key)->key.value = v;
        problem_settle(p);
        works = decide(a, p);
    }
    arena_destroy(a);
    return works;
}

static void suggest_value(struct repair *r, const struct signature *s, const struct key *key, const char *text)
{
    const char *is = deciding_text(r->p, key);
    if (r->tries++ >= TRIES_MAX || (is && !strcmp(is, text)) || !try_value(r, key, text))
        return;
    diag_help(r->diag, "with %s = %s there is a plan: --set %s.%s=%s", key->name.text, text, s->name.text, key->name.text, text);
}

static void suggest_key(struct repair *r, const struct signature *s, const struct key *key)
{
    for (size_t i = 0; key->kind == KEY_KIND_enum && i < key->choice_count; i++)
        suggest_value(r, s, key, key->choices[i].text);
    if (key->kind == KEY_KIND_bool) {
        suggest_value(r, s, key, "true");
        suggest_value(r, s, key, "false");
    }
}

/* Every deciding key that the facts speak of, once. */
static void suggest_keys(struct repair *r)
{
    VEC(const struct key *) seen = {};
    for (size_t i = 0; i < r->set->count; i++) {
        const struct fact *f = &r->set->facts[i];
        const struct node_condition *c = f->kind == FACT_CONDITION ? &r->p->graph->nodes[f->node.at].conditions[f->at] : NULL;
        const struct hole *h = f->kind == FACT_REQUIRES ? problem_hole(r->p, f->hole) : NULL;
        const struct guard *g = h && !h->open && h->candidate_count ? h->candidates[0].guard : NULL;
        const struct key *key = c ? c->key : g && g->selector->signature ? g->selector->key : NULL;
        bool again = !key;
        for (size_t k = 0; k < seen.count; k++)
            again |= seen.items[k] == key;
        if (again)
            continue;
        *vec_add(r->p->arena, &seen) = key;
        suggest_key(r, c ? c->signature : g->selector->signature, key);
    }
}

static const char *chosen_name(const struct problem *p, const struct choices *c, const char *owner, const char *requirement)
{
    for (size_t i = 0; i < c->decision_count; i++) {
        const struct hole *h = problem_hole(p, c->decisions[i].hole);
        const struct component *x = p->graph->nodes[p->hole_node[c->decisions[i].hole]].component;
        if (!strcmp(x->name.text, owner) && !strcmp(h->requirement->name.text, requirement))
            return p->graph->nodes[h->candidates[c->decisions[i].candidate].node.at].component->name.text;
    }
    return NULL;
}

static void suggest_open(struct repair *r, uint32_t hole)
{
    const struct hole *h = problem_hole(r->p, hole);
    const struct component *owner = r->p->graph->nodes[r->p->hole_node[hole]].component;
    struct arena *a = arena_create();
    const struct graph *g = graph_build_without(a, r->p->graph->manifest, r->p->graph->unikernel, h->choice, r->scratch);
    struct problem *p = g ? vary(r, a, g, r->p->target) : NULL;
    const struct choices *c = p ? decide(a, p) : NULL;
    const char *instead = c ? chosen_name(p, c, owner->name.text, h->requirement->name.text) : NULL;
    if (c && instead)
        diag_help(r->diag, "if '%s' leaves %s open, '%s' is taken", owner->name.text, h->requirement->name.text, instead);
    else if (c)
        diag_help(r->diag, "if '%s' leaves %s open, there is a plan", owner->name.text, h->requirement->name.text);
    arena_destroy(a);
}

/* An open requirement that no candidate meets may be one for a directory of files. */
static bool suggest_directory(struct repair *r, const struct hole *h)
{
    const struct manifest *m = r->p->graph->manifest;
    for (size_t i = 0; i < m->implementation_count; i++) {
        const struct component *c = &m->implementations[i];
        if (!component_needs_directory(c) || !component_provides(c, h->signature->name.text))
            continue;
        diag_help(r->diag, "the files of a directory: choose = { %s = %s \"DIR\" }", h->requirement->name.text, c->name.text);
        return true;
    }
    return false;
}

static const struct component *first_provider(const struct manifest *m, const char *signature)
{
    for (size_t i = 0; i < m->implementation_count; i++)
        if (component_provides(&m->implementations[i], signature) && !component_only_chosen(&m->implementations[i]))
            return &m->implementations[i];
    return NULL;
}

/* Nothing provides the signature: perhaps one with a name like it was meant, there or here. */
static void suggest_provider(struct repair *r, const struct hole *h)
{
    const struct manifest *m = r->p->graph->manifest;
    const char *name = h->signature->name.text;
    VEC(const char *) names = {};
    for (size_t i = 0; i < m->signature_count; i++)
        if (strcmp(m->signatures[i].name.text, name) != 0 && first_provider(m, m->signatures[i].name.text))
            *vec_add(r->p->arena, &names) = m->signatures[i].name.text;
    const char *near = string_related(name, names.items, names.count);
    if (near)
        diag_help(r->diag, "did you mean 'sig.%s', which '%s' provides?", near, first_provider(m, near)->name.text);
    else
        diag_help(r->diag, "an implementation with provides = sig.%s does; if a directory beside the manifest declares one, is a 'use \"DIRECTORY\"' missing?", name);
}

static void suggest_peace(struct repair *r, const struct fact *f)
{
    const struct component *c = r->p->graph->nodes[f->node.at].component;
    struct arena *a = arena_create();
    struct problem *p = vary(r, a, r->p->graph, r->p->target);
    bool works = false;
    if (p) {
        p->ignored_conflict = &c->conflicts[f->at];
        works = decide(a, p);
    }
    if (works)
        diag_help(r->diag, "without the conflict of '%s' with '%s' there is a plan", c->name.text, c->conflicts[f->at].text);
    arena_destroy(a);
}

static void suggest_update(struct repair *r, const struct choices *unlocked)
{
    for (size_t i = 0; i < r->set->count; i++) {
        const struct fact *f = &r->set->facts[i];
        uint32_t taken = f->kind == FACT_LOCK ? unlocked->taken[f->hole] : ABSENT;
        if (taken == ABSENT)
            continue;
        const struct component *c = r->p->graph->nodes[problem_hole(r->p, f->hole)->candidates[taken].node.at].component;
        diag_help(r->diag, "'ukc configure --update' takes '%s %s' for %s", c->name.text, version_text(c),
                  r->p->lock_line[f->hole]->path);
        return;
    }
    diag_help(r->diag, "'ukc configure --update' makes the choices anew");
}

void repair_set(struct problem *p, const struct conflict_set *set, struct diag *d)
{
    VEC(const struct key *) seen = {};
    for (size_t i = 0; i < set->count; i++) {
        const struct fact *f = &set->facts[i];
        const struct selector *s = f->kind == FACT_REQUIRES ? hole_undecided(p, f->hole) : NULL;
        bool again = !s || selector_text(p, (node_id){p->hole_node[f->hole]}, s);
        for (size_t k = 0; !again && k < seen.count; k++)
            again = seen.items[k] == s->key;
        if (again)
            continue;
        *vec_add(p->arena, &seen) = s->key;
        /* without a value and without a case only a match without default is left, and no match is empty */
        const char *path = s->signature ? arena_printf(p->arena, "%s.%s", s->signature->name.text, s->key->name.text) : s->key->name.text;
        diag_help(d, "set it: ukc configure --set %s=%s, or give it a default", path, s->values[0]);
    }
}

void repair_suggest(struct problem *p, const struct conflict_set *set, const struct choices *unlocked, struct diag *d)
{
    struct repair r = {.p = p, .set = set, .diag = d, .scratch = diag_create()};
    if (unlocked) {
        suggest_update(&r, unlocked);
        diag_destroy(r.scratch);
        return;
    }
    for (size_t i = 0; i < set->count; i++) {
        const struct fact *f = &set->facts[i];
        const struct hole *h = f->kind == FACT_REQUIRES ? problem_hole(p, f->hole) : NULL;
        if (h && !h->open && r.tries++ < TRIES_MAX)
            suggest_open(&r, f->hole);
        else if (h && h->open && !suggest_directory(&r, h) && !h->candidate_count)
            suggest_provider(&r, h);
    }
    suggest_keys(&r);
    suggest_targets(&r);
    for (size_t i = 0; i < set->count; i++)
        if (set->facts[i].kind == FACT_CONFLICT && r.tries++ < TRIES_MAX)
            suggest_peace(&r, &set->facts[i]);
    diag_destroy(r.scratch);
}
