/*
 * solver.c - the one file that knows CaDiCaL (MIT licence, kept up, in Debian;
 * its failed assumptions are what explanations are made of).
 */
#include <ccadical.h>

#include "../base/arena.h"
#include "solver.h"

struct solver {
    CCaDiCaL *cadical;
    size_t calls;
};

struct solver *solver_create(struct arena *a)
{
    struct solver *s = arena_new(a, struct solver);
    *s = (struct solver){.cadical = ccadical_init()};
    /* Nothing is in the image that nothing asks for: guess false first. */
    ccadical_set_option(s->cadical, "phase", 0);
    ccadical_set_option(s->cadical, "quiet", 1);
    return s;
}

void solver_destroy(struct solver *s)
{
    ccadical_release(s->cadical);
}

void solver_add(struct solver *s, int literal)
{
    ccadical_add(s->cadical, literal);
}

void solver_assume(struct solver *s, int literal)
{
    ccadical_assume(s->cadical, literal);
}

bool solver_solve(struct solver *s)
{
    s->calls++;
    return ccadical_solve(s->cadical) == 10;
}

bool solver_holds(struct solver *s, int literal)
{
    return ccadical_val(s->cadical, literal) > 0;
}

bool solver_failed(struct solver *s, int literal)
{
    return ccadical_failed(s->cadical, literal);
}

size_t solver_calls(const struct solver *s)
{
    return s->calls;
}
