/*
 * text.h - a growing byte string, and helpers on strings.
 *
 * A struct text owns malloc'ed memory: zero-initialise it, text_dispose() it.
 * text_string() is always NUL-terminated.
 */
#ifndef UKC_TEXT_H
#define UKC_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct text {
    char *bytes; /* NULL while empty */
    size_t size; /* without the NUL */
    size_t capacity;
};

void text_dispose(struct text *);
void text_clear(struct text *); /* keeps the memory */
void text_append(struct text *, const void *bytes, size_t n);
void text_puts(struct text *, const char *s);
void text_putc(struct text *, char c);
[[gnu::format(printf, 2, 3)]] void text_printf(struct text *, const char *format, ...);
void text_vprintf(struct text *, const char *format, va_list);
const char *text_string(const struct text *); /* "" when empty */
/* One word as a POSIX shell must see it: as it is, or in single quotes. */
void text_shell_word(struct text *, const char *word);
void text_base64(struct text *, const void *bytes, size_t size); /* RFC 4648, section 4 */
char *text_keep(const struct text *, struct arena *);

bool string_starts(const char *s, const char *prefix);
bool string_ends(const char *s, const char *suffix);
bool string_equal(const char *a, const char *b); /* NULL equals only NULL */
int string_compare(const void *a, const void *b);  /* for qsort/bsearch on const char * elements */
size_t string_sort_unique(const char **items, size_t count); /* in byte order, each once; how many are left */

/* Damerau-Levenshtein distance, capped: returns cap + 1 when further. */
unsigned string_distance(const char *a, const char *b, unsigned cap);
/* The candidate nearest to `word`, or NULL when none is near enough to suggest. */
const char *string_nearest(const char *word, const char *const *candidates, size_t count);
/* The same; failing that the shortest candidate that holds the word or is held by it: "http" finds "http_server". */
const char *string_related(const char *word, const char *const *candidates, size_t count);

/* True if s is a C identifier of at most 63 bytes and not a C keyword. */
bool string_is_identifier(const char *s);
/* True if all of s is well-formed UTF-8 without control characters (tab excepted). */
bool string_is_clean_utf8(const char *s, size_t n);

/* Version strings as Debian compares them, without epochs: -1, 0, 1. */
int version_compare(const char *a, const char *b);
/*
 * Does `version` satisfy `range`: comma-separated terms ">= 1.2", "< 2", "= 1.4", "!= 1.5", "1.4" (equal)?  A version has a digit.
 * NULL or "" is satisfied by every version.  Call version_range_valid first on input from outside.
 */
bool version_in_range(const char *version, const char *range);
bool version_range_valid(const char *range);

#endif
