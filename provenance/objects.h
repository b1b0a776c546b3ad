/*
 * objects.h - the bare git repository that holds sources.
 *
 * Files are blobs, directories are trees, and what was imported is a commit under refs/ukc/: so git log, git ls-tree, git
 * fsck and git gc work on the store as on any repository.
 *
 * A loose object is read by this module itself, bounded and verified against
 * its SHA-1, never by libgit2: libgit2 1.5.1 does not return from a truncated
 * one.  libgit2 reads packed objects, references, and writes.
 * SHA-1 is only an address: callers verify contents by SHA-256.
 *
 * Errors: false or NULL after reporting, DIAG_OUTSIDE (disk) or DIAG_INTEGRITY.
 */
#ifndef PROVENANCE_OBJECTS_H
#define PROVENANCE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../ukc/base/diag.h"
#include "../ukc/base/hash.h"

#define OBJECT_HEX 41 /* of a git object id, with the NUL */
#define OBJECT_LIMIT ((size_t)256 << 20) /* bytes in one object */
#define OBJECT_DEPTH_LIMIT 64 /* directories below each other: in trees, and in what becomes one */

struct arena;
struct objects;

/* Opens the repository, making it when it is not there (or only half there).  The caller holds the store's lock. */
[[nodiscard]] struct objects *objects_open(const char *directory, struct diag *);
void objects_close(struct objects *);

/* How git trees tell files apart: their modes 100644, 100755 and 120000. */
enum object_kind { OBJECT_FILE, OBJECT_EXECUTABLE, OBJECT_LINK };
const char *object_mode(enum object_kind);
bool object_kind_of(const char *mode, enum object_kind *); /* false: it is no mode of a file */

/* What a tree holds at a path: a file or link of this machine, bytes, or a tree that was written before. */
struct object_source {
    const char *path;  /* in the tree: relative */
    const char *file;  /* where it is; NULL: the bytes, or the tree */
    bool contents;     /* of the file: what reading it gives, as an ordinary file, whatever it is */
    const void *bytes;
    size_t size;
    const char *tree;  /* its id; its path ends with a slash */
};
/*
 * Stores the sources, sorted by path in byte order; gives the id of their tree.  blobs[i], if asked for,
 * becomes the SHA-256 id of the i-th file (gitoid.h); a tree gets none.
 */
bool objects_write_tree(struct objects *, const struct object_source *, size_t count, char tree[OBJECT_HEX], struct hash *blobs,
                        struct diag *);
/* Makes `reference` name a commit of `tree` with this message.  No author, no time: the same facts give the same commit. */
bool objects_name_tree(struct objects *, const char *reference, const char *tree, const char *message, struct diag *);
/* Makes a commit, which nothing names.  `who`: "name <mail> seconds zone". */
bool objects_put_commit(struct objects *, const char *tree, const char *const *parents, size_t parent_count, const char *who, const char *message,
                        char id[OBJECT_HEX], struct diag *);
/* Lets `reference` name a commit, if it still names `from` (NULL: nothing). */
bool objects_move_reference(struct objects *, const char *reference, const char *from, const char *to, struct diag *);

/* An object whose bytes are at hand. */
struct object_given {
    char id[OBJECT_HEX];
    bool is_tree; /* else it is a blob */
    const char *bytes;
    uint64_t size;
    bool used; /* it was asked for by objects_write_tree */
};
/*
 * A repository of these objects, sorted by id and compared with it, and of no others.  It can be read from; and a tree can be
 * written to it whose objects are all there: they become used.
 */
struct objects *objects_of(struct object_given *, size_t count, struct diag *);
/* From now on writing a tree only says what its id is. */
void objects_close_writing(struct objects *);
/* Writes the object as it is. */
bool objects_put(struct objects *, const struct object_given *, struct diag *);
/* Is the id that of the bytes? */
bool objects_is_right(const struct object_given *);
/* "store" or "bundle": where an object is not that is not there. */
const char *objects_place(const struct objects *);
/*
 * Opens a repository that is not ours, bare or not, only to read objects from it; NULL with a fault.  For a
 * process that ends soon: it is not closed.
 */
struct objects *objects_borrow(struct arena *, const char *directory, const char **fault);

bool objects_reference_is_valid(const char *reference);
/* The lock of a process that was killed, which may outlive it: libgit2 renames by link and unlink. */
void objects_remove_lock(struct objects *, const char *reference);

enum object_status { OBJECT_OK, OBJECT_ABSENT, OBJECT_DAMAGED };

/*
 * Reads report nothing: damage is described in a sentence, because what to do about it is the caller's question.  What may not be read, or a
 * disk that fails, is OBJECT_DAMAGED too; objects_fault() tells the two apart, for the read that failed last.
 */
enum object_status objects_find(struct objects *, struct arena *, const char *reference, char tree[OBJECT_HEX],
                                const char **message, const char **damage);

/* The id of the object that a reference names; not that the object is there. */
enum object_status objects_reference(struct objects *, struct arena *, const char *reference, char id[OBJECT_HEX], const char **damage);

struct object_file {
    enum object_kind kind;
    const char *path; /* relative to the tree */
    const char *bytes; /* of a link: its target */
    size_t size;
};
/* All files of a tree, in the order of their paths in git.  `damage` says which object is wrong and how. */
enum object_status objects_read_tree(struct objects *, struct arena *, const char *tree, const struct object_file **files,
                                     size_t *count, const char **damage);

enum diag_class objects_fault(const struct objects *); /* DIAG_INTEGRITY; or DIAG_OUTSIDE, and nothing is known to be wrong with the object */

/* One object; of a tree, its own entries, whose names are clean (no slash, not "..") and whose modes are anything. */
enum object_type { OBJECT_COMMIT, OBJECT_BLOB, OBJECT_TREE };
enum object_status objects_read(struct objects *, struct arena *, const char *id, enum object_type, const char **bytes, size_t *size,
                                const char **damage);
struct object_entry {
    const char *mode, *name;
    char id[OBJECT_HEX];
};
enum object_status objects_read_entries(struct objects *, struct arena *, const char *tree, const struct object_entry **, size_t *count,
                                        const char **damage);
/* The tree and the message of a commit; false when it is malformed. */
bool objects_parse_commit(struct arena *, const char *bytes, size_t size, char tree[OBJECT_HEX], const char **message);
/* The ids of its parents. */
const char *const *objects_parse_parents(struct arena *, const char *bytes, size_t size, size_t *count);

#endif
