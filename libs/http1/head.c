/*
 * head.c - the head of a request: the border at which strangers' bytes become a request.
 *
 * The lines are checked here, strictly: each ends with CR LF and contains
 * neither elsewhere, none continues the one before (obs-fold), the request
 * line is `token SP target SP HTTP/d.d`.  What two parsers could read in two
 * ways is refused, so that nothing can be smuggled past a proxy in front.
 * llhttp then takes the fields apart, and decodes chunks; but what follows the
 * last chunk is read here, because its versions differ in what they take for a line.
 *
 * (RFC 9112 sections 2.2, 3, 5, 6 and 11.2.)
 */
#include "internal.h"

#include <errno.h>
#include <llhttp.h>
#include <strings.h>
#include "text.h"

_Static_assert(sizeof(llhttp_t) <= PARSER_BYTES, "llhttp_t has grown");

enum {
    EMPTY_LINES_MOST = 2, /* before a request, RFC 9112 section 2.2 */
    METHOD_AND_VERSION_MOST = 64,
};

static llhttp_t *parser_of(struct http1_exchange *x)
{
    return (llhttp_t *)(void *)x->parser;
}

/* Whether the name is the known one, which is written small; without regard to case. */
static bool is_called(const char *known, const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((name[i] | 0x20) != known[i]) /* a token has no CR, which would pass for a '-' */
            return false;
    return true;
}

static enum known_field known_field(const char *name, size_t size)
{
    static const struct {
        const char *name;
        unsigned size;
    } table[] = {
#define KNOWN_FIELD(id, text) [FIELD_##id] = {text, sizeof text - 1},
        KNOWN_FIELDS(KNOWN_FIELD)
#undef KNOWN_FIELD
    };
    /* most names are as long as none of these */
    static const uint32_t sizes =
#define KNOWN_FIELD(id, text) 1u << (sizeof text - 1) |
        KNOWN_FIELDS(KNOWN_FIELD) 0;
#undef KNOWN_FIELD
    if (size >= 32 || !(sizes >> size & 1))
        return FIELD_OTHER;
    for (size_t i = 1; i < sizeof table / sizeof *table && table[i].size <= size; i++)
        if (table[i].size == size && is_called(table[i].name, name, size))
            return (enum known_field)i;
    return FIELD_OTHER;
}

/* --- what llhttp calls --- */

static int on_field(llhttp_t *parser, const char *bytes, size_t size)
{
    struct http1_exchange *x = parser->data;
    if (size == 0)
        return HPE_USER;
    if (x->field_count == KEY_HEADERS) {
        parser->reason = "too many";
        return HPE_USER;
    }
    struct field *field = &x->fields[x->field_count++];
    *field = (struct field){.name = {bytes, size}, .known = known_field(bytes, size)};
    x->known |= UINT32_C(1) << field->known;
    return 0;
}

static int on_value(llhttp_t *parser, const char *bytes, size_t size)
{
    struct http1_exchange *x = parser->data;
    while (size > 0 && (bytes[size - 1] == ' ' || bytes[size - 1] == '\t'))
        size--;
    x->fields[x->field_count - 1].value = (struct view){bytes, size};
    return 0;
}

/* Stop behind the head; Upgrade is not for us. */
static int on_head(llhttp_t *parser)
{
    parser->upgrade = 0;
    return HPE_PAUSED;
}

static const llhttp_settings_t head_settings = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
};

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

static const llhttp_settings_t chunk_settings = {
    .on_body = on_content,
    .on_chunk_header = on_chunk,
};

/* --- lines --- */

enum { LINES_BAD = -1, LINES_INCOMPLETE, LINES_WHOLE };

/*
 * Check lines from `scanned` on, up to the empty one.  `scanned` is always the
 * beginning of a line.  LINES_WHOLE: head_end is behind the empty line.
 */
static int check_lines(struct http1_exchange *x)
{
    for (;;) {
        const char *line = x->in + x->scanned;
        size_t size = x->end - x->scanned;
        if (size == 0)
            return LINES_INCOMPLETE;
        if ((*line == ' ' || *line == '\t') && x->scanned > x->head)
            return LINES_BAD;
        size_t length = text_line(line, size); /* without its end */
        if (size - length >= 1 && line[length] == '\n')
            return LINES_BAD; /* a bare LF */
        if (size - length < 2)
            return LINES_INCOMPLETE;
        if (line[length + 1] != '\n')
            return LINES_BAD; /* a bare CR */
        if (x->scanned == x->head)
            x->line = length;
        x->scanned += length + 2;
        if (length == 0) {
            x->head_end = x->scanned;
            return LINES_WHOLE;
        }
    }
}

static bool is_token(struct view text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
              (c && strchr(others, c))))
            return false;
    }
    return text.size > 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "GET /path HTTP/1.1", without its line end: 0, or the status to refuse it with. */
static unsigned request_line(struct http1_exchange *x, struct view line)
{
    size_t method = text_find(line, ' ');
    x->method_name = (struct view){line.bytes, method};
    if (method == line.size || !is_token(x->method_name))
        return 400;
    struct view rest = {line.bytes + method + 1, line.size - method - 1};
    size_t target = text_find(rest, ' ');
    if (target == rest.size || target == 0)
        return 400;
    x->raw_target = (struct view){rest.bytes, target};
    struct view version = {rest.bytes + target + 1, rest.size - target - 1};
    if (version.size != 8 || memcmp(version.bytes, "HTTP/", 5) != 0 || !is_digit(version.bytes[5]) ||
        version.bytes[6] != '.' || !is_digit(version.bytes[7]))
        return 400;
    if (version.bytes[5] != '1' || version.bytes[7] > '1')
        return 505;
    x->minor = (uint8_t)(version.bytes[7] - '0');
    if (x->raw_target.size > KEY_TARGET_BYTES)
        return 414;
    if (view_equal(x->method_name, VIEW("GET")))
        x->method = METHOD_GET;
    else if (view_equal(x->method_name, VIEW("HEAD")))
        x->method = METHOD_HEAD;
    return 0;
}

/* --- meaning --- */

/* A host and an optional port, RFC 9110 section 7.2; only what is plainly not one is refused. */
static bool plausible_host(struct view host)
{
    for (size_t i = 0; i < host.size; i++) {
        unsigned char c = (unsigned char)host.bytes[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"#/<>?@\\^`{|}", c))
            return false;
    }
    return true;
}

static size_t count_known(const struct http1_exchange *x, enum known_field known)
{
    size_t count = 0;
    for (size_t i = 0; i < x->field_count; i++)
        count += x->fields[i].known == known;
    return count;
}

static unsigned body_of(struct http1_exchange *x, const llhttp_t *parser)
{
    if (has_field(x, FIELD_TRANSFER_ENCODING)) {
        struct view coding = known_value(x, FIELD_TRANSFER_ENCODING);
        /* a length beside it, a second one, and codings before HTTP/1.1 are how requests are smuggled */
        if (has_field(x, FIELD_CONTENT_LENGTH) || x->minor == 0 || coding.size == 0 ||
            count_known(x, FIELD_TRANSFER_ENCODING) != 1)
            return 400;
        if (coding.size == 7 && strncasecmp(coding.bytes, "chunked", 7) == 0) {
            x->body = BODY_CHUNKED;
            return 0;
        }
        /* chunked must come last; what comes before it we cannot decode */
        bool last = coding.size > 8 && strncasecmp(coding.bytes + coding.size - 7, "chunked", 7) == 0 &&
                    strchr(", \t", coding.bytes[coding.size - 8]);
        return last ? 501 : 400;
    }
    if (!has_field(x, FIELD_CONTENT_LENGTH))
        return 0;
    if (known_value(x, FIELD_CONTENT_LENGTH).size == 0)
        return 400;
    if (parser->content_length > KEY_BODY_BYTES)
        return 413;
    x->body_left = parser->content_length;
    x->body = x->body_left ? BODY_LENGTH : BODY_NONE;
    return 0;
}

static unsigned understand(struct http1_exchange *x, const llhttp_t *parser)
{
    bool close = (parser->flags & F_CONNECTION_CLOSE) != 0;
    x->keep_alive = !close && (x->minor >= 1 || (parser->flags & F_CONNECTION_KEEP_ALIVE));
    size_t hosts = has_field(x, FIELD_HOST) ? count_known(x, FIELD_HOST) : 0;
    if (hosts > 1 || (hosts == 0 && x->minor >= 1))
        return 400;
    if (hosts && !plausible_host(known_value(x, FIELD_HOST)))
        return 400;
    unsigned status = body_of(x, parser);
    if (status)
        return status;
    if (has_field(x, FIELD_EXPECT) && x->minor >= 1) {
        struct view expect = known_value(x, FIELD_EXPECT);
        if (expect.size != 12 || strncasecmp(expect.bytes, "100-continue", 12) != 0)
            return 417;
        x->expects_continue = x->body != BODY_NONE;
    }
    if (view_equal(x->method_name, VIEW("OPTIONS")) && view_equal(x->raw_target, VIEW("*"))) {
        x->target.path = VIEW("*");
        return 0;
    }
    return target_parse(x->raw_target, x->target_storage, &x->target) ? 0 : 400;
}

static unsigned refuse(const llhttp_t *parser, int error)
{
    switch (error) {
    case HPE_USER: return parser->reason && strcmp(parser->reason, "too many") == 0 ? 431 : 400;
    case HPE_INVALID_METHOD: return 501;
    default: return 400;
    }
}

static unsigned parse_whole(struct http1_exchange *x, struct view line)
{
    unsigned status = request_line(x, line);
    if (status)
        return status;
    llhttp_t *parser = parser_of(x);
    llhttp_init(parser, HTTP_REQUEST, &head_settings);
    parser->data = x;
    int error = (int)llhttp_execute(parser, x->in + x->head, x->head_end - x->head);
    if (error != HPE_PAUSED)
        return error ? refuse(parser, error) : 400;
    if (parser->method == HTTP_CONNECT || parser->method == HTTP_TRACE || parser->method == HTTP_PRI)
        return 501;
    status = understand(x, parser);
    if (status)
        return status;
    /* the pause comes before the last byte of the head: let llhttp have it, and stand before a chunk */
    if (x->body == BODY_CHUNKED) {
        const char *rest = llhttp_get_error_pos(parser);
        llhttp_resume(parser);
        parser->settings = (void *)(uintptr_t)&chunk_settings;
        size_t left = (size_t)(x->in + x->head_end - rest);
        if (left > 0 && llhttp_execute(parser, rest, left) != HPE_OK)
            return 400;
    }
    return HEAD_COMPLETE;
}

void head_begin(struct http1_exchange *x)
{
    x->method_name = x->raw_target = (struct view){};
    x->target = (struct target){};
    x->method = METHOD_OTHER;
    x->minor = 1;
    x->keep_alive = x->expects_continue = false;
    x->body = BODY_NONE;
    x->body_left = x->body_received = x->body_raw = 0;
    x->body_deadline = 0;
    x->trailer = TRAILER_NONE;
    x->body_error = 0;
    x->known = 0;
    x->field_count = 0;
    x->answer = ANSWER_NONE;
    x->silent = x->chunked = false;
    x->answer_left = 0;
    x->extra_size = 0;
    x->head = x->scanned = x->head_end = x->at;
}

unsigned head_parse(struct http1_exchange *x)
{
    while (x->scanned == x->head && x->end - x->head >= 2 && x->in[x->head] == '\r' &&
           x->in[x->head + 1] == '\n') {
        if (x->head - x->at >= 2 * EMPTY_LINES_MOST)
            return 400;
        x->head += 2;
        x->scanned = x->head;
    }
    int lines = check_lines(x);
    if (lines == LINES_BAD)
        return 400;
    const char *start = x->in + x->head;
    size_t size = (lines == LINES_WHOLE ? x->head_end : x->end) - x->head;
    size_t line = x->scanned > x->head ? x->line : text_line(start, size);
    if (line > KEY_TARGET_BYTES + METHOD_AND_VERSION_MOST)
        return 414;
    if (size > KEY_HEADER_BYTES)
        return 431;
    if (lines == LINES_INCOMPLETE)
        return HEAD_INCOMPLETE;
    x->at = x->head_end;
    return parse_whole(x, (struct view){start, line});
}

/* The place behind `c`, or -1 where no line of a trailer has it. */
static int trailer_step(enum trailer_place place, char c)
{
    switch (place) {
    case TRAILER_LINE: return c == '\r' ? TRAILER_LAST_CR : is_token((struct view){&c, 1}) ? TRAILER_NAME : -1;
    case TRAILER_NAME: return c == ':' ? TRAILER_VALUE : is_token((struct view){&c, 1}) ? TRAILER_NAME : -1;
    case TRAILER_VALUE: return c == '\r' ? TRAILER_CR : c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f) ? TRAILER_VALUE : -1;
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
    llhttp_t *parser = parser_of(x);
    struct chunk chunk = {};
    parser->data = &chunk;
    while (x->at < x->end) {
        llhttp_resume(parser);
        int error = (int)llhttp_execute(parser, x->in + x->at, x->end - x->at);
        if (error == HPE_OK) {
            x->at = x->end;
            return 0;
        }
        if (error != HPE_PAUSED)
            return -EBADMSG;
        x->at = (size_t)(llhttp_get_error_pos(parser) - x->in);
        if (chunk.last) {
            x->trailer = TRAILER_LINE;
            return skip_trailer(x);
        }
        if (chunk.piece.size > 0) {
            *piece = chunk.piece;
            return 1;
        }
    }
    return 0;
}

struct view known_value(const struct http1_exchange *x, enum known_field known)
{
    if (has_field(x, known))
        for (size_t i = 0; i < x->field_count; i++)
            if (x->fields[i].known == known)
                return x->fields[i].value;
    return (struct view){};
}
