/*
 * process.h - run a program, capture or pass its output.
 */
#ifndef UKC_PROCESS_H
#define UKC_PROCESS_H

#include <stdbool.h>
#include "diag.h"
#include "text.h"

struct arena;

struct process {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *directory;   /* NULL: the current one */
    const char *const *environment; /* NULL: inherited; else "NAME=value", NULL-terminated */
    struct text *out;        /* captured standard output; NULL: inherited */
    struct text *err;        /* captured standard error; NULL: inherited; may equal out */
    const char *input;       /* bytes for standard input; NULL: /dev/null */
    unsigned patience;       /* seconds; captured output that brings nothing for so long ends the program; 0: it is waited for */
    size_t limit;            /* bytes of captured output of either kind, more than which end the program; 0: any */
    bool *lost;              /* with patience or a limit: was it ended? */
};

/*
 * Runs to the end.  Returns the exit status, 128 + signal when it was killed,
 * or -1 after reporting that it could not be started (DIAG_OUTSIDE).
 */
int process_run(const struct process *, struct diag *);
/* What a program prints; NULL when there is none, or it fails: of which nothing is said. */
const char *process_answer(struct arena *, const char *const *argv);
/* Absolute path of `program` in PATH, or NULL. */
const char *process_find(struct arena *, const char *program);
/* Whether process_find() would find it. */
bool process_there(const char *program);

#endif
