/*
 * ninja.h - Ninja as a language, and as a program that is run.
 *
 * The writer: rules, variables, build statements; it escapes paths and
 * values, keeps the order of the calls, and has no opinion on what is built.
 * The runner: starts ninja, shows progress, passes failures through.
 *
 * Ninja's manual: https://ninja-build.org/manual.html (syntax: "Ninja file reference").
 */
#ifndef NINJA_H
#define NINJA_H

#include <stdbool.h>
#include <stddef.h>
#include "../ukc/base/audit.h"
#include "../ukc/base/diag.h"
#include "../ukc/base/text.h"

struct ninja_variable {
    const char *name, *value; /* may contain $variables; its lines are joined with a space */
};

struct ninja_rule {
    const char *name;
    const char *command, *description;
    const char *depfile; /* NULL: none; implies deps = gcc */
    bool restat, generator;
    const char *pool; /* NULL: default */
    const char *rspfile, *rspfile_content;
};

struct ninja_build {
    const char *rule;
    const char *const *outputs;
    size_t output_count;
    const char *const *implicit_outputs;
    size_t implicit_output_count;
    const char *const *inputs;
    size_t input_count;
    const char *const *implicit; /* | */
    size_t implicit_count;
    const char *const *order_only; /* || */
    size_t order_only_count;
    const struct ninja_variable *variables;
    size_t variable_count;
};

/* First of all: the version of Ninja needed, and what paths need. */
void ninja_begin(struct text *);
void ninja_comment(struct text *, const char *line);
void ninja_variable(struct text *, const struct ninja_variable *);
void ninja_rule(struct text *, const struct ninja_rule *);
void ninja_build(struct text *, const struct ninja_build *);
void ninja_default(struct text *, const char *target);
/* A path as it stands in a build statement: space, colon, dollar escaped; newlines are refused by callers. */
void ninja_escape_path(struct text *, const char *path);
/* As it stands in a depfile, which is the compilers' language: space, #, backslash, dollar escaped. */
void ninja_escape_dependency(struct text *, const char *path);
/* One word as the shell must see it inside a command: quoted if needed, then '$' doubled. */
void ninja_shell_word(struct text *, const char *word);

/* Text inside a value, such as a description: '$' doubled. */
void ninja_escape_value(struct text *, const char *);

/* $NINJA, or "ninja". */
const char *ninja_program(void);

struct ninja_run {
    const char *file;      /* build.ninja, relative to the working directory */
    const char *const *targets; /* may be empty */
    size_t target_count;
    unsigned jobs;         /* 0: ninja's default */
    bool verbose, quiet;
    bool terminal;         /* status line that overwrites itself; else plain lines */
    FILE *out;             /* progress */
    const char *announcement; /* a line for standard error, once, when a command has been run: for a build that nobody asked for; or NULL */
    size_t *edges;         /* set to how many commands were run; may be NULL */
    /*
     * The symbols that a failed link found nowhere, one a line, in lld's order, are added to it; may be NULL.
     * lld stops at twenty errors, so these may not be all.
     */
    struct text *undefined;
    /* Headers that a failed compilation did not find, one a line, are added to it; may be NULL. */
    struct text *absent;
    /* Set when a link failed for assembly that it found wrong in bitcode, whose place the linker does not know; may be NULL. */
    bool *assembly;
    /* What failed commands said, without colours, after a line "failed: " and the description of each, is added to it; may be NULL. */
    struct text *output;
    /* Set when it failed for no command's own fault: Ninja could not go on, or the disk is full; may be NULL. */
    bool *outside;
    int held; /* a descriptor that ninja and its commands inherit, above the standard ones: they hold it open as long as they last; 0: none */
    struct audit *audit; /* watches ninja and its commands (base/audit.h), or NULL */
};
/*
 * Runs $NINJA, else ninja; streams its progress and the failing command's own output.
 * Returns its exit status, or -1 after reporting.  *ran says whether any command was run (may be NULL).
 *
 * SIGINT, SIGTERM and SIGHUP are handed to ninja, which stops its commands and removes
 * what they left half-written; the result is then 128 + the signal.  A caller that is
 * killed takes ninja with it, which is sent SIGTERM then.
 * Commands find the environment of actions (base/environment.h), PATH and TMPDIR, and of the user's nothing else but in
 * what is handed over to a ukc among them.
 */
int ninja_run(const struct ninja_run *, bool *ran, struct diag *);

#endif
