/*
 * expand.h - arguments of a host from the template of its group.
 *
 * {EXPRESSION} becomes a number in decimal, {EXPRESSION:x} in hexadecimal.
 * An expression has whole numbers, the names n, i and hosts, + - * / % and parentheses.
 * Blanks separate arguments.
 */
#ifndef SWITCH_EXPAND_H
#define SWITCH_EXPAND_H

#include <stdint.h>

struct expand_names {
    int64_t n, i, hosts;
};

/* The expanded text, to be freed; NULL with a reason. */
char *expand(const char *template, const struct expand_names *names, const char **reason);

#endif
