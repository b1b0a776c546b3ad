/*
 * progress.h - what Ninja prints, as progress.  Internal to ninja/.
 *
 * Ninja is told to begin the line of each finished command with
 * PROGRESS_STATUS; every other line is a command's output or Ninja's own
 * message.  Bytes may be fed in pieces of any size.
 */
#ifndef NINJA_PROGRESS_H
#define NINJA_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>
#include "../ukc/base/text.h"

/* Ninja expands %f to the commands finished and %t to those in all.  ASCII 30, the record separator. */
#define PROGRESS_STATUS "\036%f %t "
#define PROGRESS_MARK '\036'

enum progress_state { PROGRESS_NORMAL, PROGRESS_STATUS_SEEN, PROGRESS_FAILED_COMMAND };


struct progress {
    FILE *out;
    bool terminal, verbose, quiet;
    const char *announcement; /* printed with the first of them; or NULL */
    size_t edges;             /* commands that have finished */
    enum progress_state state;
    bool line_shown;          /* a status line without its end is on the terminal */
    bool described;           /* the description below has been printed on a line of its own */
    bool blank_held;          /* an empty line after a status: Ninja's own if FAILED follows */
    bool failed;              /* what comes is the output of a command that failed */
    bool any_failed;          /* a command failed at all */
    bool no_space;            /* something said that the disk is full */
    struct text *undefined;   /* gets the symbols that lld found nowhere, one a line; may be NULL */
    struct text *absent;      /* gets the headers that clang did not find, one a line; may be NULL */
    bool *assembly;           /* set when lld said that assembly in bitcode is wrong; may be NULL */
    struct text *output;      /* gets what failed commands said; may be NULL */
    struct text line;         /* what has come of the current line */
    struct text description;  /* of the last finished command */
};

void progress_feed(struct progress *, const char *bytes, size_t n);
/* The end of Ninja's output: prints what is left, frees the memory, keeps the count. */
void progress_finish(struct progress *);

#endif
