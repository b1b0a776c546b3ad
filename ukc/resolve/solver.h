/*
 * solver.h - a SAT solver: clauses, assumptions, and which of them failed.
 *
 * CaDiCaL behind five words.  Variables count from 1; -v is not v.
 */
#ifndef UKC_RESOLVE_SOLVER_H
#define UKC_RESOLVE_SOLVER_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct solver;

[[nodiscard]] struct solver *solver_create(struct arena *);
void solver_destroy(struct solver *);

/* A clause is its literals one by one, then 0. */
void solver_add(struct solver *, int literal);
/* Holds for the next solver_solve only. */
void solver_assume(struct solver *, int literal);
[[nodiscard]] bool solver_solve(struct solver *);
/* After true: does the literal hold in the model? */
bool solver_holds(struct solver *, int literal);
/* After false: did this assumption take part? */
bool solver_failed(struct solver *, int literal);
size_t solver_calls(const struct solver *);

#endif
