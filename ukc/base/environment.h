/*
 * environment.h - variables that programs started by ukc find.
 *
 * The actions of a build find what a record names (`action_environment`), and nothing of the user's.  A ukc that Ninja
 * calls needs the user's (its home, a proxy): it gets them as a file in memory, whose descriptor stands in
 * UKC_ENVIRONMENT.
 */
#ifndef UKC_ENVIRONMENT_H
#define UKC_ENVIRONMENT_H

#include <stddef.h>

struct arena;

/* "NAME=value", sorted: the environment of every action, but for PATH and TMPDIR, which lead to tools and to room. */
extern const char *const action_environment[];
extern const size_t action_environment_count;

/*
 * First thing in main: takes what a calling ukc has handed over, then removes the variables by which clang, the linker
 * and the loader change what they do without a word in the command.  No tool that ukc runs or loads may depend on them.
 */
void environment_settle(void);

/* The environment that this process was started with, without what was handed over: of an action, for the program that it becomes. */
char **environment_given(void);

/* This process's environment for a ukc below: a descriptor, closed on exec, or -1 (errno).  The caller's. */
int environment_hand_over(void);
/* "UKC_ENVIRONMENT=<fd>" */
const char *environment_handed(struct arena *, int fd);

#endif
