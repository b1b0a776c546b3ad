/*
 * toolkeep.h - the bytes of compilers and linkers, in the store: so that a record can be reproduced where its tools are not installed.
 *
 * What is kept is what a toolset's identity names: programs, the LLVM libraries that they load, the compiler's own headers; not the host's libc,
 * loader and zlib, which are no part of it.  refs/ukc/tools/<id of the identity> names a tree with the identity and the packages; the files
 * lie beside the repository by their SHA-256 (blobs.h).  They are laid out below toolchains/<id>/ as their packages have them, bin/ beside lib/, when they are used.
 *
 * Errors: false or NULL after reporting; a kept file that is not what it was is DIAG_INTEGRITY, one that is gone DIAG_MISSING.
 */
#ifndef PROVENANCE_TOOLKEEP_H
#define PROVENANCE_TOOLKEEP_H

#include "objects.h"
#include "tools_identity.h"
#include "toolset.h"

#define TOOLS_KEPT "refs/ukc/tools/"

struct tools_kept {
    struct hash id;
    size_t files;
    uint64_t bytes;
    bool present; /* they were kept before */
};
/* Keeps the tools of this machine. */
bool tools_keep(struct arena *, const char *store, const struct toolset *, struct tools_kept *, struct diag *);
/* The kept tools with this identity, to be run: each file has been compared.  NULL: not kept, or after reporting. */
[[nodiscard]] const struct toolset *tools_find_kept(struct arena *, const char *store, const char *identity, const char *const *programs, size_t count,
                                                    struct diag *);

/* Where the headers of the compiler were, of kept tools with this id; NULL: they are not kept, or cannot be read, of which `damage` says why. */
[[nodiscard]] const char *tools_resource(struct objects *, struct arena *, const struct hash *id, const char **damage);
/* Tools whose files lie in the store already, each compared with its SHA-256, are kept from now on. */
bool tools_adopt(struct arena *, const char *store, const char *identity, const char *packages, const char *resource, struct diag *);
/* Of a reference refs/ukc/tools/...; false: it is not one, or cannot be read, of which `damage` says why. */
bool tools_list(struct objects *, struct arena *, const char *reference, const struct tools_file **, size_t *count, const char **damage);

#endif
