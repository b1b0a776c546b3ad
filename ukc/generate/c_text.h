/*
 * c_text.h - text as it must stand in generated C.
 */
#ifndef UKC_GENERATE_C_TEXT_H
#define UKC_GENERATE_C_TEXT_H

#include <stdint.h>
#include "../base/text.h"

/* A string literal, quotes included: safe for every byte, digraph and trigraph. */
void c_string(struct text *, const char *s);
/* An integer constant expression, usable in #if. */
void c_integer(struct text *, int64_t n);
/* Text inside a comment: cannot end it, stays on its line. */
void c_comment_text(struct text *, const char *s);
/* "queue-size" as an identifier ("queue_size") and as part of a macro's name ("QUEUE_SIZE"). */
char *c_identifier(struct arena *, const char *name);
char *c_macro(struct arena *, const char *name);

#endif
