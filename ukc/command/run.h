/*
 * run.h - running an image that has been built.
 */
#ifndef UKC_RUN_H
#define UKC_RUN_H

#include <stdio.h>
#include "build.h"

/* A command on one line, as a shell takes it. */
void run_print(const char *const *argv, FILE *out);
/* The target can be run here, and no option is for another one; false after reporting. */
bool run_check_options(struct project *);
/* The image's status in that of QEMU, or -1. */
int run_image_status(int code);
/* In a hypervisor.  Returns the image's exit status, or the status of what was reported. */
int run_kvm(struct project *, const struct image *);
/* As a domain of a Xen host, in place of this process.  Returns the status of what was reported. */
int run_xen(struct project *, const struct image *);

#endif
