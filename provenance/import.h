/*
 * import.h - inside provenance/: what store.c and its parts share.
 *
 * An import is wanted as a sorted list of files with their SHA-256.  The
 * list's own SHA-256 is its address in the store: the same files are the same
 * import, whichever package version they came from.
 */
#ifndef PROVENANCE_IMPORT_H
#define PROVENANCE_IMPORT_H

#include "../ukc/base/arena.h"
#include "../ukc/base/hash.h"
#include "../ukc/base/text.h"
#include "objects.h"
#include "store.h"

#define IMPORT_FILE_LIMIT ((uint64_t)OBJECT_LIMIT)

struct wanted_file {
    const char *path;
    struct hash sha256;
    struct span path_span, sha256_span;
    bool seen; /* while unpacking */
};

struct wanted {
    const struct import *import;
    struct wanted_file *files; /* sorted by path */
    size_t count;
    const char **paths;       /* the same, alone */
    const char **directories; /* every directory above a file, "." first, sorted */
    size_t directory_count;
    char id[HASH_HEX]; /* SHA-256 of the lines "<sha256>  <path>\n" */
};

/* Checks the import's names, paths and sums; NULL after reporting every mistake. */
const struct wanted *wanted_make(struct arena *, const struct import *, struct diag *);
/* The wanted file of that path, or NULL. */
struct wanted_file *wanted_find(const struct wanted *, const char *path);
bool version_is_clean(const char *version);

/* What was found wrong on the way; it becomes errors only if nothing else succeeds. */
struct finding {
    enum diag_class class; /* DIAG_OUTSIDE: not to be had; DIAG_INTEGRITY: it is not what it says */
    struct span place;
    const char *text;
};
struct findings {
    struct finding *items;
    size_t count, capacity;
};
[[gnu::format(printf, 5, 6)]] void finding_add(struct arena *, struct findings *, enum diag_class, struct span, const char *format, ...);

/* A new file with these bytes, on disk when it returns; its directories are made.  It must not exist. */
bool write_new_file(const char *path, const void *bytes, size_t size, struct diag *);
/* The environment for programs whose messages are read: ours, in English. */
const char *const *c_locale(struct arena *);
/* The first 300 bytes of a tool's message as one clean line. */
const char *one_line(struct arena *, const struct text *);

/* ---- debian.c ---- */

/* How a package is looked for. */
enum way {
    WAY_ACCEPTED,  /* an accepted version that the system's index offers */
    WAY_POOL,      /* an accepted version that an archive of the system keeps for other releases */
    WAY_CANDIDATE, /* the version that the system would install, if none is accepted and its files are the same */
};

/* One import, wanted in vain so far; of a first_of, one alternative. */
struct attempt {
    const struct wanted *wanted;
    const char *preferred; /* the pinned version, or NULL */
    const char *work;      /* a directory for this attempt alone */
    const char *damage;    /* of the store's copy, or NULL */
    struct findings findings;
    struct fetching *fetching; /* debian.c's */
};

/*
 * Downloads and unpacks one version below `work`, every wanted file verified.
 * Returns the version, with *root the directory that holds exactly the wanted files;
 * NULL when there is none, with the reasons in `findings`, or after reporting
 * (disk full): then diag has a new error.
 */
const char *debian_fetch(struct arena *, struct attempt *, enum way, const char **root, struct diag *);
/* Turns the findings of all alternatives into errors; `place` is the whole import's. */
void debian_report(struct arena *, struct attempt *const *, size_t count, struct span place, struct diag *);
/* What was found wrong on the way to `version`, as warnings. */
void debian_warn(const struct attempt *, const char *version, struct diag *);

/* ---- pool.c ---- */

/*
 * The archives that apt is set up with also keep the packages of other releases.  Downloads
 * `path` (below an archive's root) to `file`; false with findings, or after reporting.
 */
bool pool_download(struct arena *, const struct import_file *, const char *file, struct findings *, struct diag *);

/* ---- unpack.c ---- */

/* Streams a package's files below `root`; false with findings, or after reporting. */
bool unpack_package(struct arena *, const struct wanted *, const char *package_file, const char *version, const char *root,
                    struct findings *, struct diag *);

/* ---- pkgconfig.c ---- */

const struct fetched *pkgconfig_fetch(struct arena *, const struct import *, struct diag *);

/* ---- unpacked.c: working copies and what is remembered about them ---- */

struct unpacked {
    const char *store;   /* its directory */
    const struct wanted *wanted;
    const char *version, *tree;
    const char *directory; /* unpacked/<tree> */
};
/* Does the remembered state (inodes, sizes, times) fit what is on disk?  Reads no file's contents.  Fills version, tree, directory. */
bool unpacked_is_fresh(struct arena *, struct unpacked *);
/* Does the directory hold exactly the wanted files, by their contents? */
bool unpacked_is_right(struct arena *, const struct unpacked *);
bool unpacked_remember(struct arena *, const struct unpacked *, struct diag *);
const char *unpacked_directory(struct arena *, const char *store, const char *tree);

#endif
