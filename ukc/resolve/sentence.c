/*
 * sentence.c - a conflicting set of facts, told in causal order: from the
 * unikernel's requirement that cannot be met down to what is in the way.
 */
#include <string.h>

#include "../base/text.h"
#include "../graph/find.h"
#include "conflict.h"
#include "explain.h"
#include "words.h"

#define NOTES_MAX 40

struct teller {
    struct problem *p;
    struct arena *arena;
    const struct conflict_set *set;
    struct diag *diag;
    bool *told;    /* by fact of the set */
    bool *met;     /* by node */
    uint32_t *queue;
    size_t count, notes, left_out;
    const char *target;
};

static const struct component *component_of(const struct teller *t, uint32_t node)
{
    return t->p->graph->nodes[node].component;
}

static const char *name_of(const struct teller *t, uint32_t node)
{
    return component_text(t->arena, t->p, component_of(t, node));
}

[[gnu::format(printf, 3, 4)]] static void note(struct teller *t, struct span span, const char *format, ...)
{
    if (t->notes == NOTES_MAX) {
        t->left_out++;
        return;
    }
    t->notes++;
    va_list list;
    va_start(list, format);
    const char *s = arena_vprintf(t->arena, format, list);
    va_end(list);
    diag_note(t->diag, span, "%s", s);
}

static size_t guarded_in(const struct teller *t, uint32_t h, uint32_t *first)
{
    const struct hole *hole = problem_hole(t->p, h);
    size_t count = 0;
    for (uint32_t k = 0; k < hole->candidate_count; k++)
        if (candidate_guarded_in(t->p, h, &hole->candidates[k]) && !count++)
            *first = k;
    return count;
}

static void tell_undecided(struct teller *t, uint32_t h, const char *owner, const char *requirement)
{
    const struct hole *hole = problem_hole(t->p, h);
    const struct selector *s = hole_undecided(t->p, h);
    const char *value = s ? selector_text(t->p, (node_id){t->p->hole_node[h]}, s) : NULL;
    if (value)
        note(t, hole->choice->span, "'%s' chooses for %s by '%s', and no case is for %s", owner, requirement,
             s->match->selector.text, value);
    else if (s)
        note(t, hole->choice->span, "'%s' chooses for %s by '%s', which has no value and no default", owner, requirement,
             s->match->selector.text);
    else
        note(t, hole->choice->span, "'%s' chooses nothing for %s", owner, requirement);
}

static void tell_explicit(struct teller *t, uint32_t h)
{
    const struct hole *hole = problem_hole(t->p, h);
    const char *owner = name_of(t, t->p->hole_node[h]), *requirement = hole->requirement->name.text;
    uint32_t k = 0;
    if (!guarded_in(t, h, &k)) {
        tell_undecided(t, h, owner, requirement);
        return;
    }
    const struct candidate *c = &hole->candidates[k];
    if (c->guard)
        note(t, c->span, "'%s' chooses '%s' for %s where %s is %s", owner, component_of(t, c->node.at)->name.text, requirement,
             c->selector.text, c->value.text);
    else
        note(t, c->span, "'%s' chooses '%s' for %s", owner, component_of(t, c->node.at)->name.text, requirement);
}

static void tell_requirement(struct teller *t, uint32_t h)
{
    const struct hole *hole = problem_hole(t->p, h);
    const char *owner = name_of(t, t->p->hole_node[h]);
    if (!hole->open) {
        tell_explicit(t, h);
        return;
    }
    const char *tail = "";
    if (!hole->candidate_count)
        tail = ", and nothing provides it";
    else if (hole->candidate_count == 1)
        tail = arena_printf(t->arena, ", which only '%s' provides", name_of(t, hole->candidates[0].node.at));
    note(t, hole->requirement->name.span, "'%s' requires %s: sig.%s%s", owner, hole->requirement->name.text,
         hole->signature->name.text, tail);
}

static const char *holes_text(const struct teller *t, const struct fact *f)
{
    const char *s = NULL;
    for (size_t i = 0; i < f->cycle_count; i++) {
        const char *owner = graph_node_label(t->arena, t->p->graph, (node_id){t->p->hole_node[f->cycle[i]]});
        const char *requirement = problem_hole(t->p, f->cycle[i])->requirement->name.text;
        s = s ? arena_printf(t->arena, "%s -> %s.%s", s, owner, requirement) : arena_printf(t->arena, "%s.%s", owner, requirement);
    }
    return s;
}

static void tell_lock(struct teller *t, uint32_t h)
{
    const struct lock_choice *line = t->p->lock_line[h];
    const struct hole *hole = problem_hole(t->p, h);
    bool found = false;
    for (uint32_t k = 0; k < hole->candidate_count; k++)
        found |= candidate_locked(t->p, h, &hole->candidates[k]);
    const struct manifest *m = t->p->graph->manifest;
    struct versions v = versions_find(m, line->implementation);
    bool directory = v.count && component_needs_directory(&m->implementations[v.first]);
    const char *missing = found       ? ""
                          : directory ? ", which the manifest no longer chooses by naming a directory"
                                      : ", which the catalogue does not offer for it";
    note(t, line->span, "ukc.lock holds '%s %s' for %s%s", line->implementation, line->version, line->path, missing);
}

static void tell(struct teller *t, size_t at)
{
    const struct fact *f = &t->set->facts[at];
    if (t->told[at])
        return;
    t->told[at] = true;
    const struct component *c = component_of(t, f->node.at);
    const char *name = name_of(t, f->node.at);
    switch (f->kind) {
    case FACT_BACKGROUND:
        break;
    case FACT_REQUIRES:
        tell_requirement(t, f->hole);
        break;
    case FACT_TARGET:
        note(t, targets_span(c), "'%s' is only for %s", name, targets_text(t->arena, c));
        break;
    case FACT_CONDITION:
        note(t, c->conditions[f->at].key.span, "'%s' %s", name,
             condition_text(t->arena, t->p, &t->p->graph->nodes[f->node.at], f->at));
        break;
    case FACT_VERSION: {
        const struct requirement *r = problem_hole(t->p, f->hole)->requirement;
        const struct component *x = component_of(t, problem_hole(t->p, f->hole)->candidates[f->at].node.at);
        struct span place = x->version.span.source ? x->version.span : x->span; /* that of the range is where the requirement is */
        note(t, place, "'%s' requires %s %s, and '%s' is version %s", name, r->name.text, r->version.text, x->name.text, version_text(x));
        break;
    }
    case FACT_CONFLICT:
        note(t, c->conflicts[f->at].span, "'%s' conflicts with '%s'", name, c->conflicts[f->at].text);
        break;
    case FACT_EXCLUSIVE:
        note(t, f->signature->span, "signature '%s' is exclusive: an image holds one implementation of it", f->signature->name.text);
        break;
    case FACT_SHARED:
        note(t, f->signature->span, "signature '%s' is shared: open requirements of it take the same implementation",
             f->signature->name.text);
        break;
    case FACT_CYCLE:
        note(t, problem_hole(t->p, f->cycle[0])->requirement->name.span, "cyclic requirements: %s -> '%s' again",
             holes_text(t, f), name);
        break;
    case FACT_LOCK:
        tell_lock(t, f->hole);
        break;
    }
}

/* Index of a fact in the set, or ABSENT. */
static uint32_t find(const struct teller *t, enum fact_kind kind, uint32_t hole, const struct component *c)
{
    for (uint32_t i = 0; i < t->set->count; i++) {
        const struct fact *f = &t->set->facts[i];
        if (f->kind == kind && (c ? component_of(t, f->node.at) == c : f->hole == hole))
            return i;
    }
    return ABSENT;
}

/* When every candidate is for other targets, that is one sentence, not ten. */
static bool tell_no_target(struct teller *t, uint32_t h)
{
    const struct hole *hole = problem_hole(t->p, h);
    if (!hole->open || hole->candidate_count < 2)
        return false;
    const char *list = NULL;
    for (uint32_t k = 0; k < hole->candidate_count; k++) {
        const struct component *c = component_of(t, hole->candidates[k].node.at);
        if (find(t, FACT_TARGET, 0, c) == ABSENT)
            return false;
        const char *item = arena_printf(t->arena, "%s (%s)", component_text(t->arena, t->p, c), targets_text(t->arena, c));
        list = list ? arena_printf(t->arena, "%s, %s", list, item) : item;
    }
    for (uint32_t k = 0; k < hole->candidate_count; k++)
        t->told[find(t, FACT_TARGET, 0, component_of(t, hole->candidates[k].node.at))] = true;
    note(t, hole->signature->span, "no implementation of '%s' is for target %s: %s", hole->signature->name.text, t->target, list);
    return true;
}

static void tell_candidates(struct teller *t, uint32_t h)
{
    const struct hole *hole = problem_hole(t->p, h);
    bool grouped = tell_no_target(t, h);
    for (uint32_t k = 0; k < hole->candidate_count; k++) {
        uint32_t n = hole->candidates[k].node.at;
        if (!hole->open && !candidate_guarded_in(t->p, h, &hole->candidates[k]))
            continue;
        for (size_t i = 0; i < t->set->count && !grouped; i++) {
            const struct fact *f = &t->set->facts[i];
            bool own = (f->kind == FACT_TARGET || f->kind == FACT_CONDITION) && component_of(t, f->node.at) == component_of(t, n);
            if (own || (f->kind == FACT_VERSION && f->hole == h && f->at == k))
                tell(t, i);
        }
        if (!t->met[n]) {
            t->met[n] = true;
            t->queue[t->count++] = n;
        }
    }
}

static void tell_all(struct teller *t, uint32_t skip)
{
    t->met[0] = true;
    t->queue[t->count++] = 0;
    for (size_t q = 0; q < t->count; q++)
        for (uint32_t h = t->p->hole_first[t->queue[q]]; h < t->p->hole_first[t->queue[q] + 1]; h++) {
            uint32_t requires = find(t, FACT_REQUIRES, h, NULL), lock = find(t, FACT_LOCK, h, NULL);
            if (requires != ABSENT && (h != skip || !problem_hole(t->p, h)->open))
                tell(t, requires);
            else if (requires != ABSENT)
                t->told[requires] = true;
            if (lock != ABSENT)
                tell(t, lock);
            if (requires != ABSENT || lock != ABSENT)
                tell_candidates(t, h);
        }
    for (size_t i = 0; i < t->set->count; i++)
        tell(t, i);
    if (t->left_out)
        diag_note(t->diag, SPAN_NONE, "and %zu more facts", t->left_out);
}

/* The first line: which requirements of the unikernel cannot be met. */
static uint32_t report_root(struct teller *t)
{
    const struct component *root = t->p->graph->unikernel;
    const char *names = NULL;
    uint32_t first = ABSENT;
    size_t count = 0;
    for (uint32_t h = t->p->hole_first[0]; h < t->p->hole_first[1]; h++) {
        if (find(t, FACT_REQUIRES, h, NULL) == ABSENT && find(t, FACT_LOCK, h, NULL) == ABSENT)
            continue;
        const char *name = problem_hole(t->p, h)->requirement->name.text;
        names = count++ ? arena_printf(t->arena, "%s, %s", names, name) : name;
        first = first == ABSENT ? h : first;
    }
    if (!count) {
        diag_error(t->diag, root->span, "'%s' cannot be built for target %s", root->name.text, t->target);
        return ABSENT;
    }
    const struct hole *hole = problem_hole(t->p, first);
    if (count > 1) {
        diag_error(t->diag, hole->requirement->name.span, "the requirements %s of '%s' cannot be met together for target %s", names,
                   root->name.text, t->target);
        return ABSENT;
    }
    const char *tail = hole->open && !hole->candidate_count ? ": nothing provides it" : "";
    diag_error(t->diag, hole->requirement->name.span, "'%s' requires %s: sig.%s, which cannot be met for target %s%s",
               root->name.text, names, hole->signature->name.text, t->target, tail);
    return first;
}

/* Which locked choice is at fault: the first in the order of the graph. */
static void report_lock(struct teller *t, const struct choices *unlocked)
{
    uint32_t h = ABSENT;
    for (size_t i = 0; i < t->set->count; i++)
        if (t->set->facts[i].kind == FACT_LOCK && h == ABSENT)
            h = t->set->facts[i].hole;
    const struct lock_choice *line = t->p->lock_line[h];
    diag_error(t->diag, line->span, "the locked choice '%s %s' for %s no longer fits", line->implementation, line->version,
               line->path);
    (void)unlocked;
}

bool sentence_no_value(struct problem *p, const struct conflict_set *set, struct diag *d)
{
    const struct fact *f = &set->facts[0];
    const struct selector *s = set->count == 1 && f->kind == FACT_REQUIRES ? hole_undecided(p, f->hole) : NULL;
    if (!s || selector_text(p, (node_id){p->hole_node[f->hole]}, s))
        return false;
    diag_error(d, s->match->selector.span, "'%s' decides %s, but has no value and no default", s->match->selector.text,
               problem_hole(p, f->hole)->requirement->name.text);
    diag_note(d, s->key->name.span, "the key is declared here");
    return true;
}

void sentence_report(struct problem *p, const struct conflict_set *set, const struct choices *unlocked, struct diag *d)
{
    struct teller t = {.p = p, .arena = p->arena, .set = set, .diag = d, .target = target_names[p->target]};
    t.told = arena_array(p->arena, bool, set->count);
    t.met = arena_array(p->arena, bool, p->graph->node_count);
    t.queue = arena_array(p->arena, uint32_t, p->graph->node_count);
    uint32_t skip = ABSENT;
    if (unlocked)
        report_lock(&t, unlocked);
    else
        skip = report_root(&t);
    tell_all(&t, skip);
}
