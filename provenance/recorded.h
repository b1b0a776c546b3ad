/*
 * recorded.h - a record in full: everything from which its image can be made again, and what was wanted.
 *
 * It lies in the store's repository as a tree (history.h); the images and inputs of more than LARGE_INPUT bytes lie beside (blobs.h).
 */
#ifndef UKC_RECORDED_H
#define UKC_RECORDED_H

#include "action.h"
#include "objects.h"
#include "recipe.h"

#define LARGE_INPUT ((uint64_t)16 << 20)

struct recorded_group {
    struct action_group actions;
    const struct action_output *outputs; /* sorted by path */
    size_t output_count;
};

/* What a build gives to be recorded. */
struct recording {
    struct recipe recipe; /* target, profile, image, environment, and whether it has a note; the rest is made here */
    struct hash image_sha256;
    uint64_t image_bytes;
    const char *noted; /* with a note: the image's file, in which it is filled in; the two above are found then */
    const char *tools; /* their identity (toolset.h) */
    const struct recorded_group *groups; /* sorted by name */
    size_t group_count;
    const struct object_source *inputs; /* files; sorted by path */
    size_t input_count;
    const struct object_source *host; /* the host's own files: their paths without the first slash, sorted */
    size_t host_count;
    const struct object_source *intent; /* sorted by path */
    size_t intent_count;
};
/* Writes all of it; `tree` is then the record's, *record its id. */
bool recorded_write(struct objects *, const char *store, const struct recording *, char tree[OBJECT_HEX], struct record_facts *, struct hash *record,
                    struct diag *);

/* The texts of groups, as the trees actions/ and outputs/ have them; sorted by path if the groups are by name. */
const struct object_source *recorded_group_sources(struct arena *, const struct recorded_group *, size_t count, bool outputs);

struct recorded {
    struct recipe recipe;
    struct record_facts facts;
    const char *tools;
    const struct recorded_group *groups;
    size_t group_count;
    const struct object_file *inputs; /* only if asked for */
    size_t input_count;
    const struct object_file *host; /* likewise */
    size_t host_count;
    const struct object_file *intent;
    size_t intent_count;
};
/*
 * Reads the record with this id from its tree, every part compared with its SHA-256.  NULL after reporting: an
 * object that is not there is DIAG_MISSING, one that is something else DIAG_INTEGRITY.
 */
[[nodiscard]] const struct recorded *recorded_read(struct objects *, struct arena *, const char *tree, const struct hash *id, bool inputs,
                                                   struct diag *);
/* What to do about one that could not be read out of the own store; returns false. */
bool recorded_remedy(const struct hash *id, struct diag *);
/*
 * Reads it with its inputs, and writes it again: a tree that has anything else than the record is DIAG_INTEGRITY.  Writing to the objects is
 * closed, or they are at hand.
 */
[[nodiscard]] const struct recorded *recorded_check(struct objects *, struct arena *, const char *tree, const struct hash *id, struct diag *);
/* Only the recipe and the record's own text: what an index is made of. */
bool recorded_read_facts(struct objects *, struct arena *, const char *tree, const struct hash *id, struct recorded *, struct diag *);

#endif
