/*
 * environment.h - variables by which clang, the linker and the loader change
 * what they do without a word in the command.  No tool that ukc runs or loads
 * may depend on them.
 */
#ifndef UKC_ENVIRONMENT_H
#define UKC_ENVIRONMENT_H

#include <stdbool.h>

/* Is this "NAME=value" one of them? */
bool environment_is_hidden_input(const char *entry);
/* Removes them all from this process's environment: first thing in main. */
void environment_scrub(void);

#endif
