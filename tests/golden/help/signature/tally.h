/*
 * tally.h - counts what it is shown.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdint.h>

#define TALLY_MOST 9

/* How often it was called. */
uint64_t tally_add(void);

#endif
