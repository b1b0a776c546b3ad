/*
 * words.h - command words of build statements, and commands written out.  Internal to ukc/generate/.
 */
#ifndef UKC_WORDS_H
#define UKC_WORDS_H

#include "generation.h"
#include "../../ninja/ninja.h"

typedef VEC(const char *) word_list;

/* Appends a word as the shell must see it; false after reporting one that no Ninja file can hold. */
bool put_word(const struct generation *, struct text *line, const char *word, struct span);
bool put_words(const struct generation *, struct text *line, const struct word *words, size_t count);

/*
 * pkg-config's output: only -I, -D, -l, -L and -pthread, one word each, with pkg-config's
 * backslashes resolved.  False after reporting at `span`.
 */
bool split_library_flags(const struct generation *, const char *flags, struct span, word_list *);

/* Text with $name, ${name} and $$ replaced, lines joined: the command that Ninja runs. */
void expand_command(struct text *out, const char *text, const struct ninja_variable *variables, size_t count);

/* The file paths of a source declaration, for this target and the instance's keys. */
const struct word *source_paths(const struct generation *, const struct plan_instance *, const struct source_file *,
                                struct word *single, size_t *count);

#endif
