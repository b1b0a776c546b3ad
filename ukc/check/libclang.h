/*
 * libclang.h - from a C header to its model.
 *
 * libclang is loaded when the first header is parsed, not before: loading it
 * costs more than everything else when nothing has changed.
 *
 * Errors: clang_parse returns false after reporting the compiler's own
 * errors at their places; a libclang that cannot be loaded is DIAG_OUTSIDE.
 */
#ifndef UKC_CHECK_LIBCLANG_H
#define UKC_CHECK_LIBCLANG_H

#include "../base/diag.h"
#include "model.h"

struct arena;
struct sources;

struct parse_request {
    const char *header; /* relative to the project */
    const char *const *flags;
    size_t flag_count;
    const char *prefix; /* "stack_host": functions stack_host_* are kept wherever they are declared, others only from the header itself */
    const char *generated; /* "build/posix/gen/": "build/posix/gen/http/../../root/x" is shown as "build/posix/root/x" */
};

struct parsed {
    const struct interface *interface;
    const char *const *files; /* every file read, the header first, in order of inclusion */
    size_t file_count;
};

[[nodiscard]] bool clang_parse(struct arena *, const struct parse_request *, struct sources *, struct diag *, struct parsed *);
/* The shared library in use, for the cache; NULL before it has been loaded. */
const char *clang_library(void);
/* How often headers were parsed since the program started: what the cache is there to avoid. */
unsigned clang_parse_count(void);

#endif
