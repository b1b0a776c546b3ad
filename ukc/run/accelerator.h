/*
 * accelerator.h - is this host's KVM faster than emulation in software?
 */
#ifndef UKC_ACCELERATOR_H
#define UKC_ACCELERATOR_H

#include <stdbool.h>

/* Tried anew each time, in less than half a second.  *why says what was found, in a sentence. */
bool accelerator_kvm_is_faster(const char **why);

/* NULL if /dev/kvm can be used; else what hinders, and *remedy may help. */
const char *accelerator_kvm_hindrance(const char **remedy);

#endif
