/*
 * recipe.h - inside provenance/: what decides an image's bytes, and the record that says what image it gave.
 *
 * Both are canonical texts (README.md has their grammars), kept as blobs; their ids are SHA-256 ids of git
 * (gitoid.h), so that anyone can recompute them without ukc.
 */
#ifndef PROVENANCE_RECIPE_H
#define PROVENANCE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include "../ukc/base/hash.h"

struct arena;
struct text;

/* An input that is too large for the object store, which keeps it beside (blobs.h). */
struct large_input {
    const char *path;
    struct hash sha256;
    uint64_t size;
};

struct recipe {
    const char *target, *profile;
    const char *image;                    /* where the actions leave it: "build/kvm/homepage" */
    bool note;                            /* and ukc fills its note in (note.h) */
    const char *const *environment;       /* "NAME=value", sorted: all variables of the actions but PATH, which leads to the tools */
    size_t environment_count;
    struct hash inputs;                   /* the tree of all files that the actions may read, at the paths by which they read them */
    const struct large_input *large;      /* sorted by path */
    size_t large_count;
    bool has_host;                        /* it reads files of the host's own: of its C library, by absolute paths */
    struct hash host;                     /* the tree of these, at their paths without the first slash */
    struct hash actions;                  /* the tree of the groups' texts (action.h) */
    struct hash tools;                    /* the text of the tools' identity (toolset.h) */
};
void recipe_text(const struct recipe *, struct text *);
bool recipe_parse(struct arena *, const void *bytes, size_t size, struct recipe *);

struct record_facts {
    struct hash recipe;
    struct hash intent;  /* the tree of what was wanted: manifests, settings, choices */
    struct hash outputs; /* the tree of what each group's actions made */
    struct hash image;   /* SHA-256 of the file, as sha256sum prints it */
    uint64_t image_bytes;
};
void record_facts_text(const struct record_facts *, struct text *);
bool record_facts_parse(struct arena *, const void *bytes, size_t size, struct record_facts *);

#endif
