/*
 * http_server.h - answer HTTP requests.
 *
 * serve() accepts connections and calls the handler once for each request,
 * each connection in a task of its own.  The handler looks at the request,
 * answers with one of the respond calls (or begin, write ..., end) and returns
 * 0.  When it returns a negative errno value without having answered, the
 * server answers for it:
 *
 *     -ENOENT                 404 Not Found
 *     -EISDIR                 301 Moved Permanently, to the path with a slash added
 *     -EACCES, -EPERM         403 Forbidden
 *     -EINVAL, -EBADMSG,
 *     -ENAMETOOLONG           400 Bad Request
 *     -EMSGSIZE, -EFBIG       413 Content Too Large
 *     -ETIMEDOUT              408 Request Timeout
 *     -EOPNOTSUPP             405 Method Not Allowed (set "Allow" first)
 *     -ENOSPC                 507 Insufficient Storage
 *     -ECANCELED              503 Service Unavailable
 *     anything else           500 Internal Server Error
 *
 * so that the error of a store can be returned as it is.  When it fails after
 * begin, the connection is closed, for the client to see that the body is cut.
 *
 * The server itself sees to HEAD, conditional requests, ranges, keep-alive,
 * the Date and Content-Length fields, limits and timeouts, and answers what is
 * not HTTP without calling the handler.  (RFC 9110, RFC 9112.)
 *
 * Views of the request are valid until the handler returns.  Views given to
 * the server need be valid only until the call returns.  Text views of a
 * request hold what the client sent: any bytes but NUL, CR and LF.
 *
 * Calls return 0 or more, or a negative errno value.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/deadline.h>
#include <ukc/representation.h>
#include <ukc/view.h>

struct http_server_exchange;

/*
 * Serve on a TCP port, at every address, until the calling task is cancelled:
 * then finish the requests under way (for a bounded time) and return 0.  The tasks of
 * connections are not the caller's children, and its children are left alone.  An
 * error is what the stack said when asked to listen (-EADDRINUSE, -EACCES ...)
 * or later; it has been logged.
 */
int http_server_serve(uint16_t port,
                      int (*handler)(struct http_server_exchange *exchange, void *context),
                      void *context);

/* --- the request --- */

/* "GET", "HEAD", "POST" ...; a method the server does not know is answered 501 by itself. */
struct view http_server_method(const struct http_server_exchange *exchange);

/*
 * The path, decoded and normalised: begins with a slash, "." and ".." and
 * empty names are gone ("/a//./b/../c" is "/a/c"), no NUL.  A path that would
 * climb above the root is answered 400 without calling the handler.
 */
struct view http_server_path(const struct http_server_exchange *exchange);

/*
 * The path as the key of a page in a store: without the slash in front, and
 * with "index.html" added when it is empty or ends in a slash.
 */
struct view http_server_page(const struct http_server_exchange *exchange);

/* What stood behind the "?", not decoded; empty when there was none. */
struct view http_server_query(const struct http_server_exchange *exchange);

/* The value of a header field, the first if there are several; bytes is NULL when there is none. */
struct view http_server_header(const struct http_server_exchange *exchange, struct view name);

/* The header fields one by one, in the order received: 0, or -ENOENT when index is beyond the last.
 */
int http_server_field(const struct http_server_exchange *exchange, size_t index, struct view *name,
                      struct view *value);

/*
 * The next piece of the request's body; of 0 bytes at its end.  Valid until
 * the next read.  -ETIMEDOUT the deadline, or the server's own limit of time
 * for a body, has passed; -EMSGSIZE longer than the server accepts; -EBADMSG
 * bad chunks; -ECONNRESET the client went away; -ECANCELED.
 */
int http_server_read(struct http_server_exchange *exchange, struct view *piece, int64_t deadline);

/*
 * The whole body into a buffer: returns its size, or -EMSGSIZE when the buffer
 * is too small (by the length announced, where there is one, before anything is read), or as read
 * does.
 */
int64_t http_server_read_all(struct http_server_exchange *exchange, void *buffer, size_t size,
                             int64_t deadline);

/* --- the answer --- */

/*
 * Add a field to the answer; before respond or begin.  -EINVAL not a field
 * (RFC 9110, 5.1 and 5.5), or one that the server writes itself (Content-Length,
 * Transfer-Encoding, Connection, Date); -ENOSPC no room; -EALREADY answered.
 */
int http_server_set_header(struct http_server_exchange *exchange, struct view name,
                           struct view value);

/* Answer with a body of a media type; an empty type sends no Content-Type. */
int http_server_respond(struct http_server_exchange *exchange, unsigned status, struct view type,
                        struct view body);

/*
 * Answer with a representation out of `count` (1 to REPRESENTATIONS_MOST) of
 * the same resource, the first one as it is, all with their bytes: the
 * smallest that the client accepts.  With status 200 preconditions and ranges
 * are evaluated: the answer may become 206, 304, 412 or 416; and a method other
 * than GET and HEAD is answered 405.
 */
int http_server_respond_with(struct http_server_exchange *exchange, unsigned status,
                             const struct representation *forms, size_t count);

/*
 * Answer in pieces: size is that of the whole body, or negative when it is not
 * known (then it is sent in chunks).  Writing more or less than size fails
 * (-EMSGSIZE) and closes the connection.  For HEAD, and a status without a
 * body, what is written is dropped.  write blocks while the client is slow,
 * for a bounded time.
 */
int http_server_begin(struct http_server_exchange *exchange, unsigned status, struct view type,
                      int64_t size);
int http_server_write(struct http_server_exchange *exchange, struct view piece);
int http_server_end(struct http_server_exchange *exchange);

#endif
