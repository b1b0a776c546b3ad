/*
 * statements.h - the state of writing build.ninja.  Internal to ukc/generate/.
 */
#ifndef UKC_STATEMENTS_H
#define UKC_STATEMENTS_H

#include "words.h"
#include "../base/json.h"
#include "../base/map.h"

struct statements {
    const struct generation *g;
    struct text *out;
    struct json *commands;     /* compile_commands.json */
    struct text image_flags;   /* target_flags, as words */
    struct text profile_flags;
    struct text libraries;     /* words for the link */
    word_list link_inputs;     /* what becomes the image */
    word_list library;         /* objects of which the image takes what it uses */
    word_list leaves;          /* files that nothing makes: each gets a phony statement */
    word_list configure_inputs;
    const char *tools;         /* <build>/tools.txt */
    struct map seen_leaves, seen_libraries;
    bool good;
};

/* instance.c: compiles an instance, makes it one module, and embeds its directory. */
void write_instance(struct statements *, const struct plan_instance *);
/* Compiles one file of ukc's own glue: obj/+<group>/<file>.o, which joins the link. */
void write_glue(struct statements *, const char *group, const char *source);

/* library_build.c: the target's C library, obj/+library.a, from which the link takes what it needs. */
bool write_library(struct statements *);

/* Text for a description: what the shell and Ninja would see in it does not count. */
const char *described(const struct generation *, const char *what);
/* A file that the build reads and does not make. */
void add_leaf(struct statements *, const char *path);
bool is_release(const struct generation *);
/* Flags of the seals that are on: those of every component, or those for components with untrusted input alone; what there is to link. */
bool put_seals(const struct generation *, bool untrusted_input, struct text *flags, struct text *link);

#endif
