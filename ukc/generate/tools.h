/*
 * tools.h - which programs stand behind the names of the tools.  Internal to ukc/generate/.
 */
#ifndef UKC_TOOLS_H
#define UKC_TOOLS_H

#include "generation.h"

/*
 * Finds every tool in PATH and writes <build>/tools.txt, unless it is known that nothing changed.
 * NULL after reporting; else the tools' absolute paths, in the order of build_tools.
 */
const char *const *write_tools_file(const struct generation *);
/* "<build>/tools.txt": an input of every command that runs a tool. */
const char *tools_file(const struct generation *);

#endif
