/*
 * recipe.h - inside provenance/: a recipe's inputs in canonical order, and a record's id.
 */
#ifndef PROVENANCE_RECIPE_H
#define PROVENANCE_RECIPE_H

#include "record.h"

/* Sorted by role and path, each once.  NULL after reporting that one path has two contents. */
const struct record_input *recipe_inputs(struct arena *, const struct record *, size_t *count, struct diag *);
struct hash record_id(const struct hash *recipe, const struct hash *image, uint64_t image_bytes);

#endif
