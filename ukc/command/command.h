/*
 * command.h - the commands as data.
 *
 * commands.c holds a table of them: the parser, --help, the manual page and the shell completions all come from it, and from the
 * options of invocation.h.  A command cannot exit 0 with an error reported: command_main sees to it.
 */
#ifndef UKC_COMMAND_H
#define UKC_COMMAND_H

#include <stdio.h>
#include "../project/invocation.h"

struct command {
    const char *name;
    const char *arguments; /* synopsis of the words: "[NAME] [-- ARGUMENT...]" */
    const char *summary;   /* one line, imperative */
    const char *description;
    uint64_t takes; /* TAKES() bits; --help, --colour and --directory are always taken */
    size_t least, most; /* words */
    bool passes;        /* takes words after "--" */
    bool hidden;        /* called by build.ninja or the shell, not by people */
    int (*run)(struct invocation *);
};
extern const struct command commands[COMMAND_COUNT];
const struct command *command_find(const char *name);

/* What help and the manual page say of exit statuses that are no diag_class. */
#define STATUS_OTHERS                                                                            \
    "ukc run passes the program's own status through, ukc debug that of gdb. A build that a "      \
    "signal ends has 128 and the signal's number."

int command_main(int argc, char **argv);

/* parse.c: false after reporting (DIAG_USAGE). */
bool command_parse(struct invocation *, int argc, char **argv);

/* help.c, man.c, completion.c */
void command_print_help(const struct command *, FILE *);
void command_print_overview(FILE *);
void command_print_man(FILE *);
void command_print_completion(const char *shell, FILE *); /* shell: one of --completion's words */
/* The keys of the project in this directory, if it is one. */
void command_print_project_keys(struct invocation *, FILE *);

#endif
