/*
 * verify_signed.h - ukc verify --signed FILE --key FILE.
 */
#ifndef UKC_VERIFY_SIGNED_H
#define UKC_VERIFY_SIGNED_H

#include "../project/invocation.h"

/* The exit status. */
int verify_signed(struct invocation *);

#endif
