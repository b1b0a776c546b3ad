/*
 * http_syntax.h - takes the head of an HTTP/1.1 message apart, and the chunks of a body.
 *
 * Two grammars, and nothing of what they mean: the lines of fields (RFC 9112
 * section 5) and the chunked transfer coding (section 7.1).  Which fields there may
 * be, how long a body is, and whether a connection goes on are the server's affair.
 *
 * Calls never wait, and keep nothing of what they are given.
 */
#ifndef HTTP_SYNTAX_H
#define HTTP_SYNTAX_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

/* A field: views of the lines that it was found in. */
struct http_field {
    struct view name;  /* a token, as it was sent */
    struct view value; /* without blanks at both ends; may be empty */
    unsigned known;    /* the caller's: no call reads or writes it */
};

/*
 * Take apart the lines of fields.  Each ends with CR LF, contains neither
 * elsewhere, and does not begin with a blank: the caller has seen to that.  The
 * empty line behind them is not among them.
 *
 * How many fields there are; or -EBADMSG: a line is not a field (no colon, a blank before
 * it, no name, a control character in the value); -E2BIG: there are more than `most`.
 */
ptrdiff_t http_syntax_fields(struct view lines, struct http_field *fields, size_t most);

/* How far a chunked body has been read: the caller's memory, the implementation's content. */
struct http_chunks {
    alignas(16) unsigned char state[128];
};

/* Stand before the first chunk of a body. */
void http_syntax_chunks(struct http_chunks *chunks);

/*
 * Read on, from the beginning of *in, which is advanced by what was read: 1, and
 * *piece is a view of the next 1 or more bytes of content; 0, all of *in was read and
 * more is needed; -ENODATA, the line of the last chunk was read: what follows
 * are trailer fields, or an empty line; -EBADMSG, these are no chunks.  After an error the state is of no use.
 */
int http_syntax_chunk(struct http_chunks *chunks, struct view *in, struct view *piece);

#endif
