/*
 * size.h - whose every byte of an image is.
 *
 * The image's file is cut into parts, which lie one behind the other and leave nothing out: their sum is the file's size.
 * Who made a part is what the tools say: the linker's map (which object), symbols and references of the linked file, and its debug
 * information, in which each unit names the instance that it was compiled for. What is constant and has no name (a string, a jump
 * table) belongs to the first that refers to it, in the order of the image.
 *
 * Ownership: in the arena.  Errors: NULL after reporting.
 */
#ifndef UKC_SIZE_H
#define UKC_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct diag;

/* What belongs to no instance has one of these names for it; an instance's own name is never one of them. */
#define SIZE_OTHERS(X)                                                              \
    X(START_UP, "(start-up)", "start, stop and keys, generated for this image")       \
    X(TARGET, "(target)", "the target's own code")                                    \
    X(LIBC, "(libc)", "the C library")                                                \
    X(COMPILER, "(compiler)", "what compilers add: runtime, start files")             \
    X(HOST, "(host)", "objects of the host's libraries")                              \
    X(SHARED, "(constants)", "constants without a name, of which nothing says whose") \
    X(LINKER, "(linker)", "tables that the linker makes")                             \
    X(HEADERS, "(headers)", "headers of the file, and names of its sections")         \
    X(DEBUG, "(debug)", "symbols and debug information")                              \
    X(PADDING, "(padding)", "between what has to be aligned: sections, and functions and variables in them")

struct size_part {
    uint64_t offset, bytes;  /* in the file */
    uint64_t address;        /* in memory; 0: it is not loaded */
    const char *instance;    /* "http.stack", or one of SIZE_OTHERS */
    const char *file;        /* the source, as the linker's objects name it; the file that was embedded; "": none */
    const char *symbol;      /* of the linked file; "(strings)" and the like for what has none */
    const char *section;     /* "(headers)" and the like for what is in none */
};

/* A part refers to another: indexes of parts. */
struct size_reference {
    uint32_t from, to;
};

/* Another name for a part, or for something in it. */
enum size_name_kind {
    SIZE_NAME_CODE,    /* of C, behind an instance's label */
    SIZE_NAME_ALIAS,   /* a symbol at the same address: an alias, or a function that was folded with it */
    SIZE_NAME_INLINED, /* a function that became part of it */
};
struct size_name {
    const char *name;
    uint32_t part;
    enum size_name_kind kind;
    const char *instance; /* whose it is: of an inlined function, and of a constant that several have, perhaps another than the part's */
};

/* Lines of source, each once, of which the image has code: those that the debug information names as the beginning of a statement. */
struct size_lines {
    const char *instance;
    uint64_t lines;
};

struct size_report {
    const char *image;
    uint64_t bytes; /* of the file */
    const struct size_part *parts; /* sorted by offset */
    size_t count;
    const struct size_reference *references; /* sorted, each once; none where the linker kept none (profile dev) */
    size_t reference_count;
    const struct size_name *names; /* sorted by name, then by part; each once */
    size_t name_count;
    const struct size_lines *lines; /* sorted by instance */
    size_t line_count;
    size_t entry; /* the part in which the image begins; `count`: not known */
};

/* Where the tools' facts about an image lie. */
struct size_sources {
    const char *image;
    const char *linked; /* the file before it was stripped, or its debug information; the same as `image` where that has all; NULL: sections alone */
    const char *map;    /* the linker's map, or NULL */
};
const struct size_report *size_read(struct arena *, const struct size_sources *, struct diag *);

/*
 * The shortest way by references from the image's entry to this part: indexes of parts, the entry first, this part last.  NULL: there is none, or references
 * are not known.
 */
const size_t *size_way(struct arena *, const struct size_report *, size_t part, size_t *count);

/* What parts are added up by. */
#define SIZE_BY(X) X(instance) X(file) X(symbol) X(section)
enum size_by {
#define X(name) SIZE_BY_##name,
    SIZE_BY(X)
#undef X
};
struct size_sum {
    const char *name;     /* never "" */
    const char *instance; /* of a symbol or file: whose it is */
    uint64_t bytes;
    uint64_t lines; /* of an instance; 0: none, or not known */
};
/* The largest first, then by name.  What has no file is under its instance's name. */
const struct size_sum *size_sums(struct arena *, const struct size_report *, enum size_by, size_t *count);

/* ---- what is not in the image (size_pruned.c) ---- */

/* Whether this is the part's symbol, without its instance and what an optimiser puts behind names. */
bool size_is_named(struct arena *, const struct size_part *, const char *name);
/* Whether this names a constant that lies under another one's symbol, because both have the same bytes. */
bool size_is_merged(struct arena *, const struct size_report *, const struct size_name *);

/* A function or variable of what an instance was compiled to, before the image was linked. */
struct size_weight {
    const char *name;
    uint64_t bytes; /* that it would take of the file */
};
/* One of which the image has nothing: neither it nor a copy that became part of others. */
struct size_pruned {
    const char *symbol, *instance;
    uint64_t bytes;
};
struct pruned {
    const char *instance;
    uint64_t alone;  /* if nothing of it were left out */
    uint64_t bytes;  /* in the image: with what of others became part of it */
    uint64_t pruned; /* of `symbols` together */
    const struct size_pruned *symbols; /* the largest first, then by name; of one name there is one */
    size_t count;
};
struct pruned_list {
    const struct pruned *items; /* what lost most first */
    size_t count;
    uint64_t pruned;
};
/* Of an instance for which this was compiled, `alone` bytes in all. */
struct pruned size_pruned(struct arena *, const struct size_report *, const char *instance, const struct size_weight *, size_t weights, uint64_t alone);
/* All symbols of all instances, the largest first. */
const struct size_pruned *pruned_symbols(struct arena *, const struct pruned_list *, size_t *count);

#endif
