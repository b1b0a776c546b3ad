/*
 * import.h - inside provenance/: what store.c and its parts share.
 *
 * A Debian package is wanted as a sorted list of files with their SHA-256.  The
 * list's own SHA-256 is its address in the store: the same files are the same
 * import, whichever package version they came from.  Of an upstream archive or a
 * git repository a whole tree is wanted, or parts of one (wanted_tree.c).
 */
#ifndef PROVENANCE_IMPORT_H
#define PROVENANCE_IMPORT_H

#include <sys/types.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/hash.h"
#include "../ukc/base/text.h"
#include "objects.h"
#include "store.h"

#define IMPORT_FILE_LIMIT ((uint64_t)OBJECT_LIMIT)

/* What was found wrong on the way; it becomes errors only if nothing else succeeds. */
struct finding {
    enum diag_class class; /* DIAG_OUTSIDE: not to be had; DIAG_INTEGRITY: it is not what it says */
    struct span place;
    const char *text;
    const char *help; /* what would be right, or NULL */
};
struct findings {
    struct finding *items;
    size_t count, capacity;
};
[[gnu::format(printf, 5, 6)]] void finding_add(struct arena *, struct findings *, enum diag_class, struct span, const char *format, ...);

/* Of the finding that was added last. */
void finding_help(struct findings *, const char *help);

struct wanted_file {
    const char *path;
    struct hash sha256;
    struct span path_span, sha256_span;
    bool seen; /* while unpacking */
};

struct patch {
    const char *name; /* as written */
    struct span span;
    const struct source *text;
    char sha256[HASH_HEX];
};

struct wanted {
    const struct import *import;
    struct wanted_file *files; /* sorted by path */
    size_t count;
    const char **paths;       /* the same, alone */
    const char **directories; /* every directory above a file, "." first, sorted */
    size_t directory_count;
    char id[HASH_HEX]; /* its address: SHA-256 of the lines "<sha256>  <path>\n"; of a tree: see wanted_tree.c */

    /* a tree, whose files above are empty */
    const char *version;     /* the upstream version, or the commit */
    const char *description; /* what decides its contents, in lines, with the patches' names */
    const char **keep;       /* sorted; none: everything */
    size_t keep_count;
    struct patch *patches;
    size_t patch_count;
};

/* Checks the import's names, paths and sums; NULL after reporting every mistake. */
const struct wanted *wanted_make(struct arena *, const struct import *, struct diag *);
/* The wanted file of that path, or NULL. */
struct wanted_file *wanted_find(const struct wanted *, const char *path);
bool version_is_clean(const char *version);
bool package_is_clean(const char *name);
bool pool_path_is_clean(struct arena *, const char *path);
/* What is wrong with it as the path of a stored file, or NULL. */
const char *path_fault(struct arena *, const char *path);

/* ---- wanted_tree.c ---- */

const struct wanted *wanted_tree(struct arena *, const struct import *, struct diag *);
static inline bool wanted_is_tree(const struct wanted *w)
{
    return w->import->kind != IMPORT_DEBIAN;
}
bool wanted_keeps(const struct wanted *, const char *path);                /* this file */
bool wanted_keeps_below(const struct wanted *, const char *directory);     /* this directory, or something in it */
/* Is there a file for every part, and any at all?  False with findings; only then is `list` asked for all names that could have been meant. */
typedef VEC(const char *) name_list;
typedef void name_lister(void *source, name_list *all);
bool wanted_check_parts(struct arena *, const struct wanted *, const char *const *paths, size_t count, name_lister *list, void *source,
                        struct findings *);

/* A new file with these bytes, on disk when it returns; its directories are made.  It must not exist. */
bool write_new_file(const char *path, const void *bytes, size_t size, struct diag *);
bool make_executable(const char *path, struct diag *);
bool write_new_link(const char *path, const char *target, struct diag *);
/* The environment for programs whose messages are read: ours, in English. */
const char *const *c_locale(struct arena *);
/* The first 300 bytes of a tool's message as one clean line. */
const char *one_line(struct arena *, const struct text *);

/* ---- listing.c: what a directory holds ---- */

struct listed {
    const char *path;
    enum object_kind kind;
    struct hash sha256; /* of a link: of its target */
};
struct listing {
    const struct listed *items; /* sorted by path */
    size_t count;
    const char **paths;       /* the same, alone */
    const char **directories; /* "." first, sorted */
    size_t directory_count;
    char sha256[HASH_HEX]; /* of the list, see listing.c */
};
const struct listing *listing_scan(struct arena *, const char *root, struct diag *);
/* Sorts the items and fills what is made of them: all but the directories. */
void listing_finish(struct arena *, struct listing *, struct listed *, size_t count);
/* Why a tree may not have a symbolic link from `path` to `target`, or NULL. */
const char *link_fault(const char *path, const char *target);

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
    bool alone;            /* there are no alternatives */
    struct findings findings;
    bool begun;
    struct fetching *fetching; /* debian.c's; NULL when it could not begin */
};

/*
 * Downloads and unpacks one version below `work`, every wanted file verified.
 * Returns the version, with *root the directory that holds exactly the wanted files;
 * NULL when there is none, with the reasons in `findings`, or after reporting
 * (disk full): then diag has a new error.
 */
const char *debian_fetch(struct arena *, struct attempt *, enum way, const char **root, struct diag *);
/* Beside the versions that could not be had, those that could. */
void debian_note_offered(struct arena *, const struct attempt *, struct diag *);
/* apt-get's own reasons: its lines that begin with "E: ". */
const char *apt_reason(struct arena *, const struct text *output);

/* ---- archive.c, extract.c: the upstream archive of a source package ---- */

extern uint64_t kept_limit; /* bytes of all kept files, of an archive (a hard link is a copy) or a commit */
/* Downloads and unpacks it: *root has the kept parts.  False with findings, or after reporting. */
bool archive_fetch(struct arena *, struct attempt *, const char **root, struct diag *);
bool extract_archive(struct arena *, const struct wanted *, const char *file, const char *root, struct findings *, struct diag *);

/* ---- clone.c: a git repository ---- */

bool location_is_local(const char *location);
bool location_is_remote(const char *location);
/* The repository's URL, or its directory as an absolute path. */
const char *location_of(struct arena *, const struct import *);
/* The kept parts of the commit, in *root.  False with findings, or after reporting. */
bool clone_fetch(struct arena *, struct attempt *, const char **root, struct diag *);
extern int clone_patience;   /* seconds without news before it is given up */
extern size_t clone_memory;  /* bytes that its reader may take */

/* ---- origin.c: which repositories have delivered a commit ---- */

enum origin { ORIGIN_SAME, ORIGIN_OTHER, ORIGIN_UNKNOWN };
/* Did the import's repository deliver its commit, or *other did, or is nothing known? */
enum origin origin_find(struct arena *, const char *store, const struct import *, const char **other);
void origin_add(struct arena *, const char *store, const struct import *);
/* Warns that it did not, for the reason it gave; or, without one, that it was never asked. `other` may be NULL. */
void report_other_origin(const struct import *, const char *other, const char *reason, struct diag *);

/* ---- patch.c, patch_header.c, patch_remedy.c ---- */

/* The patch as libgit2 reads it. */
void patch_complete(const struct source *, struct text *out);

/* The likely reason that a patch does not apply to the files below `root`, as a remedy; or NULL. */
const char *patch_remedy(struct arena *, const struct wanted *, const struct patch *, const char *root);

/* Applies all patches to the files below `root`.  False with findings, or after reporting. */
bool patches_apply(struct arena *, const struct wanted *, const char *root, struct findings *, struct diag *);

/* ---- report.c: what is said about it ---- */

/* Turns the findings of all alternatives into errors; `place` is the whole import's. */
void report_failure(struct arena *, struct attempt *const *, size_t count, struct span place, bool offline, struct diag *);
/* What was found wrong on the way to `version` of `taken`, as warnings. */
void report_warnings(struct arena *, const struct attempt *, const struct import *taken, const char *version, struct diag *);

/* ---- pool.c ---- */

/*
 * The archives that apt is set up with also keep the packages of other releases.  Downloads
 * `path` (below an archive's root) to `file`; false with findings, or after reporting.
 */
bool pool_download(struct arena *, const struct import_file *, const char *file, struct findings *, struct diag *);

/* ---- stream.c: a program whose output is read as it comes ---- */

struct stream {
    int fd;   /* its output */
    pid_t pid;
    const char *program, *messages; /* the file "<beside>.messages" has what it complains about */
};
bool stream_start(struct arena *, struct stream *, const char *const *argv, const char *beside); /* false: errno */
/* Reads what pads an archive's end, when it was read that far; else kills the program.  NULL, or in a line how it failed. */
const char *stream_finish(struct arena *, struct stream *, bool to_the_end);

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
    const char *version, *tree, *sha256;
    const char *directory; /* unpacked/<tree> */
    const struct listing *listing; /* of a tree: what is there */
};
/* Does the remembered state (inodes, sizes, times) fit what is on disk?  Reads no file's contents.  Fills version, tree, directory. */
bool unpacked_is_fresh(struct arena *, struct unpacked *);
/* Does the directory hold exactly the wanted files, by their contents?  Of a tree: `sha256`, and fills the listing. */
bool unpacked_is_right(struct arena *, struct unpacked *);
bool unpacked_remember(struct arena *, const struct unpacked *, struct diag *);
const char *unpacked_directory(struct arena *, const char *store, const char *tree);

#endif
