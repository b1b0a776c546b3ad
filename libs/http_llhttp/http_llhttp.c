/*
 * http_llhttp.c - llhttp behind the operations of http_syntax.
 *
 * llhttp reads whole requests.  So it is given a request line that is always the
 * same, then the lines that are to be taken apart; or a head that says that chunks follow.
 */
#include "http_llhttp.h"

#include <errno.h>
#include <llhttp.h>

_Static_assert(sizeof(llhttp_t) <= sizeof(struct http_chunks), "llhttp_t has grown");

/* --- fields --- */

struct found {
    struct http_field *fields;
    size_t count, most;
};

static int on_name(llhttp_t *parser, const char *bytes, size_t size)
{
    struct found *found = parser->data;
    if (size == 0 || found->count == found->most)
        return HPE_USER;
    struct http_field *field = &found->fields[found->count++];
    field->name = (struct view){bytes, size};
    field->value = (struct view){}; /* of an empty one nothing is said */
    return 0;
}

static int on_value(llhttp_t *parser, const char *bytes, size_t size)
{
    struct found *found = parser->data;
    if (found->count == 0)
        return HPE_USER;
    while (size > 0 && (bytes[size - 1] == ' ' || bytes[size - 1] == '\t'))
        size--;
    found->fields[found->count - 1].value = (struct view){bytes, size};
    return 0;
}

static const llhttp_settings_t fields_settings = {.on_header_field = on_name, .on_header_value = on_value};

static bool feed(llhttp_t *parser, struct view text)
{
    return text.size == 0 || llhttp_execute(parser, text.bytes, text.size) == HPE_OK;
}

ptrdiff_t http_llhttp_fields(struct view lines, struct http_field *fields, size_t most)
{
    struct found found = {fields, 0, most};
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &fields_settings);
    parser.data = &found;
    if (feed(&parser, VIEW("GET / HTTP/1.1\r\n")) && feed(&parser, lines))
        return (ptrdiff_t)found.count;
    return llhttp_get_errno(&parser) == HPE_USER && found.count == most ? -E2BIG : -EBADMSG;
}

/* --- chunks --- */

struct chunk {
    struct view piece;
    bool last;
};

static int on_content(llhttp_t *parser, const char *bytes, size_t size)
{
    struct chunk *chunk = parser->data;
    chunk->piece = (struct view){bytes, size};
    return HPE_PAUSED;
}

/* Stop behind the line of the last chunk, whose size is 0. */
static int on_chunk(llhttp_t *parser)
{
    struct chunk *chunk = parser->data;
    chunk->last = parser->content_length == 0;
    return chunk->last ? HPE_PAUSED : 0;
}

static const llhttp_settings_t chunk_settings = {.on_body = on_content, .on_chunk_header = on_chunk};

static llhttp_t *parser_of(struct http_chunks *chunks)
{
    return (llhttp_t *)(void *)chunks->state;
}

void http_llhttp_chunks(struct http_chunks *chunks)
{
    llhttp_t *parser = parser_of(chunks);
    llhttp_init(parser, HTTP_REQUEST, &chunk_settings);
    feed(parser, VIEW("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

int http_llhttp_chunk(struct http_chunks *chunks, struct view *in, struct view *piece)
{
    llhttp_t *parser = parser_of(chunks);
    struct chunk chunk = {};
    parser->data = &chunk;
    while (in->size > 0) {
        llhttp_resume(parser);
        llhttp_errno_t error = llhttp_execute(parser, in->bytes, in->size);
        if (error != HPE_OK && error != HPE_PAUSED)
            return -EBADMSG;
        const char *stop = error == HPE_OK ? in->bytes + in->size : llhttp_get_error_pos(parser);
        *in = (struct view){stop, in->size - (size_t)(stop - in->bytes)};
        if (chunk.last)
            return -ENODATA;
        if (chunk.piece.size > 0) {
            *piece = chunk.piece;
            return 1;
        }
    }
    return 0;
}
