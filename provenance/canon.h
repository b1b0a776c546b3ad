/*
 * canon.h - inside provenance/: canonical text, in which everything that has a hash is written.
 *
 * Lines of words.  A line ends with one LF, its words are separated by one space, bytes up to the space, DEL and '%'
 * in a word are written %XX.  Whoever reads such a text writes what he understood and compares: so one meaning
 * has one text, and one hash.
 */
#ifndef PROVENANCE_CANON_H
#define PROVENANCE_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../ukc/base/hash.h"
#include "../ukc/base/text.h"

struct arena;

/* A line is its first word, which is ours and needs no escape, then any of these, then the end. */
void canon_begin(struct text *, const char *first);
void canon_word(struct text *, const char *); /* not empty */
void canon_hash(struct text *, const struct hash *);
void canon_number(struct text *, uint64_t);
void canon_end(struct text *);
/* Whole lines. */
void canon_line(struct text *, const char *first, const char *word);
void canon_words(struct text *, const char *first, const char *const *words, size_t count);

/* Is what was written again what was read? */
bool canon_is_same(const struct text *, const void *bytes, size_t size);

struct canon_line {
    const char *const *words; /* without escapes; followed by NULL */
    size_t count;             /* 1 or more */
};

/* The text as lines; NULL when it is none: no LF at its end, an empty word, a bad escape, a NUL, more than `limit` lines. */
const struct canon_line *canon_lines(struct arena *, const void *bytes, size_t size, size_t limit, size_t *count);
/* Is it a line with this first word and so many words in all? */
bool canon_is(const struct canon_line *, const char *first, size_t words);
bool canon_parse_number(const char *word, uint64_t *);
/* A path that can only lead to one place below its directory: relative, without ".", ".." and empty names. */
bool canon_is_path(struct arena *, const char *word);

#endif
