/*
 * edges.h - the commands that make an image, as Ninja knows them.
 */
#ifndef UKC_EDGES_H
#define UKC_EDGES_H

#include "../project/project.h"

struct edge {
    const char *rule;
    const char *const *words; /* the command, split as the shell does */
    size_t word_count;
    const char *const *inputs; /* declared, in Ninja's order, without tools.txt */
    size_t input_count;
    const char *output;
    const char *const *read; /* what Ninja's log of dependencies says the command read beside */
    size_t read_count;
};

struct edges {
    struct edge *items;
    size_t count;
};

/* Sets the words of a command.  False: it is not one that ukc writes. */
bool edge_split(struct arena *, const char *command, struct edge *);
/* The program that wrote build.ninja, which its commands call; NULL: there is none. */
const char *edges_ukc(struct project *);
/* All edges of this file of Ninja's that run a command; `dependencies`: with what they read beside.  NULL after reporting. */
const struct edges *edges_read(struct project *, const char *ninja_file, bool dependencies);
struct map;
/* Is what the compiler's list of dependencies names there?  False after reporting.  What is, is not asked for again: `readable` has it. */
bool edge_is_readable(struct project *, const struct edge *, struct map *readable);
/* Those without which `output` could not be made, sorted by their outputs. */
const struct edges *edges_needed(struct project *, const struct edges *, const char *output);

#endif
