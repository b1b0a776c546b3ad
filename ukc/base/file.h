/*
 * file.h - files and paths, with nothing half-written.
 *
 * Functions that can fail report to the diag and return false or NULL; a
 * missing file is DIAG_INPUT when `place` is given (somebody named it there),
 * DIAG_OUTSIDE otherwise.  Disk full, permission and I/O errors are DIAG_OUTSIDE.
 */
#ifndef UKC_FILE_H
#define UKC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "diag.h"

struct arena;

/* The whole file, NUL-terminated, in the arena.  NULL after reporting.  Refuses more than `limit` bytes (0: 64 MiB). */
const struct source *file_read(struct arena *, const char *path, struct span place, size_t limit, struct diag *);

/*
 * Writes aside and renames: `path` holds the old or the new bytes, never less.
 * Parent directories are made.  If the file already holds these bytes it is left
 * untouched (its time does not change), and *changed is false.  changed may be NULL.
 */
bool file_write(const char *path, const void *bytes, size_t size, bool *changed, struct diag *);

/*
 * What the user has named with -o: the file behind symbolic links, which is replaced as above; a device or a pipe is written to, and stays what it is.
 * *in_place: such a one.  NULL after reporting: its links lead nowhere.
 */
const char *file_output(struct arena *, const char *path, bool *in_place, struct diag *);
enum file_mode { FILE_SHARED = 0644, FILE_PROGRAM = 0755 /* both less what the umask takes */, FILE_PRIVATE = 0600, FILE_PRIVATE_PROGRAM = 0700 };
bool file_write_output(const char *path, const void *bytes, size_t size, enum file_mode, struct diag *);
/* A name as ukc gives it to what it writes aside: no signal that ends it leaves one, but SIGKILL does. */
bool file_is_aside(const char *name);
/* Such a name beside `path`, for what writes by itself; what SIGKILL left there is removed. */
const char *file_aside(struct arena *, const char *path);
/* Also one that standard output was redirected to; what keeps nothing, as /dev/null, is nobody's. */
bool file_is_standard_output(const char *path);

bool file_exists(const char *path);
bool file_is_same(const char *a, const char *b); /* both are there, by whatever name */
bool file_is_directory(const char *path);
bool file_is_regular(const char *path); /* what opens without waiting, and ends */
/*
 * Where `path`, or what there is of it, leads when symbolic links take it out of `directory`; NULL when
 * they do not, or when `directory` is missing.  How `directory` itself is reached does not matter.
 */
const char *file_leads_out(struct arena *, const char *directory, const char *path);
/* Where `path` leads as a symbolic link, also when nothing is there; itself if it is none.  NULL: it leads to itself. */
const char *file_followed(struct arena *, const char *path);
bool file_make_directories(const char *path, struct diag *);
bool file_remove_tree(const char *path, struct diag *); /* missing is fine; symlinks are not followed */

struct file_stat {
    uint64_t size;
    int64_t mtime_ns;
    uint64_t device, inode;
};
bool file_stat(const char *path, struct file_stat *); /* false when missing, reports nothing */

/* Regular files below `root`, as paths relative to it, sorted in byte order. */
struct file_list {
    const char **paths;
    size_t count;
    const char **directories; /* relative; "." first; sorted */
    size_t directory_count;
};
/* Symlinks, sockets and devices below root are errors, as are names that are not clean UTF-8. NULL after reporting. */
const struct file_list *file_walk(struct arena *, const char *root, struct span place, struct diag *);

/* What stands where `path` does not, under a name like it: a path, or NULL.  Reports nothing. */
const char *file_nearest(struct arena *, const char *path);

const char *path_join(struct arena *, const char *a, const char *b); /* b if b is absolute; drops "./" */
const char *path_directory(struct arena *, const char *path);        /* "." when there is none */
const char *path_base(const char *path);                             /* after the last slash */
const char *path_extension(const char *path);                        /* ".c", "" when none */
const char *path_normal(struct arena *, const char *path);           /* lexical: no ".", "..", "//" where avoidable */
const char *path_absolute(struct arena *, const char *path);         /* lexical, from the working directory */
/* `path` as seen from directory `from`; both absolute or both relative to the same place. */
const char *path_relative(struct arena *, const char *from, const char *path);
/* Relative, without leaving its directory by "..", not empty. */
bool path_is_inside(const char *path);

#endif
