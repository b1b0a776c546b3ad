/*
 * http_lines.h - an implementation of http_syntax: line by line.
 */
#ifndef HTTP_LINES_H
#define HTTP_LINES_H

#include "http_syntax.h"

ptrdiff_t http_lines_fields(struct view lines, struct http_field *fields, size_t most);
void http_lines_chunks(struct http_chunks *chunks);
int http_lines_chunk(struct http_chunks *chunks, struct view *in, struct view *piece);

#endif
