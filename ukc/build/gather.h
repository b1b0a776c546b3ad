/*
 * gather.h - what a build was made of, gathered for its record.
 */
#ifndef UKC_GATHER_H
#define UKC_GATHER_H

#include "build.h"
#include "edges.h"
#include "../../provenance/record.h"
#include "../../provenance/toolset.h"

struct gathered {
    struct recording recording;
    const char *const *files; /* all inputs as they were named: what the next build watches */
    size_t file_count;
};

/* Asks Ninja, and reads what it names.  NULL after reporting. */
const struct gathered *gather(struct project *, const struct image *, const char *store);

/* The intent: manifests, settings, choices, what was embedded, which packages the tools come from; sorted by path. */
bool gather_intent(struct project *, const struct edges *, const struct toolset *, struct recording *);

#endif
