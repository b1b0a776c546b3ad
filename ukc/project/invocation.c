/*
 * invocation.c - the options that there are, and what one run was given of them.
 */
#include "invocation.h"
#include <stdlib.h>

const struct option options[OPTION_COUNT] = {
#define X(id, letter, name, argument, repeat, doc) [OPTION_##id] = {letter, name, argument, repeat, doc},
    OPTIONS(X)
#undef X
};

#define X(name, doc) " " #name
#define TARGET_WORDS (&(TARGETS(X))[1])
const char *const option_words[OPTION_COUNT] = {
#define Y(id, words) [OPTION_##id] = words,
    OPTION_WORDS(Y)
#undef Y
#undef X
};

bool invocation_jobs(struct invocation *i, unsigned *jobs)
{
    const char *word = i->value[OPTION_jobs];
    char *end = NULL;
    unsigned long n = word ? strtoul(word, &end, 10) : 0;
    *jobs = (unsigned)n;
    return !word || (!*end && n >= 1 && n <= 1024) ||
           diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--jobs is a number from 1 to 1024, not '%s'", word);
}
