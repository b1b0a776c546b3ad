/* option.h - the options of ukc-switch as a table, and the texts that are made of it. */
#ifndef SWITCH_OPTION_H
#define SWITCH_OPTION_H

#include <stddef.h>

enum option_kind { SEED, PROBABILITY, TIME, RATE, COUNT, MTU, TEXT, FLAG };

struct option {
    const char *name, *value, *help; /* value: what it is called in the help; NULL for a flag */
    enum option_kind kind;
    size_t offset; /* in struct settings */
};

/* To standard output: --help, and the manual page (groff_man(7)) of --man. */
void option_help(const struct option *options, size_t count);
void option_manual(const struct option *options, size_t count);

#endif
