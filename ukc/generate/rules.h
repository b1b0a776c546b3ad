/*
 * rules.h - the rules of every generated build.ninja.  Internal to ukc/generate/.
 */
#ifndef UKC_RULES_H
#define UKC_RULES_H

#include "../../ninja/ninja.h"

/* A tool is a Ninja variable and the name under which it is looked up in PATH. */
struct tool {
    const char *variable, *program;
    bool has_version; /* what it says of itself goes into tools.txt; those without come from the same package as $cc */
};
extern const struct tool build_tools[];
extern const size_t build_tool_count;

extern const struct ninja_rule build_rules[];
extern const size_t build_rule_count;

#endif
