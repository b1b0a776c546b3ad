/*
 * trap.h - what an instruction means that an image of a machine has ended at.
 *
 * Checks that the compiler or the C library put into an image end it with an invalid instruction, which by itself says nothing.
 */
#ifndef UKC_TRAP_H
#define UKC_TRAP_H

#include <stdint.h>
#include "../base/arena.h"
#include "../base/diag.h"

/*
 * In words, and which key the check belongs to; NULL: it is no such instruction.  image has the code, symbols the symbols; they may be
 * one file. One that cannot be read is reported.
 */
const char *trap_meaning(struct arena *, const char *image, const char *symbols, uint64_t place, struct diag *);

#endif
