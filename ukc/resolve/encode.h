/*
 * encode.h - the problem as clauses, each with the fact it stands for.
 *
 * There is a variable for "node n is in the image" and one for "hole h is
 * filled by its candidate k".  Two uses:
 *
 *   ENCODE_PLAN    what can still be part of a plan, as plain clauses
 *   ENCODE_FACTS   everything, each clause guarded by the literal of its
 *                  fact, so that failed assumptions name the facts at fault
 *
 * At most one candidate for a hole need not be said in general: whoever reads
 * a model takes the first that holds.  It is said where it matters: explicit
 * choices, shared and exclusive signatures, and everywhere when instances are
 * borrowed (what brings one in must not be chosen only on the side).
 */
#ifndef UKC_RESOLVE_ENCODE_H
#define UKC_RESOLVE_ENCODE_H

#include "problem.h"
#include "solver.h"

/* What a clause says about the manifests.  Also the order in which facts about one hole are told. */
enum fact_kind {
    FACT_BACKGROUND, /* true by the meaning of the words */
    FACT_REQUIRES,   /* a node needs one of a hole's candidates */
    FACT_TARGET,     /* a component is not for the target */
    FACT_CONDITION,  /* a component's `when` is not met */
    FACT_VERSION,    /* a candidate's version is not in the requirement's range */
    FACT_CONFLICT,   /* two components exclude one another */
    FACT_EXCLUSIVE,  /* one implementation of the signature in an image */
    FACT_SHARED,     /* open requirements of the signature agree */
    FACT_CYCLE,      /* nodes that would need themselves */
    FACT_LOCK,       /* ukc.lock holds a choice */
};

struct fact {
    enum fact_kind kind;
    node_id node;               /* TARGET, CONDITION, CONFLICT: the component's first node; REQUIRES, LOCK: the owner */
    uint32_t hole;              /* REQUIRES, VERSION, LOCK */
    uint32_t at;                /* VERSION: candidate; CONDITION, CONFLICT: index in the component */
    const struct signature *signature; /* EXCLUSIVE, SHARED */
    const uint32_t *cycle;      /* CYCLE: holes, each owned by the node that the one before leads to */
    size_t cycle_count;
    int literal;                /* ENCODE_FACTS: its clauses hold while this does */
};

enum encode_mode { ENCODE_PLAN, ENCODE_FACTS };

/* A clause found while solving, free of variable numbers: a cycle, or an instance that nothing brings in. */
enum atom_kind {
    ATOM_USED,    /* node `at` is in the image */
    ATOM_EDGE,    /* hole `at` is filled by `candidate` */
    ATOM_UNSAID,  /* the requirement of hole `at` is not among the facts said */
};
struct atom {
    enum atom_kind kind;
    bool negative;
    uint32_t at, candidate;
};
struct cut {
    struct fact fact; /* FACT_CYCLE or FACT_BACKGROUND */
    const struct atom *atoms;
    size_t atom_count;
};

struct clash;

struct encoding {
    const struct problem *p;
    struct arena *arena;
    struct solver *solver;
    enum encode_mode mode;
    const bool *keep; /* by fact: clauses of the others are not written; NULL: all are */
    size_t keep_count;
    int variables;
    bool borrows; /* some open requirement may share a declared instance */
    bool *in;         /* by node: part of the encoding */
    int *used;        /* by node: its variable; 0: not needed yet */
    int *choice;      /* by hole: the variable of candidate 0; 0: not needed yet */
    int *shared;      /* by signature: the candidate that all open requirements of a shared one agree on */
    VEC(struct fact) facts;
    uint32_t *requires; /* by hole: its FACT_REQUIRES */
    struct clash **clash; /* by node, ENCODE_PLAN: the nodes it conflicts with */
};

struct clash {
    uint32_t node;
    struct clash *next;
};

/* Makes a solver and fills it. */
struct encoding *encode(struct arena *, const struct problem *, enum encode_mode, const bool *keep, size_t keep_count);
void encoding_dispose(struct encoding *);
void encoding_cut(struct encoding *, const struct cut *);

/* The literals of "node n is in the image" and "hole h is filled by candidate k". */
int encoding_used(struct encoding *, uint32_t node);
int encoding_edge(struct encoding *, uint32_t hole, uint32_t candidate);
bool encoding_is_shared(const struct encoding *, uint32_t hole);
/* Whether candidate k has a part in the encoding. */
bool encoding_has(const struct encoding *, uint32_t hole, uint32_t candidate);

/* The rest is for the files that write clauses. */
uint32_t encoding_fact(struct encoding *, struct fact);
/* Starts a clause that stands for a fact; the literals and 0 follow by solver_add.  False: leave it out. */
bool clause_begin(struct encoding *, uint32_t fact);
void clause2(struct encoding *, uint32_t fact, int a, int b); /* b may be 0 */
/* At most one of the literals; a ladder when they are many. */
void at_most_one(struct encoding *, uint32_t fact, const int *literals, size_t count);

/* rules.c: what crosses requirements */
void encode_conflicts(struct encoding *);
void encode_exclusive(struct encoding *);
void encode_shared(struct encoding *);
void encode_declared(struct encoding *);

#endif
