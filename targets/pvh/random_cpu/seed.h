/* seed.h - what seeds the generator beside noise of the host; private to this folder. */
#ifndef RANDOM_SEED_H
#define RANDOM_SEED_H

#include <stdbool.h>
#include <stdint.h>

enum { SEED_TESTED = 8 };

/* Finds out whether the processor has RDSEED or RDRAND. */
bool seed_open(void);
/* Mixes in words of the processor's.  False: its generator gives none any more. */
bool seed_take(void);
/* Whether the processor's generator works. */
bool seed_is_healthy(void);
/* A source that is broken gives the same word again and again (AMD erratum 1361 and others, all ones). */
bool seed_differs(const uint64_t words[SEED_TESTED]);
/* Whether the machine is another one since the last call: it continues from a snapshot, or is a copy. */
bool seed_is_another(void);

#endif
