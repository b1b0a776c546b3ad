/*
 * scan.h - where things stand in a Lua source.
 *
 * Lua forgets columns.  Before a source is run it is cut into tokens here,
 * every table constructor in it is indexed (its fields, their values, the
 * call it is an argument of), and a text is made in which each constructor
 *     {...}   has become   {[__at]=ID,...}
 * so that each table made at run time is tied to the constructor that made
 * it.  No line moves, and the text is correct Lua exactly when the source
 * is.  No Lua parser is needed: brackets, blocks and commas are enough.
 *
 * Ownership: a scan lives in the arena it was made in and borrows the source.
 * Errors: none are reported.  A text that is not lexically whole has
 * whole == false and is left to Lua, which says what is wrong with it.
 */
#ifndef UKC_SCAN_H
#define UKC_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/diag.h"

struct arena;

/* Symbols of one character are their own kind: '{', '=', ','. */
enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_OPERATOR, /* of two or three characters */
    TOKEN_KEYWORD,  /* one that opens and closes nothing */
    TOKEN_FUNCTION,
    TOKEN_IF,
    TOKEN_DO,
    TOKEN_REPEAT,
    TOKEN_CLOSE, /* "end" */
    TOKEN_UNTIL,
};

#define NO_TOKEN UINT32_MAX

struct token {
    uint32_t offset, length;
    uint32_t line, column; /* from 1 */
    uint32_t match;        /* of a bracket or block: the token at its other end, or NO_TOKEN */
    uint32_t kind;
};

enum scan_key { SCAN_POSITION, SCAN_NAME, SCAN_COMPUTED };

struct scan_field {
    enum scan_key kind;
    const char *name; /* in the source, not terminated */
    uint32_t length;
    int64_t position;
    uint32_t key;              /* token; of a positional field its value */
    uint32_t value, value_end; /* first and last token of the value */
};

struct scan_table {
    const struct scan *scan;
    uint32_t open, close;            /* tokens */
    uint32_t callee, callee_end;     /* f in f {...}, f "x" {...}, a.f {...}; NO_TOKEN when there is none */
    uint32_t argument, argument_end; /* "x" in f "x" {...} */
    const struct scan_field *fields; /* in the order they are written */
    uint32_t field_count;
    const uint32_t *sorted; /* indexes of fields, by key */
};

struct scan {
    const struct source *source;
    const struct token *tokens; /* the last one is TOKEN_END */
    uint32_t token_count;
    bool whole;
    struct scan_table *tables; /* in the order of their opening brackets */
    uint32_t table_count;
    const char *text; /* what to run */
    size_t text_size;
};

/* Tables get the identities first_id, first_id + 1, ... in the text. */
struct scan *scan_source(struct arena *, const struct source *, uint32_t first_id);

/* The tokens first..last, cut at the end of the first line. */
struct span scan_span(const struct scan *, uint32_t first, uint32_t last);
/* The token that begins at a place, or NO_TOKEN. */
uint32_t scan_at(const struct scan *, struct span place);
/* What is written on a line, without the blanks around it. */
struct span scan_line(const struct scan *, uint32_t line);
/* First token at or after `from` on `line` that reads `text`; `from` 0 starts at the line.  NO_TOKEN when there is none. */
uint32_t scan_find(const struct scan *, uint32_t line, const char *text, size_t length, uint32_t from);
/* `word` on `line` as the start of a call with the string `argument`, or just the word; NO_TOKEN when there is none. */
uint32_t scan_find_call(const struct scan *, uint32_t line, const char *word, const char *argument);

/* The field that a key of the table came from, or NULL: it was added later, or computed. */
const struct scan_field *scan_field_named(const struct scan_table *, const char *name, size_t length);
const struct scan_field *scan_field_at(const struct scan_table *, int64_t position);

/* A key written twice in one constructor: calls `report` with the first and the second field. */
void scan_duplicates(const struct scan *, void (*report)(void *, const struct scan_table *, const struct scan_field *,
                                                         const struct scan_field *), void *);

/* ---- lex.c ---- */

/* False when a string or comment has no end; the tokens before it are there. */
bool scan_tokens(struct arena *, struct scan *);

#endif
