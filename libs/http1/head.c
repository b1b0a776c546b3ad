/*
 * head.c - the head of a request: the border at which strangers' bytes become a request.
 *
 * The lines are checked here, strictly: each ends with CR LF and contains
 * neither elsewhere, none continues the one before (obs-fold), the request
 * line is `token SP target SP HTTP/d.d`.  What two parsers could read in two
 * ways is refused, so that nothing can be smuggled past a proxy in front.
 * A parser then takes the fields apart; what they mean is found out here.
 *
 * (RFC 9112 sections 2.2, 3, 5, 6 and 11.2.)
 */
#include "internal.h"

#include <errno.h>
#include <strings.h>
#include <ukc/eight.h>
#include <ukc/http_octet.h>
#include "parser.h"
#include "text.h"

enum {
    EMPTY_LINES_MOST = 2, /* before a request, RFC 9112 section 2.2 */
    METHOD_AND_VERSION_MOST = 64,
};

/* Whether the name is the known one, which is written small; without regard to case.  Their first letters are the same. */
static bool is_called(const char *known, const char *name, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if ((name[i] | 0x20) != known[i]) /* a token has no CR, which would pass for a '-' */
            return false;
    return true;
}

static enum known_field known_field(const char *name, size_t size)
{
    /* most names are as long as none of these */
    static const uint32_t sizes =
#define KNOWN_FIELD(id, text) 1u << (sizeof text - 1) |
        KNOWN_FIELDS(KNOWN_FIELD) 0;
#undef KNOWN_FIELD
    if (size >= 32 || !(sizes >> size & 1))
        return FIELD_OTHER;
    char first = (char)(name[0] | 0x20);
#define KNOWN_FIELD(id, text)                                                      \
    if (size == sizeof text - 1 && first == text[0] && is_called(text, name, size)) \
        return FIELD_##id;
    KNOWN_FIELDS(KNOWN_FIELD)
#undef KNOWN_FIELD
    return FIELD_OTHER;
}

/* --- lines --- */

enum { LINES_BAD = -1, LINES_INCOMPLETE, LINES_WHOLE };

/* The first CR or LF in [at, end); `end` when there is none. */
static const char *line_end(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t low = eight_below(eight_at(at), '\r' + 1); /* a tab, perhaps */
        if (low) {
            at += eight_first(low);
            break;
        }
    }
    while (at < end && *at != '\r' && *at != '\n')
        at++;
    return at;
}

/*
 * Check lines from `scanned` on, up to the empty one.  `scanned` is always the
 * beginning of a line.  LINES_WHOLE: head_end is behind the empty line.
 */
static int check_lines(struct http1_exchange *x)
{
    const char *head = x->in + x->head, *end = x->in + x->end, *line = x->in + x->scanned;
    int found = LINES_INCOMPLETE;
    while (found == LINES_INCOMPLETE && line < end) {
        if ((*line == ' ' || *line == '\t') && line > head)
            return LINES_BAD; /* it continues the one before */
        const char *at = line_end(line, end); /* without its end */
        if (end - at < 2 && (at == end || *at == '\r'))
            break;
        if (at[0] != '\r' || at[1] != '\n')
            return LINES_BAD; /* a bare CR, a bare LF */
        if (line == head)
            x->line = (size_t)(at - line);
        if (at == line)
            found = LINES_WHOLE;
        line = at + 2;
    }
    x->scanned = (size_t)(line - x->in);
    if (found == LINES_WHOLE)
        x->head_end = x->scanned;
    return found;
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
    if (method == line.size)
        return 400;
    if (view_equal(x->method_name, VIEW("GET")))
        x->method = METHOD_GET;
    else if (view_equal(x->method_name, VIEW("HEAD")))
        x->method = METHOD_HEAD;
    else if (!text_is_token(x->method_name))
        return 400;
    struct view rest = {line.bytes + method + 1, line.size - method - 1};
    size_t target = text_find(rest, ' ');
    if (target == rest.size || target == 0)
        return 400;
    x->raw_target = (struct view){rest.bytes, target};
    struct view version = {rest.bytes + target + 1, rest.size - target - 1};
    if (version.size != 8)
        return 400;
    x->minor = 1;
    if (eight_at(version.bytes) != eight_at("HTTP/1.1")) {
        if (memcmp(version.bytes, "HTTP/", 5) != 0 || !is_digit(version.bytes[5]) || version.bytes[6] != '.' || !is_digit(version.bytes[7]))
            return 400;
        if (version.bytes[5] != '1' || version.bytes[7] > '1')
            return 505;
        x->minor = (uint8_t)(version.bytes[7] - '0');
    }
    if (x->raw_target.size > KEY_TARGET_BYTES)
        return 414;
    return 0;
}

/* --- meaning --- */

/* A host and an optional port, RFC 9110 section 7.2; only what is plainly not one is refused. */
static bool plausible_host(struct view host)
{
    for (size_t i = 0; i < host.size; i++)
        if (!(http_octet(host.bytes[i]) & OCTET_HOST))
            return false;
    return host.size == 0 || host.bytes[0] != '[' || text_find(host, ']') < host.size; /* an address of IPv6 */
}

static bool is_repeated(const struct http1_exchange *x, enum known_field known)
{
    return (x->repeated >> known & 1) != 0;
}

static unsigned coded_body(struct http1_exchange *x)
{
    struct view coding = known_value(x, FIELD_TRANSFER_ENCODING);
    /* a length beside it, a second one, and codings before HTTP/1.1 are how requests are smuggled */
    if (has_field(x, FIELD_CONTENT_LENGTH) || x->minor == 0 || coding.size == 0 ||
        is_repeated(x, FIELD_TRANSFER_ENCODING))
        return 400;
    /* chunked comes last, and once (RFC 9112 section 7.1); what comes before it we cannot decode */
    unsigned codings = 0, chunked = 0, last = 0;
    for (struct view list = coding, element; text_element(&list, &element); chunked += last) {
        codings++;
        last = text_same(element, VIEW("chunked"));
    }
    if (chunked != 1 || !last)
        return 400;
    if (codings != 1 || coding.size != 7)
        return 501;
    parser_chunks(&x->chunks);
    x->body = BODY_CHUNKED;
    return 0;
}

static unsigned body_of(struct http1_exchange *x)
{
    if (has_field(x, FIELD_TRANSFER_ENCODING))
        return coded_body(x);
    if (!has_field(x, FIELD_CONTENT_LENGTH))
        return 0;
    uint64_t length;
    if (is_repeated(x, FIELD_CONTENT_LENGTH) || !text_number(known_value(x, FIELD_CONTENT_LENGTH), &length) ||
        length == INT64_MAX) /* or above: nobody means that */
        return 400;
    if (length > KEY_BODY_BYTES)
        return 413;
    x->body_left = length;
    x->body = length ? BODY_LENGTH : BODY_NONE;
    return 0;
}

/* Whether a field Connection has this option, RFC 9110 section 7.6.1. */
static bool connection_has(const struct http1_exchange *x, struct view option)
{
    for (size_t i = 0; i < x->field_count; i++) {
        struct view list = x->fields[i].value, element;
        while (x->fields[i].known == FIELD_CONNECTION && text_element(&list, &element))
            if (text_same(element, option))
                return true;
    }
    return false;
}

static bool kept_alive(const struct http1_exchange *x)
{
    if (!has_field(x, FIELD_CONNECTION))
        return x->minor >= 1;
    return !connection_has(x, VIEW("close")) && (x->minor >= 1 || connection_has(x, VIEW("keep-alive")));
}

static unsigned understand(struct http1_exchange *x)
{
    x->keep_alive = kept_alive(x);
    if (has_field(x, FIELD_HOST) ? is_repeated(x, FIELD_HOST) : x->minor >= 1)
        return 400;
    if (!plausible_host(known_value(x, FIELD_HOST))) /* an empty one where there is none */
        return 400;
    unsigned status = body_of(x);
    if (status)
        return status;
    if (has_field(x, FIELD_EXPECT) && x->minor >= 1) {
        struct view expect = known_value(x, FIELD_EXPECT);
        if (expect.size != 12 || strncasecmp(expect.bytes, "100-continue", 12) != 0)
            return 417;
        x->expects_continue = x->body != BODY_NONE;
    }
    if (x->method == METHOD_OTHER && view_equal(x->method_name, VIEW("OPTIONS")) && view_equal(x->raw_target, VIEW("*"))) {
        x->target.path = VIEW("*");
        return 0;
    }
    return target_parse(x->raw_target, x->target_storage, &x->target) ? 0 : 400;
}

/*
 * Whether a handler may be asked for it: the methods that IANA has registered, and PURGE, but for
 * CONNECT, TRACE, PRI, and those that a server of versions and calendars alone would have.
 */
static bool is_method(struct view name)
{
    static const char methods[] = "POST PUT DELETE OPTIONS PATCH QUERY PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT "
                                  "ACL BIND CHECKOUT LINK M-SEARCH MERGE MKACTIVITY MKCALENDAR NOTIFY PURGE REBIND SOURCE SUBSCRIBE "
                                  "UNBIND UNLINK UNSUBSCRIBE ";
    for (struct view left = VIEW(methods); left.size > 0;) {
        size_t size = text_find(left, ' ');
        if (view_equal((struct view){left.bytes, size}, name))
            return true;
        left = (struct view){left.bytes + size + 1, left.size - size - 1};
    }
    return false;
}

/* `line` is the first line of the head, without its end. */
static unsigned parse_whole(struct http1_exchange *x, struct view line)
{
    unsigned status = request_line(x, line);
    if (status)
        return status;
    if (x->method == METHOD_OTHER && !is_method(x->method_name))
        return 501;
    const char *lines = line.bytes + line.size + 2;
    ptrdiff_t count = parser_fields((struct view){lines, (size_t)(x->in + x->head_end - 2 - lines)}, x->fields, KEY_HEADERS);
    if (count < 0)
        return count == -E2BIG ? 431 : 400;
    x->field_count = (size_t)count;
    for (size_t i = 0; i < x->field_count; i++) {
        struct view name = x->fields[i].name;
        x->fields[i].known = known_field(name.bytes, name.size);
        uint32_t bit = UINT32_C(1) << x->fields[i].known;
        x->repeated |= x->known & bit;
        x->known |= bit;
    }
    status = understand(x);
    return status ? status : HEAD_COMPLETE;
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
    x->known = x->repeated = 0;
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
    size_t line = x->scanned > x->head ? x->line : (size_t)(line_end(start, start + size) - start);
    if (line > KEY_TARGET_BYTES + METHOD_AND_VERSION_MOST)
        return 414;
    if (size > KEY_HEADER_BYTES)
        return 431;
    if (lines == LINES_INCOMPLETE)
        return HEAD_INCOMPLETE;
    x->at = x->head_end;
    return parse_whole(x, (struct view){start, line});
}

struct view known_value(const struct http1_exchange *x, enum known_field known)
{
    if (has_field(x, known))
        for (size_t i = 0; i < x->field_count; i++)
            if (x->fields[i].known == known)
                return x->fields[i].value;
    return (struct view){};
}
