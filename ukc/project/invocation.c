/*
 * invocation.c - the options that there are, and what one run was given of them.
 */
#include "invocation.h"
#include <stdlib.h>
#include <string.h>

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

bool invocation_number(struct invocation *i, enum option_id option, const char *name, unsigned most, unsigned *number)
{
    const char *word = i->value[option];
    if (!word)
        return true;
    size_t digits = strspn(word, "0123456789");
    unsigned long n = digits && digits < 10 && !word[digits] ? strtoul(word, NULL, 10) : 0;
    if (n == 0 || n > most)
        return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "%s is a number from 1 to %u, not '%s'", name, most, word);
    *number = (unsigned)n;
    return true;
}

bool invocation_jobs(struct invocation *i, unsigned *jobs)
{
    *jobs = 0;
    return invocation_number(i, OPTION_jobs, "--jobs", 1024, jobs);
}
