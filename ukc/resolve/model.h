/*
 * model.h - is a model of the facts a plan?  The clauses do not know that
 * nothing may need itself, nor that what brings in a borrowed instance must
 * itself be in the image.
 */
#ifndef UKC_RESOLVE_MODEL_H
#define UKC_RESOLVE_MODEL_H

#include "encode.h"

/* After solver_solve has said yes.  False: it is not a plan, and *cut says why. */
bool model_is_plan(struct encoding *, struct arena *, struct cut *cut);

#endif
