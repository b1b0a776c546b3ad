/*
 * model.h - is a model of the facts a plan?  The clauses do not know that
 * nothing may need itself, nor that what brings in a borrowed instance must
 * itself be in the image.
 */
#ifndef UKC_RESOLVE_MODEL_H
#define UKC_RESOLVE_MODEL_H

#include "encode.h"

/* `said`: by fact, which ones were assumed.  False: it is not, and *cut says why. */
bool model_is_plan(struct encoding *, const bool *said, struct arena *, struct cut *cut);

#endif
