/*
 * diag.h - diagnostics: a place, what is wrong, what would be right.
 *
 *     return diag_error(d, span, "unknown field '%s'", name);
 *     diag_note(d, other_span, "first declared here");
 *     diag_help(d, "did you mean '%s'?", near);
 *
 * Messages are one line, impersonal, lower case, without a final period.
 * Notes and helps attach to the error or warning before them.  Every
 * diagnostic has a class that decides the exit status (see enum diag_class);
 * the status of a run is that of its first error.
 *
 * Ownership: a struct diag copies what it is given; sources must outlive it.
 */
#ifndef UKC_DIAG_H
#define UKC_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A text that spans point into.  `path` is shown to users: relative where it can be. */
struct source {
    const char *path;
    const char *bytes; /* may be NULL: then no source line is drawn */
    size_t size;
    const char *shown; /* to users instead of a path that they do not know: "https://example.org/them@0123456789ab/ukc.lua"; or NULL */
};

static inline const char *source_shown(const struct source *s)
{
    return s->shown ? s->shown : s->path;
}

/* line and column count from 1, column and length in bytes; line 0 means the file as a whole; source NULL means no place. */
struct span {
    const struct source *source;
    uint32_t line, column, length;
};

#define SPAN_NONE ((struct span){0})

/* Exit statuses, everywhere in ukc; `ukc help` and the manual page print this table. */
#define DIAG_CLASSES(X)                                                                        \
    X(OK, 0, "done")                                                                            \
    X(INPUT, 1, "the user's input is wrong: manifest, C source, key, lock")                     \
    X(USAGE, 2, "the command line is wrong, or a hash is ambiguous")                            \
    X(OUTSIDE, 3, "something outside failed: a tool, the network, the disk")                    \
    X(MISSING, 4, "what is needed to reproduce is missing: sources, tools")                     \
    X(DIFFERS, 5, "rebuilt, and it differs")                                                    \
    X(INTEGRITY, 6, "an object, record, image or signature is not what it says")
enum diag_class {
#define X(name, status, meaning) DIAG_##name = status,
    DIAG_CLASSES(X)
#undef X
};

struct diag;

[[nodiscard]] struct diag *diag_create(void);
void diag_destroy(struct diag *);

/* All return false, so that `return diag_error(...)` reads as one thought. */
[[gnu::format(printf, 3, 4)]] bool diag_error(struct diag *, struct span, const char *format, ...); /* DIAG_INPUT */
[[gnu::format(printf, 4, 5)]] bool diag_fail(struct diag *, enum diag_class, struct span, const char *format, ...);
[[gnu::format(printf, 3, 4)]] bool diag_warning(struct diag *, struct span, const char *format, ...);
[[gnu::format(printf, 3, 4)]] bool diag_note(struct diag *, struct span, const char *format, ...);
[[gnu::format(printf, 2, 3)]] bool diag_help(struct diag *, const char *format, ...);

size_t diag_errors(const struct diag *);
/* Status of the first error; 0 when there is none. */
enum diag_class diag_status(const struct diag *);

enum diag_format { DIAG_TEXT, DIAG_COLOUR, DIAG_JSON };
/*
 * Prints everything reported so far, in order of report, identical ones once:
 *     ukc.lua:5:14: error: unknown field 'require'
 *         5 |     require = { http = sig.http_server },
 *           |     ^~~~~~~
 *     help: did you mean 'requires'?
 * and forgets it, keeping the counts.
 */
void diag_print(struct diag *, FILE *, enum diag_format);
/* The same as JSON Lines, appended; nothing is forgotten. */
struct text;
void diag_lines(const struct diag *, struct text *);
/* The message of the run's first error; NULL when there is none. */
const char *diag_first(const struct diag *);

#endif
