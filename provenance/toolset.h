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
    /*
     * What belongs to the host and is loaded with them, and the shell that starts them: "<sha256> <size> <path>", a line each.
     * A run names it; it is no part of the identity.
     */
    const char *runtime;
    const char *const *files; /* all of these files, without links */
    size_t file_count;
};
/*
 * Of these programs, sorted, as PATH finds them.  Reading them takes a second: what was found is kept in the store's
 * cache and holds while no file has another size, time or inode.  A missing program is DIAG_MISSING.
 */
[[nodiscard]] const struct toolset *toolset_find(struct arena *, const char *store, const char *const *programs, size_t count, struct diag *);

/* A program that an action may run: one of those that ukc itself uses, in any version. */
bool toolset_is_program(const char *name);

/* Says in notes which programs, libraries and headers differ; `wanted` and `found` are identities. */
void toolset_differences(struct arena *, const char *wanted, const char *found, struct diag *);

#endif
