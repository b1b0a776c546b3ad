/*
 * conflict_set.c - an irreducible set of facts that cannot hold together.
 *
 * All facts are assumed; the failed assumptions are a first set.  Then, with
 * only their clauses, each is left out in turn: if there is a plan without
 * it, it is needed, else it goes, with whatever else did not fail.  Where
 * single requirements tell already (dead_end.c) no solver is asked.
 */
#include <string.h>

#include "explain.h"
#include "model.h"

#define CUTS_MAX 4000
/* A reduction is given up when it has cost this many solver calls times variables: then the set is told as it is. */
#define WORK_MAX 60000000

struct reduction {
    struct arena *arena;
    const struct problem *p;
    struct encoding *e;
    VEC(struct cut) cuts;
    bool *said; /* by fact */
    size_t said_size;
    bool cut_short;
};

/* Cycles found on the way are facts too. */
static void grow_said(struct reduction *r, bool value)
{
    size_t count = r->e->facts.count;
    if (count > r->said_size) {
        bool *said = arena_array(r->arena, bool, 2 * count);
        if (r->said_size)
            memcpy(said, r->said, r->said_size * sizeof *said);
        memset(said + r->said_size, value, count - r->said_size);
        r->said = said;
        r->said_size = count;
    }
}

/*
 * Is there a plan when just these facts are said?  After false the failed ones
 * can be asked for.  With `any` a circle will do: asked when a cycle is left out.
 */
static bool satisfiable(struct reduction *r, bool any)
{
    for (;;) {
        for (size_t i = 1; i < r->e->facts.count; i++)
            if (r->said[i] && r->e->facts.items[i].literal)
                solver_assume(r->e->solver, r->e->facts.items[i].literal);
        if (!solver_solve(r->e->solver))
            return false;
        struct cut cut = {};
        if (any || model_is_plan(r->e, r->arena, &cut))
            return true;
        if (r->cuts.count == CUTS_MAX) {
            r->cut_short = true;
            return true;
        }
        *vec_add(r->arena, &r->cuts) = cut;
        encoding_cut(r->e, &cut);
        grow_said(r, true);
    }
}

static bool failed(struct reduction *r, size_t i)
{
    return r->said[i] && r->e->facts.items[i].literal && solver_failed(r->e->solver, r->e->facts.items[i].literal);
}

static bool is_cycle(const struct reduction *r, size_t i)
{
    return r->e->facts.items[i].kind == FACT_CYCLE;
}

/* That nothing may need itself is true whatever is said: cycles stay, until their turn comes. */
static void keep_failed(struct reduction *r, bool cycles)
{
    for (size_t i = 1; i < r->e->facts.count; i++)
        if (cycles || !is_cycle(r, i))
            r->said[i] = failed(r, i);
}

static void encode_again(struct reduction *r, const bool *keep, size_t count)
{
    r->e = encode(r->arena, r->p, ENCODE_FACTS, keep, count);
    for (size_t i = 0; i < r->cuts.count; i++)
        encoding_cut(r->e, &r->cuts.items[i]);
    grow_said(r, true);
}

/*
 * From the far end, so that what remains is near to the unikernel.  First the
 * facts that manifests state; then the cycles, by the solver's word alone.
 */
static void reduce(struct reduction *r, bool cycles)
{
    for (size_t i = r->e->facts.count; i-- > 1;) {
        if (!r->said[i] || is_cycle(r, i) != cycles)
            continue;
        if (solver_calls(r->e->solver) * (size_t)r->e->variables > WORK_MAX) {
            r->cut_short = true;
            return;
        }
        r->said[i] = false;
        if (satisfiable(r, cycles))
            r->said[i] = true;
        else
            keep_failed(r, cycles);
    }
}

static struct conflict_set collect(struct reduction *r, struct arena *a)
{
    VEC(struct fact) facts = {};
    for (size_t i = 1; i < r->e->facts.count; i++) {
        if (!r->said[i] || !r->e->facts.items[i].literal)
            continue;
        struct fact f = r->e->facts.items[i];
        if (f.cycle)
            f.cycle = arena_memdup(a, f.cycle, f.cycle_count * sizeof *f.cycle);
        *vec_add(a, &facts) = f;
    }
    return (struct conflict_set){.facts = facts.items, .count = facts.count, .irreducible = !r->cut_short};
}

struct conflict_set conflict_find(struct arena *a, const struct problem *p)
{
    struct conflict_set plain = p->use_lock ? (struct conflict_set){} : dead_end_find(a, p), set = {};
    if (plain.count && plain.irreducible)
        return plain;
    struct arena *scratch = arena_create();
    struct reduction r = {.arena = scratch, .p = p};
    encode_again(&r, NULL, 0);
    if (!satisfiable(&r, false)) {
        keep_failed(&r, false);
        encoding_dispose(r.e);
        size_t count = r.said_size < r.e->facts.count ? r.said_size : r.e->facts.count;
        bool *keep = arena_memdup(scratch, r.said, count * sizeof *keep);
        /* where instances are borrowed, what is not said can matter too */
        bool borrows = r.e->borrows;
        encode_again(&r, borrows ? NULL : keep, borrows ? 0 : count);
        reduce(&r, false);
        reduce(&r, true);
        set = collect(&r, a);
    }
    encoding_dispose(r.e);
    arena_destroy(scratch);
    return plain.count && !set.irreducible ? plain : set;
}
