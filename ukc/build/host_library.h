/*
 * host_library.h - what this host's libraries have that an image lacks: for advice, never for a decision.
 */
#ifndef UKC_HOST_LIBRARY_H
#define UKC_HOST_LIBRARY_H

#include <stdbool.h>

struct arena;

/* Does the host's C library define this function or variable? */
bool host_libc_defines(const char *symbol);

/* Whose a header of the host is, as Debian's package manager knows; a host without it has HOST_HEADER_UNKNOWN. */
enum host_header { HOST_HEADER_ABSENT, HOST_HEADER_LIBC, HOST_HEADER_MODULE, HOST_HEADER_UNKNOWN };
/* *modules, with HOST_HEADER_MODULE: how to import its package's libraries, 'pkgconfig "zlib"', alternatives joined by 'or'. */
enum host_header host_header_find(struct arena *, const char *header, const char **modules);

#endif
