/*
 * chunks.c - the chunked transfer coding (RFC 9112 section 7.1), as it arrives.
 *
 * Extensions of a chunk mean nothing here: they are read to the end of their
 * line, and must be text. A line ends with CR LF and with nothing else.
 */
#include "http_lines.h"

#include <errno.h>
#include <ukc/http_octet.h>

/* What the next byte is. */
enum place { SIZE_FIRST, SIZE, EXTENSION, SIZE_LF, CONTENT, CONTENT_CR, CONTENT_LF };

struct state {
    uint64_t left; /* of the chunk: as far as its size was read, then what is still to come */
    enum place place;
};

_Static_assert(sizeof(struct state) <= sizeof(struct http_chunks), "no room for the state");

static struct state *state_of(struct http_chunks *chunks)
{
    return (struct state *)(void *)chunks->state;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char small = (char)(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* Behind at least one digit of a size. */
static int after_size(char c)
{
    return c == '\r' ? SIZE_LF : c == ';' ? EXTENSION : -1;
}

static int size_step(struct state *s, char c)
{
    int value = digit(c);
    if (value < 0)
        return s->place == SIZE ? after_size(c) : -1;
    if (s->left >> 60)
        return -1;
    s->left = s->left << 4 | (unsigned)value;
    return SIZE;
}

static int extension_step(char c)
{
    if (c == '\r')
        return SIZE_LF;
    return http_octet(c) & OCTET_TEXT ? EXTENSION : -1;
}

/* The place behind a byte of a chunk's frame, or -1. */
static int step(struct state *s, char c)
{
    switch (s->place) {
    case SIZE_FIRST:
    case SIZE: return size_step(s, c);
    case EXTENSION: return extension_step(c);
    case SIZE_LF: return c == '\n' ? CONTENT : -1;
    case CONTENT_CR: return c == '\r' ? CONTENT_LF : -1;
    case CONTENT_LF: return c == '\n' ? SIZE_FIRST : -1;
    case CONTENT: break;
    }
    return -1;
}

void http_lines_chunks(struct http_chunks *chunks)
{
    *state_of(chunks) = (struct state){.place = SIZE_FIRST};
}

static void advance(struct view *in, size_t size)
{
    *in = (struct view){in->bytes + size, in->size - size};
}

static int content(struct state *s, struct view *in, struct view *piece)
{
    size_t size = in->size < s->left ? in->size : (size_t)s->left;
    *piece = (struct view){in->bytes, size};
    advance(in, size);
    s->left -= size;
    if (s->left == 0)
        s->place = CONTENT_CR;
    return 1;
}

int http_lines_chunk(struct http_chunks *chunks, struct view *in, struct view *piece)
{
    struct state *s = state_of(chunks);
    while (in->size > 0) {
        if (s->place == CONTENT)
            return content(s, in, piece);
        int next = step(s, *in->bytes);
        if (next < 0)
            return -EBADMSG;
        s->place = (enum place)next;
        advance(in, 1);
        if (next == CONTENT && s->left == 0)
            return -ENODATA;
    }
    return 0;
}
