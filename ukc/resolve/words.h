/*
 * words.h - phrases that explanations and rejections share.
 */
#ifndef UKC_RESOLVE_WORDS_H
#define UKC_RESOLVE_WORDS_H

#include "problem.h"

const char *version_text(const struct component *); /* "-" when there is none */
/* "target kvm", "targets kvm and xen", "no target" */
const char *targets_text(struct arena *, const struct component *);
/* "needs net = native or tap; it is host" */
const char *condition_text(struct arena *, const struct problem *, const struct node *, size_t condition);
struct span targets_span(const struct component *);
/* "kv_file", or "kv_file 1.2" where the catalogue has several versions */
const char *component_text(struct arena *, const struct problem *, const struct component *);
/* A key's value as it stands in a lock line's context: blanks, commas and other marks as %XX. */
const char *context_value(struct arena *, const char *);

#endif
