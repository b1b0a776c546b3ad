/*
 * store.h - the per-user store: objects, unpacked packages, records.
 *
 *     $UKC_STORE, else $XDG_DATA_HOME/ukc, else ~/.local/share/ukc
 *         objects/    a bare git repository (libgit2): sources as git trees
 *         unpacked/   working copies of trees, by git tree id: rebuilt from objects when missing or damaged
 *         actions/    results of actions (cache.h): a cache
 *         origins/    which repositories delivered a commit: for messages
 *         tmp/        work of the process that holds store.lock
 *         records.db  SQLite: the index (record.h); records.lock: writers stand in line
 *
 * libgit2 1.5.1 loops for ever on a truncated loose object (libgit2 #7342):
 * every object is checked by store.c before libgit2 may read it.
 *
 * Errors: NULL or false after reporting; a damaged object is DIAG_INTEGRITY, disk and network DIAG_OUTSIDE.
 */
#ifndef UKC_STORE_H
#define UKC_STORE_H

#include "../ukc/load/manifest.h"
#include "../ukc/resolve/lock.h"

/* As above, absolute; NULL: none of the three variables is set. */
const char *store_place(struct arena *);

struct store;
[[nodiscard]] struct store *store_open(const char *directory /* NULL: as above */, struct diag *);
void store_close(struct store *);
const char *store_directory(const struct store *);

/* Nobody else imports until the descriptor is closed; -1 after reporting. */
[[nodiscard]] int store_lock(const struct store *, struct diag *);

struct fetched {
    const char *kind; /* of its pin: "debian", "debian_source", "git"; "use": a repository for a manifest */
    const struct import *import;
    const struct import *taken; /* of a first_of: the alternative; else the import itself */
    const char *version;   /* the accepted version that was found */
    const char *tree;      /* git tree id, hex */
    const char *sha256;    /* of the sorted list "sha256  path\n" (listing.c) */
    const char *address;   /* of a tree (debian_source, git): SHA-256 of what decides its contents; else NULL */
    const char *directory; /* absolute path of the unpacked tree; pkg-config: NULL */
    bool present; /* it was in the store already */
    const char *cflags, *libs; /* pkg-config only */
};

/*
 * Makes the files of an import available.  In the store already (as pinned by the lock or
 * by its SHA-256 sums): no network is touched.  Else the package is downloaded with the
 * system's package manager, unpacked in a fresh directory, every declared file verified
 * against its SHA-256, stored, and only then moved into place.  An upstream archive is verified
 * as a whole before it is unpacked; of a git repository the commit's id is verified.
 *
 * Of alternatives (first_of) the one that the lock pins comes first, from the store or the package
 * manager; then those that the store has, in order; then those that the package manager has.
 */
[[nodiscard]] const struct fetched *store_fetch(struct store *, struct arena *, const struct import *, const struct lock *, struct diag *);

/*
 * What a repository is told of whose commit the store has from another one: nothing, because the build may go on;
 * a warning; or it is asked now, where that is allowed, and then a warning.
 */
enum origins { ORIGINS_IGNORED, ORIGINS_SAID, ORIGINS_ASKED };
void store_set_origins(struct store *, enum origins);

/*
 * What can be said of an import without getting it: mistakes in what is declared, pins of the lock that
 * are not what the store has, repositories that never delivered.  NULL: errors were reported, or it is not in the store.
 */
[[nodiscard]] const struct fetched *store_review(struct store *, struct arena *, const struct import *, const struct lock *, struct diag *);

/* Nothing is asked of the network from now on: what is not in the store is an error that says so and names `ukc fetch`. */
void store_set_offline(struct store *);

/*
 * The working copy of a whole repository at a commit, for `use { git = ..., commit = ... }`: from the store, else
 * fetched.  Its path is `directory`; `import` is made here, of kind IMPORT_GIT, with the repository's address as its name.
 */
[[nodiscard]] const struct fetched *store_repository(struct store *, struct arena *, const struct used_repository *, const struct lock *,
                                                     struct diag *);

/* The pin of ukc.lock for what was fetched, borrowing its strings; kind is NULL for pkg-config, which is not pinned. */
struct lock_pin fetched_pin(const struct fetched *);

#endif
