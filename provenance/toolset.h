/*
 * toolset.h - what compilers and linkers are, by the SHA-256 of the files of their own packages.
 *
 * Their identity is a canonical text: programs, the LLVM libraries that they load, the headers that the compiler
 * brings along.  Not the host's libc, zlib and the like: an update of these makes no other tool.
 */
#ifndef UKC_TOOLSET_H
#define UKC_TOOLSET_H

#include <stdbool.h>
#include <stddef.h>
#include "../ukc/base/diag.h"
#include "../ukc/base/hash.h"

struct arena;

struct toolset {
    const char *text;     /* the identity (README.md has its grammar) */
    const char *packages; /* "<program> <package> <version> <architecture>", a line each: for people; "" where dpkg knows nothing */
    const char *directories; /* of the programs, as PATH has them */
    const char *moved;       /* kept ones: "<where the compiler's headers are>=<where they were>", which debug information says; else NULL */
    /* All of them in the order of the identity's lines, then what belongs to the host and is loaded with them (which is no part of the identity), and the shell that starts them; without links. */
    const char *const *files;
    size_t file_count;
};
/*
 * Of these programs, sorted, as PATH finds them.  Reading them takes a second: what was found is kept in the store's
 * cache and holds while no file has another size, time or inode.  A missing program is DIAG_MISSING.
 */
[[nodiscard]] const struct toolset *toolset_find(struct arena *, const char *store, const char *const *programs, size_t count, struct diag *);

/* The same of those in a directory, whatever PATH says. */
[[nodiscard]] const struct toolset *toolset_find_in(struct arena *, const char *store, const char *directory, const char *const *programs, size_t count,
                                                    struct diag *);

/* A program that an action may run: one of those that ukc itself uses, in any version. */
bool toolset_is_program(const char *name);

/*
 * What programs read of any host and decides nothing that a record does not say: which distribution it is (clang asks,
 * for the names of its directories), and what the loader asks.
 */
bool toolset_is_host_file(const char *path);

/* Says in notes which programs, libraries and headers differ; `wanted` and `found` are identities. */
void toolset_differences(struct arena *, const char *wanted, const struct toolset *found, struct diag *);

#endif
