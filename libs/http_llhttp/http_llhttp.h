/*
 * http_llhttp.h - an implementation of http_syntax: llhttp, the parser of Node.js.
 */
#ifndef HTTP_LLHTTP_H
#define HTTP_LLHTTP_H

#include "http_syntax.h"

ptrdiff_t http_llhttp_fields(struct view lines, struct http_field *fields, size_t most);
void http_llhttp_chunks(struct http_chunks *chunks);
int http_llhttp_chunk(struct http_chunks *chunks, struct view *in, struct view *piece);

#endif
