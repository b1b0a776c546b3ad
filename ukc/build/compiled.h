/*
 * compiled.h - objects that builds of this user have compiled before, in the store's cache (provenance/cache.h).
 *
 * Two steps lead to an object, because what a compiler reads is known only when it has run:
 *
 *     SHA-256 of the command's words                                         -> what such commands read, and looked for in vain
 *     SHA-256 of these words, the tools' identity and place, each file that
 *     is read with its SHA-256, and the paths at which there is nothing      -> the object
 *
 * An entry is made after a build whose audit has seen what the command read and found it declared.  The command would do the same again:
 * whatever it opens has the same contents, and whatever it did not find is still not there (shadows.c: nor a directory in which
 * it would look then).  Who takes one gets the list of files too, so that dependencies, audit and record are those of the compiler.
 *
 * As with all of the cache nothing fails: what is wrong with an entry or with the disk means that the command is run.
 */
#ifndef UKC_COMPILED_H
#define UKC_COMPILED_H

#include "../base/hash.h"
#include "../project/project.h"

/* Variable that keeps a ukc that Ninja calls away from the cache. */
#define CACHE_VARIABLE "UKC_NO_CACHE"

/* What a command reads, relative to the project; the paths as the command spelled them. */
struct reads {
    const char *const *read; /* in the compiler's list of dependencies */
    size_t read_count;
    const char *const *input; /* declared by the build statement, and not in that list */
    size_t input_count;
    const char *const *absent;
    size_t absent_count;
};

struct compiled;
/* Of this store's cache.  Remembers what files are: for one process of Ninja's, or for the time in which a build makes nothing. */
[[nodiscard]] struct compiled *compiled_open(const char *store);
void compiled_close(struct compiled *);

struct taken {
    struct hash key;
    const void *object;
    size_t size;
    struct reads reads;
};
/* The object of this command; false: it is not there.  In the arena. */
bool compiled_take(struct compiled *, struct arena *, const char *const *words, size_t count, struct taken *);

/*
 * Keeps an object that the audit found well made.  Not kept is what was made while a file that it was made of changed: all must be
 * older than `since_ns`, when the build began.
 */
void compiled_keep(struct compiled *, const char *const *words, size_t count, const char *object, const struct reads *, int64_t since_ns);

/*
 * shadows.c: directories that are not there, in which the compiler would look for what it read, or for what __has_include asks: it
 * asks for a directory first, and opens nothing in one that is not there.  Paths are added to `out`; false: it cannot be told.
 */
typedef VEC(const char *) path_list;
bool shadows_find(struct arena *, const char *const *words, size_t count, const struct reads *, path_list *out);

#endif
