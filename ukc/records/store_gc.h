/*
 * store_gc.h - ukc store gc: what the user's store does not need leaves it.
 */
#ifndef UKC_STORE_GC_H
#define UKC_STORE_GC_H

#include "../project/invocation.h"
#include "../../provenance/store.h"

void store_gc(struct invocation *, const struct store *);

#endif
