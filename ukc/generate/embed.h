/*
 * embed.h - `ukc embed`: a list of files becomes one relocatable ELF object.
 *
 * The object holds the files' bytes and the tables of libs/embed/format.h.
 * It is written in one pass in memory that grows with the number of files,
 * not with their size, and depends on nothing but the list and the contents.
 *
 * Errors: false after reporting; the output is written aside and renamed.
 */
#ifndef UKC_EMBED_H
#define UKC_EMBED_H

#include <stdbool.h>

struct arena;
struct diag;

struct embed_options {
    const char *output; /* the object */
    const char *list;   /* see embed_list.c */
};
/* Places of errors are in the list, which is kept in the arena. */
[[nodiscard]] bool embed_write(struct arena *, const struct embed_options *, struct diag *);

#endif
