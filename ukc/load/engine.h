/*
 * engine.h - evaluates Lua files in a sandbox and hands back what they return, as plain data.
 *
 * This is the only door to Lua: engine.c alone includes its headers.  What
 * comes out is a tree of values with places, immutable and without cycles;
 * the rest of the loader never sees Lua, so nothing there can be unwound.
 *
 * The sandbox: text chunks only; a closed list of words; pairs, next and
 * table.sort in a fixed order; no addresses, time, randomness or files
 * except `require` beside the manifest; limits on memory, steps and
 * processor time.  The same files always give the same values.
 *
 * Ownership: values live in the arena.  Errors: engine_run returns false
 * after reporting; the engine can go on with another file.
 */
#ifndef UKC_ENGINE_H
#define UKC_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/diag.h"

struct arena;

/* How a word is used: word "name" {...}; word "name" or word {...}; word {...}; word.name or word.name {...} */
enum shape { SHAPE_NAMED, SHAPE_EITHER, SHAPE_BODY, SHAPE_INDEX };

#define FORMS(X)                                                                                   \
    X(unikernel, SHAPE_NAMED, true, "an appliance: what is linked into one image")                  \
    X(implementation, SHAPE_NAMED, true, "code that provides a signature")                          \
    X(signature, SHAPE_NAMED, true, "a contract, written as one C header")                          \
    X(target, SHAPE_NAMED, true, "tool flags and link rules of a target")                           \
    X(instance, SHAPE_NAMED, false, "one use of an implementation, with its own settings")          \
    X(match, SHAPE_NAMED, true, "a value that depends on the target or on a key")                   \
    X(embed, SHAPE_EITHER, false, "a directory as a read-only key-value store inside the image")    \
    X(debian, SHAPE_BODY, true, "sources from a Debian package")                                    \
    X(debian_source, SHAPE_BODY, true, "sources from the upstream archive of a Debian source package") \
    X(git, SHAPE_BODY, true, "sources from a git repository, at a commit")                          \
    X(first_of, SHAPE_BODY, true, "one import with alternatives: the first that can be had")         \
    X(pkgconfig, SHAPE_EITHER, false, "a library of the host, found by pkg-config; posix only")     \
    X(sig, SHAPE_INDEX, false, "a signature by name: sig.clock")                                    \
    X(key, SHAPE_INDEX, true, "a typed configuration value: key.port { default = 80, doc = ... }")
enum form {
#define X(name, shape, body, doc) FORM_##name,
    FORMS(X)
#undef X
        FORM_COUNT
};
extern const char *const form_names[FORM_COUNT];
extern const char *const form_docs[FORM_COUNT];

enum value_kind { VALUE_NIL, VALUE_BOOL, VALUE_INTEGER, VALUE_FLOAT, VALUE_STRING, VALUE_TABLE, VALUE_MADE, VALUE_OTHER };

struct value {
    enum value_kind kind;
    struct span span;
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct {
            const char *text; /* terminated, but may hold NULs */
            size_t size;
        };
        const struct table *table;
        struct made *made;
        const char *type; /* VALUE_OTHER: "function" */
    };
};

struct entry {
    const char *name; /* NULL: a position */
    size_t name_size;
    int64_t position;
    struct span key; /* of a position: its value */
    struct value value;
};

/* Entries as they are written; those that were added later follow: numbers, then names in byte order. */
struct table {
    const struct entry *entries;
    size_t count;
    struct span span; /* of the opening bracket, or of whatever holds the table */
};

/* What a word made.  The same Lua value is the same struct made. */
struct made {
    enum form form;
    uint32_t id;            /* in order of evaluation */
    const char *name;       /* NULL: none was given */
    size_t name_size;
    struct span span;       /* instance "kv_file" */
    struct span name_span;  /* "kv_file" */
    const struct table *body; /* or NULL */
    void *memo;             /* for whoever reads it */
};

/* use "directory", or use { ... } */
struct use {
    const char *path; /* NULL: `body` says what */
    struct span span;
    const struct table *body;
};

struct evaluation {
    const struct value *values;
    size_t count;
    const struct use *uses;
    size_t use_count;
};

struct engine;

/* A directory that users do not know by its path, and what they know: a repository and a commit. */
struct known_place {
    const char *directory, *name;
};

struct engine_options {
    size_t memory_limit;
    uint64_t step_limit;
    unsigned seconds; /* of processor time, for everything the engine runs */
};

[[nodiscard]] struct engine *engine_create(struct arena *, const struct engine_options *, struct diag *);
void engine_destroy(struct engine *);

/* Evaluates a file; `directory` is where `require` looks, and then `shared`, which may be NULL. */
bool engine_run(struct engine *, const struct source *, const char *directory, const char *shared, struct evaluation *out);
/* True when nothing more will be evaluated: the steps or the memory are used up. */
bool engine_exhausted(const struct engine *);
/* Files that `require` has read so far. */
const struct source *const *engine_required(const struct engine *, size_t *count);

/* A file as Lua text: reads it, drops a byte order mark, refuses what is not clean UTF-8. */
const struct source *engine_read(struct arena *, const char *path, const struct known_place *, struct span place, struct diag *);
/* Of the files that run from now on; NULL: their paths are known. */
void engine_know(struct engine *, const struct known_place *);

/* Text from outside, fit for a message: no control characters, at most `longest` bytes or so. */
const char *shown_within(struct arena *, const char *s, size_t n, size_t longest);
const char *shown(struct arena *, const char *s, size_t n); /* names: 60 */

/* ---- watchdog.c ---- */

/* After `seconds` of processor time without watchdog_stop: writes a diagnostic about the file and ends the process with status 1. */
void watchdog_start(unsigned seconds);
void watchdog_file(const char *path);
void watchdog_stop(void);

#endif
