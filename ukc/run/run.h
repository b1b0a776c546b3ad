/*
 * run.h - running an image that has been built.
 */
#ifndef UKC_RUN_H
#define UKC_RUN_H

#include <stdio.h>
#include "../build/build.h"

/* A command on one line, as a shell takes it. */
void run_print(const char *const *argv, FILE *out);
/* A program of the host, in PATH; with --dry-run its name will do.  NULL after reporting that it is not there, and which package of Debian has it. */
const char *run_program(struct project *, const char *program, const char *package);
/* The target can be run here, and no option is for another one; false after reporting. */
bool run_check_options(struct project *);
/* The image's status in that of QEMU, or -1. */
int run_image_status(int code);
/* What is to be said of a machine's end, and the status: "qemu" passes the image's own on. */
struct watch_end;
int run_status(struct project *, const char *hypervisor, const struct watch_end *);
/* In a hypervisor.  Returns the image's exit status, or the status of what was reported. */
int run_kvm(struct project *, const struct image *);
/* As a domain of a Xen host, in place of this process, or of one in QEMU.  Returns the image's exit status, or that of what was reported. */
int run_xen(struct project *, const struct image *);
/* As a domain of a Xen in QEMU: the same. */
struct guest;
int run_in_qemu(struct project *, const struct image *, struct guest *);

#endif
