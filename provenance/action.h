/*
 * action.h - what was run to make an image: compilers and linkers, each with its words, and in groups.
 *
 * A group is what is built for one instance, or one of the common ones (README.md).  All paths are relative to
 * the directory in which every action runs.
 */
#ifndef PROVENANCE_ACTION_H
#define PROVENANCE_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include "../ukc/base/hash.h"

struct arena;
struct text;

struct action {
    const char *const *words; /* the argument vector; the first is a program's name, without a slash */
    size_t word_count;
    const char *const *inputs; /* declared: sorted, each once */
    size_t input_count;
    const char *const *outputs; /* sorted, each once; 1 or more */
    size_t output_count;
};

struct action_group {
    const char *name; /* "http.stack", "+image" */
    const struct action *actions; /* sorted by their first output */
    size_t action_count;
    const char *const *headers; /* what an action of the group read beside its inputs: sorted, each once */
    size_t header_count;
};

/* The group's canonical text (README.md has its grammar). */
void action_group_text(const struct action_group *, struct text *);
/* The group of such a text, or false: it is not one, or not canonical.  Paths are clean and inside. */
bool action_group_parse(struct arena *, const char *name, const void *bytes, size_t size, struct action_group *);

/* What a group's actions made: its canonical text, and back. */
struct action_output {
    const char *path;
    struct hash sha256;
    uint64_t size;
};
void action_outputs_text(const struct action_output *, size_t count, struct text *); /* sorted by path */
bool action_outputs_parse(struct arena *, const void *bytes, size_t size, const struct action_output **, size_t *count);

#endif
