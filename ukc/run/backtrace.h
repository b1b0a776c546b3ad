/*
 * backtrace.h - which of the places on a stack are callers.
 *
 * An image of a machine has no frame pointers: its crash report (targets/pvh/report.c) lists what is on the stack and lies
 * behind a call.  Some of it was left there by calls that have returned long since.  A place behind a direct call is a caller if
 * that call goes to the function of the place before it; it is doubtful if it goes elsewhere. (So is the caller of a function that ended
 * with a jump to another one.)  A place behind a call through a pointer cannot be checked, and counts.
 */
#ifndef UKC_BACKTRACE_H
#define UKC_BACKTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/arena.h"
#include "../base/diag.h"

/*
 * places[0] is where the processor was, the others where calls return to, innermost first.  doubtful[k] is set for each of `count`.
 * image has the code, symbols the symbols; they may be one file. Where one cannot be read, which is reported, nothing is doubtful.
 */
void backtrace_check(struct arena *, const char *image, const char *symbols, const uint64_t *places, size_t count, bool *doubtful, struct diag *);

#endif
