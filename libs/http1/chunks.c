/*
 * chunks.c - a chunked body: its chunks, and the lines behind the last one.
 *
 * A parser reads the chunks.  The lines of the trailer are looked at here, as they arrive: they are
 * as strict as those of a head (RFC 9112 section 7.1.2).
 */
#include "internal.h"

#include <errno.h>
#include <ukc/http_octet.h>
#include "parser.h"

/* The place behind `c`, or -1 where no line of a trailer has it. */
static int trailer_step(enum trailer_place place, char c)
{
    switch (place) {
    case TRAILER_LINE: return c == '\r' ? TRAILER_LAST_CR : http_octet(c) & OCTET_TOKEN ? TRAILER_NAME : -1;
    case TRAILER_NAME: return c == ':' ? TRAILER_VALUE : http_octet(c) & OCTET_TOKEN ? TRAILER_NAME : -1;
    case TRAILER_VALUE: return c == '\r' ? TRAILER_CR : http_octet(c) & OCTET_TEXT ? TRAILER_VALUE : -1;
    case TRAILER_CR: return c == '\n' ? TRAILER_LINE : -1;
    case TRAILER_LAST_CR: return c == '\n' ? TRAILER_NONE : -1;
    case TRAILER_NONE: break;
    }
    return -1;
}

/* The fields behind the last chunk are dropped: they must not be taken for those of the head (RFC 9110 section 6.5.1). */
static int skip_trailer(struct http1_exchange *x)
{
    while (x->at < x->end) {
        int next = trailer_step(x->trailer, x->in[x->at]);
        if (next < 0)
            return -EBADMSG;
        x->at++;
        x->trailer = (enum trailer_place)next;
        if (next == TRAILER_NONE)
            return -ENODATA;
    }
    return 0;
}

int chunk_parse(struct http1_exchange *x, struct view *piece)
{
    if (x->trailer != TRAILER_NONE)
        return skip_trailer(x);
    struct view in = {x->in + x->at, x->end - x->at};
    int got = parser_chunk(&x->chunks, &in, piece);
    x->at = x->end - in.size;
    if (got != -ENODATA)
        return got;
    x->trailer = TRAILER_LINE;
    return skip_trailer(x);
}
