/*
 * status.c - status codes: their phrases, and what an error becomes.
 */
#include "internal.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include "log.h"

#define STATUSES(X)                                                                                  \
    X(200, "OK") X(201, "Created") X(202, "Accepted") X(203, "Non-Authoritative Information")        \
    X(204, "No Content") X(205, "Reset Content") X(206, "Partial Content")                           \
    X(300, "Multiple Choices") X(301, "Moved Permanently") X(302, "Found") X(303, "See Other")       \
    X(304, "Not Modified") X(307, "Temporary Redirect") X(308, "Permanent Redirect")                 \
    X(400, "Bad Request") X(401, "Unauthorized") X(402, "Payment Required") X(403, "Forbidden")      \
    X(404, "Not Found") X(405, "Method Not Allowed") X(406, "Not Acceptable")                        \
    X(407, "Proxy Authentication Required") X(408, "Request Timeout") X(409, "Conflict")             \
    X(410, "Gone") X(411, "Length Required") X(412, "Precondition Failed")                           \
    X(413, "Content Too Large") X(414, "URI Too Long") X(415, "Unsupported Media Type")              \
    X(416, "Range Not Satisfiable") X(417, "Expectation Failed") X(421, "Misdirected Request")       \
    X(422, "Unprocessable Content") X(426, "Upgrade Required") X(428, "Precondition Required")       \
    X(429, "Too Many Requests") X(431, "Request Header Fields Too Large")                            \
    X(451, "Unavailable For Legal Reasons") X(500, "Internal Server Error")                          \
    X(501, "Not Implemented") X(502, "Bad Gateway") X(503, "Service Unavailable")                    \
    X(504, "Gateway Timeout") X(505, "HTTP Version Not Supported") X(507, "Insufficient Storage")

const char *status_reason(unsigned status)
{
    switch (status) {
#define STATUS(number, reason)                                                                       \
    case number: return reason;
        STATUSES(STATUS)
#undef STATUS
    default: return ""; /* RFC 9112 section 4: the phrase may be empty */
    }
}

static unsigned status_of(int error)
{
    switch (-error) {
    case ENOENT: return 404;
    case EISDIR: return 301;
    case EACCES:
    case EPERM: return 403;
    case EINVAL:
    case EBADMSG:
    case ENAMETOOLONG: return 400;
    case EMSGSIZE:
    case EFBIG: return 413;
    case ETIMEDOUT: return 408;
    case EOPNOTSUPP: return 405;
    case ENOSPC: return 507;
    case ECANCELED: return 503;
    default: return 500;
    }
}

static int answer_text(struct http1_exchange *x, unsigned status, struct view location)
{
    char text[64], digits[TEXT_DIGITS];
    const struct view parts[] = {text_decimal(status, digits), VIEW(" "), view_of(status_reason(status)), VIEW("\n")};
    size_t size = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; size += parts[i++].size)
        memcpy(text + size, parts[i].bytes, parts[i].size);
    struct answer answer = {
        .status = status,
        .type = VIEW("text/plain; charset=utf-8"),
        .location = location,
    };
    return answer_send(x, &answer, (struct view){text, size});
}

int answer_status(struct http1_exchange *x, unsigned status)
{
    return answer_text(x, status, (struct view){});
}

/* The path as it was understood, not as it was sent: "//elsewhere" must not lead elsewhere. */
static int answer_with_slash(struct http1_exchange *x)
{
    char *location = x->location;
    struct view path = x->target.path, query = x->target.query;
    size_t size = target_encode(path, location, sizeof x->location);
    if (size == 0 || query.size + 2 > sizeof x->location - size)
        return answer_status(x, 404);
    location[size++] = '/';
    if (query.size > 0) {
        location[size++] = '?';
        memcpy(location + size, query.bytes, query.size);
        size += query.size;
    }
    return answer_text(x, 301, (struct view){location, size});
}

int answer_error(struct http1_exchange *x, int error)
{
    unsigned status = status_of(error);
    if ((status == 500 || status == 507) && error != -ECONNRESET && !x->connection->broken) /* not by a client that goes away */
        log_write(LOG_LEVEL_ERROR, "http", "a request ends with %u: %s", status, strerror(-error));
    return status == 301 ? answer_with_slash(x) : answer_status(x, status);
}
