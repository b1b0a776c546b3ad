/*
 * tools_identity.h - the text that says which tools a build had: a line for each of their files (toolset.h writes it).
 *
 * What is returned lives as long as the arena.
 */
#ifndef PROVENANCE_TOOLS_IDENTITY_H
#define PROVENANCE_TOOLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../ukc/base/hash.h"

struct arena;

struct tools_file {
    struct hash sha256;
    uint64_t size;
    const char *name;
    bool program;
};

/* A line. */
struct tools_part {
    const char *kind;
    struct tools_file file;
};

/* In the order of the lines; NULL: it is no identity. */
[[nodiscard]] const struct tools_part *tools_parts(struct arena *, const char *identity, size_t size, size_t *count);
/* The files alone: for those who decide what may leave the store, and for bundles. */
[[nodiscard]] const struct tools_file *tools_files(struct arena *, const char *identity, size_t size, size_t *count);

#endif
