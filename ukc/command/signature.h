/*
 * signature.h - help on signatures: those of the project that is here, else ukc's own.
 */
#ifndef UKC_SIGNATURE_H
#define UKC_SIGNATURE_H

#include "../project/project.h"

/* The manifest of the project that is here with its signatures, else that of the catalogue alone; NULL after reporting. */
const struct manifest *signatures_read(struct invocation *, bool *mistakes /* the project here cannot be read */);
/* Help on the signature `topic`, or the list of them for "signatures"; false when there is none of this name. */
bool signature_print_help(struct invocation *, const struct manifest *, const char *topic);

#endif
