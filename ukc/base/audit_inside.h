/*
 * audit_inside.h - between the two files of the audit.
 */
#ifndef UKC_AUDIT_INSIDE_H
#define UKC_AUDIT_INSIDE_H

#include "audit.h"

/* Watches the calling thread and all that it starts from now on: the descriptor on which the kernel asks, or -1 and why. */
int audit_filter_install(const char **why);

#endif
