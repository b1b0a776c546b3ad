/*
 * connection.c - unit tests of http1 from the first byte received to the last one sent.
 *
 * Built by tests/suites/http.py, which knows where llhttp is.  Every request
 * is also sent a byte at a time: the answer must be the same.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../libs/http1/http1.h"
#include "fake.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static char big[300000];
static char seen_body[200000];
static size_t seen_size;
static int handler_calls;

static const struct representation forms[] = {
    {.type = {"text/plain", 10}, .etag = {"\"plain\"", 7}, .bytes = "0123456789", .size = 10, .modified = 784111777},
    {.type = {"text/plain", 10}, .etag = {"\"gzip\"", 6}, .encoding = {"gzip", 4}, .bytes = "zzzzz", .size = 5, .modified = 784111777},
    {.type = {"text/plain", 10}, .etag = {"\"br\"", 4}, .encoding = {"br", 2}, .bytes = "bbb", .size = 3, .modified = 784111777},
};

static bool path_is(struct http1_exchange *x, const char *path)
{
    return view_equal(http1_path(x), view_of(path));
}

static int read_body(struct http1_exchange *x)
{
    struct view piece;
    int error;
    seen_size = 0;
    while ((error = http1_read(x, &piece, DEADLINE_NEVER)) == 0 && piece.size) {
        assert_true(seen_size + piece.size <= sizeof seen_body);
        memcpy(seen_body + seen_size, piece.bytes, piece.size);
        seen_size += piece.size;
    }
    return error;
}

static int stream(struct http1_exchange *x, int64_t size)
{
    assert_int_equal(http1_begin(x, 200, VIEW("text/plain"), size), 0);
    http1_write(x, VIEW("hello "));
    http1_write(x, VIEW(""));
    http1_write(x, VIEW("world"));
    return http1_end(x);
}

static int handler(struct http1_exchange *x, void *context)
{
    (void)context;
    handler_calls++;
    if (path_is(x, "/forms"))
        return http1_respond_with(x, 200, forms, 3);
    if (path_is(x, "/form"))
        return http1_respond_with(x, 200, forms, 1);
    if (path_is(x, "/big"))
        return http1_respond(x, 200, VIEW("text/plain"), (struct view){big, sizeof big});
    if (path_is(x, "/body")) {
        int error = read_body(x);
        return error ? error : http1_respond(x, 200, VIEW(""), (struct view){seen_body, seen_size});
    }
    if (path_is(x, "/all")) {
        char buffer[10];
        int64_t size = http1_read_all(x, buffer, sizeof buffer, DEADLINE_NEVER);
        return size < 0 ? (int)size : http1_respond(x, 200, VIEW(""), (struct view){buffer, (size_t)size});
    }
    if (path_is(x, "/chunked"))
        return stream(x, -1);
    if (path_is(x, "/sized"))
        return stream(x, 11);
    if (path_is(x, "/short"))
        return stream(x, 12);
    if (path_is(x, "/long"))
        return stream(x, 8);
    if (path_is(x, "/cut")) {
        http1_begin(x, 200, VIEW("text/plain"), -1);
        http1_write(x, VIEW("half"));
        return -EIO;
    }
    if (path_is(x, "/directory"))
        return -EISDIR;
    if (path_is(x, "/read-only"))
        return -EROFS;
    if (path_is(x, "/full"))
        return -ENOSPC;
    if (path_is(x, "/nothing"))
        return 0;
    if (path_is(x, "/empty"))
        return http1_respond(x, 204, VIEW(""), VIEW("dropped"));
    if (path_is(x, "/fields")) {
        assert_int_equal(http1_set_header(x, VIEW("X-One"), VIEW("1")), 0);
        assert_int_equal(http1_set_header(x, VIEW("X Two"), VIEW("2")), -EINVAL);
        assert_int_equal(http1_set_header(x, VIEW("X-Two"), VIEW("2\r\nX-Three: 3")), -EINVAL);
        assert_int_equal(http1_set_header(x, VIEW("content-length"), VIEW("2")), -EINVAL);
        assert_int_equal(http1_set_header(x, VIEW("X-Big"), (struct view){big, 2000}), -ENOSPC);
        assert_int_equal(http1_respond(x, 200, VIEW("a\nb"), VIEW("")), -EINVAL);
        assert_int_equal(http1_respond(x, 99, VIEW(""), VIEW("")), -EINVAL);
        assert_int_equal(http1_respond(x, 200, VIEW(""), VIEW("ok")), 0);
        assert_int_equal(http1_respond(x, 200, VIEW(""), VIEW("ok")), -EALREADY);
        assert_int_equal(http1_set_header(x, VIEW("X-One"), VIEW("1")), -EALREADY);
        return 0;
    }
    if (path_is(x, "/echo")) {
        char text[600];
        int size = snprintf(text, sizeof text, "%.*s %.*s %.*s ?%.*s", (int)http1_method(x).size,
                            http1_method(x).bytes, (int)http1_path(x).size, http1_path(x).bytes,
                            (int)http1_page(x).size, http1_page(x).bytes, (int)http1_query(x).size,
                            http1_query(x).bytes);
        return http1_respond(x, 200, VIEW(""), (struct view){text, (size_t)size});
    }
    if (path_is(x, "/"))
        return http1_respond(x, 200, VIEW("text/plain"), VIEW("root\n"));
    return -ENOENT;
}

/* --- running --- */

static char answer[2000000];

static const char *run(const struct view *segments, size_t count)
{
    fake_serve(segments, count, handler, NULL);
    assert_true(fake.sent_size < sizeof answer);
    if (fake.sent_size)
        memcpy(answer, fake.sent, fake.sent_size);
    answer[fake.sent_size] = '\0';
    return answer;
}

/* The answer to a request, whole and byte by byte. */
static const char *ask(const char *request)
{
    static char whole[sizeof answer];
    static struct view bytes[100000];
    size_t size = strlen(request);
    struct view all = {request, size};
    strcpy(whole, run(&all, 1));
    for (size_t i = 0; i < size; i++)
        bytes[i] = (struct view){request + i, 1};
    const char *single = run(bytes, size);
    if (!strstr(whole, "multipart/"))
        assert_string_equal(single, whole);
    return single;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in:\n%s", part, text);
}

static void starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("does not start with \"%s\":\n%s", start, text);
}

static void ends(const char *text, const char *end)
{
    size_t size = strlen(text), part = strlen(end);
    if (size < part || strcmp(text + size - part, end) != 0)
        fail_msg("does not end with \"%s\":\n%s", end, text);
}

static void status(const char *request, int expected)
{
    char start[40];
    snprintf(start, sizeof start, "HTTP/1.1 %d ", expected);
    starts(ask(request), start);
}

/* --- tests --- */

static void test_plain(void **state)
{
    (void)state;
    assert_string_equal(ask(GET("/")), "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                       "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nroot\n");
    assert_true(fake.closed);
    ends(ask("HEAD / HTTP/1.1\r\n" HOST "\r\n"), "Content-Length: 5\r\n\r\n");
    has(ask("GET / HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n"), "Connection: close\r\n");
    has(ask("GET / HTTP/1.0\r\n\r\n"), "Connection: close\r\n");
    has(ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection: keep-alive\r\n");
    status(GET("/none"), 404);
    status(GET("/nothing"), 500);
    status(GET("/read-only"), 500);
    assert_int_equal(fake.errors, 1); /* which is not the client's fault, and told */
    status(GET("/full"), 507);
    assert_int_equal(fake.errors, 1);
    status(GET("/none"), 404);
    assert_int_equal(fake.errors, 0);
    has(ask(GET("/directory?a=b")), "Location: /directory/?a=b\r\n");
    starts(ask(GET("/empty")), "HTTP/1.1 204 No Content\r\n");
    has_not(answer, "Content-Length");
    has_not(answer, "dropped");
    has(ask(GET("/fields")), "X-One: 1\r\n");
    starts(ask("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 204 ");
    starts(ask("\r\n\r\n" GET("/")), "HTTP/1.1 200 ");
}

static void test_targets(void **state)
{
    (void)state;
    ends(ask(GET("/a/.././echo?x=%20&y")), "GET /echo echo ?x=%20&y");
    ends(ask(GET("/%65c%68o")), "GET /echo echo ?");
    ends(ask(GET("//./echo")), "GET /echo echo ?");
    ends(ask(GET("http://example.org/echo")), "GET /echo echo ?");
    status(GET("http://example.org"), 200);
    status(GET("/.."), 400);
    status(GET("/a/../.."), 400);
    status(GET("/%2e%2e/x"), 400);
    status(GET("/a%2f..%2f..%2fetc"), 400);
    status(GET("/%00"), 400);
    status(GET("/%0d%0a"), 400);
    status(GET("/%"), 400);
    status(GET("/%zz"), 400);
    status(GET("/#fragment"), 400);
    status(GET("*"), 400);
    status(GET("echo"), 400);
    status(GET("//evil.example/directory"), 404);
    has(ask(GET("//directory")), "Location: /directory/\r\n");
}

static void test_pipelining(void **state)
{
    (void)state;
    const struct view three = VIEW(GET("/") GET("/none") GET("/"));
    const char *text = run(&three, 1);
    starts(text, "HTTP/1.1 200 OK");
    has(text, "root\nHTTP/1.1 404 ");
    ends(text, "root\n");
    assert_int_equal(fake.writes, 1);
    ask(GET("/") "POST /body HTTP/1.1\r\nContent-Length: 3\r\n" HOST "\r\nabc" GET("/echo"));
    has(answer, "abcHTTP/1.1 200 ");
    ends(answer, "GET /echo echo ?");

    /* many, across the end of the buffer; the number of requests is limited */
    static char many[40000];
    size_t size = 0;
    for (int i = 0; i < 45; i++)
        size += (size_t)sprintf(many + size, "POST /body HTTP/1.1\r\nContent-Length: 302\r\n" HOST "\r\n%0300d\r\n", i);
    struct view all = {many, size};
    handler_calls = 0;
    run(&all, 1);
    assert_int_equal(handler_calls, 45);
    handler_calls = 0;
    size = 0;
    for (int i = 0; i < 60; i++)
        size += (size_t)sprintf(many + size, "%s", GET("/"));
    all.size = size;
    run(&all, 1);
    assert_int_equal(handler_calls, 50);
    has(answer, "Connection: close\r\n");
}

static void test_conditions(void **state)
{
    (void)state;
#define WITH(fields) "GET /form HTTP/1.1\r\n" HOST fields "\r\n\r\n"
    ends(ask(WITH("X: y")), "\r\n\r\n0123456789");
    has(answer, "ETag: \"plain\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nAccept-Ranges: bytes\r\n");
    status(WITH("If-None-Match: \"plain\""), 304);
    has(answer, "ETag: \"plain\"\r\n");
    has_not(answer, "Content-Length");
    ends(answer, "\r\n\r\n");
    status(WITH("If-None-Match: W/\"plain\""), 304);
    status(WITH("If-None-Match: \"a\", \"b\",\"plain\""), 304);
    status(WITH("If-None-Match: \"a\"\r\nIf-None-Match: \"plain\""), 304);
    status(WITH("If-None-Match: *"), 304);
    status(WITH("If-None-Match: \"other\""), 200);
    status(WITH("If-None-Match: \"other\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"), 200);
    status(WITH("If-Match: \"plain\""), 200);
    status(WITH("If-Match: W/\"plain\""), 412);
    status(WITH("If-Match: *"), 200);
    status(WITH("If-Match: \"other\""), 412);
    status(WITH("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"), 304);
    status(WITH("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"), 304);
    status(WITH("If-Modified-Since: Sun Nov  6 08:49:37 1994"), 304);
    status(WITH("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT"), 200);
    status(WITH("If-Modified-Since: nonsense"), 200);
    status(WITH("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT"), 412);
    status(WITH("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"), 200);
    status("DELETE /form HTTP/1.1\r\n" HOST "\r\n", 405);
    has(answer, "Allow: GET, HEAD\r\n");
}

static void test_ranges(void **state)
{
    (void)state;
    ends(ask(WITH("Range: bytes=2-4")), "\r\n\r\n234");
    starts(answer, "HTTP/1.1 206 ");
    has(answer, "Content-Range: bytes 2-4/10\r\n");
    has(answer, "Content-Length: 3\r\n");
    ends(ask(WITH("Range: bytes=7-")), "\r\n\r\n789");
    ends(ask(WITH("Range: bytes=-3")), "\r\n\r\n789");
    ends(ask(WITH("Range: bytes=-30")), "\r\n\r\n0123456789");
    starts(answer, "HTTP/1.1 206 ");
    ends(ask(WITH("Range: bytes=7-1000")), "\r\n\r\n789");
    status(WITH("Range: bytes=10-"), 416);
    has(answer, "Content-Range: bytes */10\r\n");
    status(WITH("Range: bytes=-0"), 416);
    status(WITH("Range: bytes=4-2"), 200);
    status(WITH("Range: bytes=a-b"), 200);
    status(WITH("Range: items=0-1"), 200);
    ends(ask(WITH("Range: bytes=7-18446744073709551615")), "\r\n\r\n789"); /* beyond 64 bits is beyond the end */
    starts(answer, "HTTP/1.1 206 ");
    ends(ask(WITH("Range: bytes=0-99999999999999999999999999")), "\r\n\r\n0123456789");
    starts(answer, "HTTP/1.1 206 ");
    ends(ask(WITH("Range: bytes=-18446744073709551619")), "\r\n\r\n0123456789");
    starts(answer, "HTTP/1.1 206 ");
    status(WITH("Range: bytes=99999999999999999999-"), 416);
    has(answer, "Content-Range: bytes */10\r\n");
    status(WITH("Range: bytes=18446744073709551616-18446744073709551617"), 416);
    status(WITH("Range: bytes=18446744073709551616-3"), 200);
    status(WITH("Range: bytes=9999999999999999999x-"), 200);
    status(WITH("Range: bytes=0-9,0-9"), 200);
    ends(ask(WITH("Range: bytes=1-2, 50-60")), "\r\n\r\n12");
    ask(WITH("Range: bytes=0-1, -2"));
    starts(answer, "HTTP/1.1 206 ");
    has(answer, "Content-Range: bytes 0-1/10\r\n\r\n01\r\n--part");
    has(answer, "Content-Range: bytes 8-9/10\r\n\r\n89\r\n--part");
    ends(answer, "--\r\n");
    const char *body = strstr(answer, "\r\n\r\n") + 4;
    assert_int_equal(atoi(strstr(answer, "Content-Length: ") + 16), strlen(body));
    status(WITH("Range: bytes=1-2\r\nIf-Range: \"plain\""), 206);
    status(WITH("Range: bytes=1-2\r\nIf-Range: W/\"plain\""), 200);
    status(WITH("Range: bytes=1-2\r\nIf-Range: \"other\""), 200);
    status(WITH("Range: bytes=1-2\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT"), 206);
    status(WITH("Range: bytes=1-2\r\nIf-None-Match: \"plain\""), 304);
    status("HEAD /form HTTP/1.1\r\n" HOST "Range: bytes=1-2\r\n\r\n", 200);
    status(WITH("Range: bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0"), 200);
}

static void test_encodings(void **state)
{
    (void)state;
#define ACCEPT(value) "GET /forms HTTP/1.1\r\n" HOST "Accept-Encoding: " value "\r\n\r\n"
    ends(ask(GET("/forms")), "0123456789");
    has(answer, "Vary: Accept-Encoding\r\n");
    ends(ask(ACCEPT("gzip")), "zzzzz");
    has(answer, "Content-Encoding: gzip\r\n");
    has(answer, "ETag: \"gzip\"\r\n");
    ends(ask(ACCEPT("gzip, deflate, br")), "bbb");
    ends(ask(ACCEPT("gzip;q=1, br;q=0.5")), "zzzzz");
    ends(ask(ACCEPT("br;q=0")), "0123456789");
    ends(ask(ACCEPT("*")), "bbb");
    ends(ask(ACCEPT("*;q=0")), "0123456789");
    ends(ask(ACCEPT("gzip;q=0.5, identity")), "0123456789");
    ends(ask(ACCEPT("gzip;q=2, br;level=3")), "0123456789");
    ends(ask(ACCEPT("GZIP")), "zzzzz");
    ends(ask(ACCEPT("")), "0123456789");
    ends(ask("GET /forms HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\nRange: bytes=0-1\r\n\r\n"), "\r\n\r\nzz");
    starts(ask("GET /forms HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\nIf-None-Match: \"gzip\"\r\n\r\n"), "HTTP/1.1 304 ");
    has(answer, "Vary: Accept-Encoding\r\n");
    starts(ask("GET /forms HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\nIf-None-Match: \"plain\"\r\n\r\n"), "HTTP/1.1 200 ");
}

#define POST(path, fields, body) "POST " path " HTTP/1.1\r\n" HOST fields "\r\n" body
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static void test_bodies(void **state)
{
    (void)state;
    ends(ask(POST("/body", "Content-Length: 5\r\n", "hello")), "\r\n\r\nhello");
    ends(ask(POST("/body", CHUNKED, "5\r\nhello\r\n6;x=\"y;z\"\r\n world\r\n0\r\nTrailer: t\r\n\r\n")), "\r\n\r\nhello world");
    ends(ask(POST("/body", CHUNKED, "0\r\n\r\n" GET("/echo"))), "GET /echo echo ?");
    ends(ask(POST("/", CHUNKED, "5\r\nhello\r\n0\r\n\r\n" GET("/echo"))), "GET /echo echo ?");
    ends(ask(POST("/", "Content-Length: 5\r\n", "hello" GET("/echo"))), "GET /echo echo ?");
    ends(ask(POST("/all", "Content-Length: 10\r\n", "0123456789")), "0123456789");
    status(POST("/all", "Content-Length: 11\r\n", "0123456789a"), 413);
    status(POST("/all", CHUNKED, "b\r\n0123456789a\r\n0\r\n\r\n"), 413);
    status(POST("/body", "Content-Length: 65537\r\n", ""), 413);
    status(POST("/body", "Content-Length: 5\r\n", "hel"), 500); /* the client is gone: nobody hears it, and nothing is told */
    assert_int_equal(fake.errors, 0);
    static const char *const bad[] = {
        "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n", "5;a\nhello\r\n0\r\n\r\n", "5\r\r\nhello\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char request[300];
        snprintf(request, sizeof request, "%s%s", POST("/body", CHUNKED, ""), bad[i]);
        status(request, 400);
        has(answer, "Connection: close\r\n");
    }
    /* the frame of chunks is bounded */
    static char frame[60000];
    size_t size = (size_t)sprintf(frame, "%s5;", POST("/body", CHUNKED, ""));
    memset(frame + size, 'a', 40000);
    strcpy(frame + size + 40000, "\r\nhello\r\n0\r\n\r\n");
    status(frame, 400);
    /* and so is what is in them */
    static char large[80000];
    size = (size_t)sprintf(large, "%s10001\r\n", POST("/body", CHUNKED, ""));
    memset(large + size, 'a', 65537);
    strcpy(large + size + 65537, "\r\n0\r\n\r\n");
    status(large, 413);
}

static void test_expect(void **state)
{
    (void)state;
    const struct view parts[] = {VIEW(POST("/body", "Expect: 100-continue\r\nContent-Length: 5\r\n", "")), VIEW("hello")};
    const char *text = run(parts, 2);
    starts(text, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n");
    ends(text, "\r\n\r\nhello");
    starts(run(parts, 1), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 ");
    const struct view unwanted[] = {VIEW(POST("/", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""))};
    text = run(unwanted, 1);
    starts(text, "HTTP/1.1 200 ");
    has(text, "Connection: close\r\n");
    assert_true(fake.shut);
    status(POST("/", "Expect: 200-maybe\r\nContent-Length: 5\r\n", "hello"), 417);
}

static void test_refusals(void **state)
{
    (void)state;
    handler_calls = 0;
    static const struct {
        int status;
        const char *request;
    } cases[] = {
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n"},
        {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
        {400, "GET /\r\nHost: a\r\n\r\n"},
        {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
        {400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, POST("/", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {400, POST("/", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
        {400, POST("/", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
        {400, POST("/", "Content-Length: 5, 5\r\n", "hello")},
        {400, POST("/", "Content-Length: +5\r\n", "hello")},
        {400, POST("/", "Content-Length: 0x5\r\n", "hello")},
        {400, POST("/", "Content-Length:\r\n", "hello")},
        {400, POST("/", "Content-Length: 99999999999999999999\r\n", "hello")},
        {400, POST("/", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
        {400, POST("/", "Transfer-Encoding:\r\n", "0\r\n\r\n")},
        {400, POST("/", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
        {400, POST("/", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
        {400, POST("/", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {501, POST("/", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
        {501, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {501, "get / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {501, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {501, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
        {505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        status(cases[i].request, cases[i].status);
        has(answer, "Connection: close\r\n");
        has_not(answer, "\n\nHTTP/");
    }
    assert_int_equal(handler_calls, 0);

    static char request[20000];
    size_t size = (size_t)sprintf(request, "GET /");
    memset(request + size, 'a', 600);
    strcpy(request + size + 600, " HTTP/1.1\r\n" HOST "\r\n");
    status(request, 414);
    size = (size_t)sprintf(request, "GET / HTTP/1.1\r\n" HOST "X: ");
    memset(request + size, 'a', 2100);
    strcpy(request + size + 2100, "\r\n\r\n");
    status(request, 431);
    size = (size_t)sprintf(request, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 16; i++)
        size += (size_t)sprintf(request + size, "X: y\r\n");
    strcpy(request + size, "\r\n");
    status(request, 431);
}

static void test_streams(void **state)
{
    (void)state;
    ends(ask(GET("/chunked")), "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n");
    ends(ask(GET("/sized")), "Content-Length: 11\r\n\r\nhello world");
    ends(ask("GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection: close\r\n\r\nhello world");
    assert_true(fake.closed);
    ends(ask("HEAD /chunked HTTP/1.1\r\n" HOST "\r\n"), "Transfer-Encoding: chunked\r\n\r\n");
    ask(GET("/short") GET("/"));
    assert_true(fake.aborted);
    ask(GET("/long") GET("/"));
    assert_true(fake.aborted);
    ask(GET("/cut") GET("/"));
    assert_true(fake.aborted);
    has_not(answer, "0\r\n\r\n");
    ask(GET("/big") GET("/"));
    has(answer, "Content-Length: 300000\r\n");
    ends(answer, "root\n");
    assert_int_equal(fake.sent_size, strlen(answer));
}

static void test_time(void **state)
{
    (void)state;
    fake.stays = true;
    const struct view half[] = {VIEW("GET / HT")};
    starts(run(half, 1), "HTTP/1.1 408 ");
    assert_true(fake.now >= 10000000000 && fake.now < 13000000000);
    const struct view idle[] = {VIEW(GET("/"))};
    ends(run(idle, 1), "root\n");
    assert_true(fake.now >= 60000000000 && fake.now < 61000000000);
    assert_true(fake.closed);
    const struct view body[] = {VIEW(POST("/body", "Content-Length: 5\r\n", "he"))};
    starts(run(body, 1), "HTTP/1.1 408 ");
    assert_true(fake.now >= 30000000000 && fake.now < 33000000000);
    const struct view nothing[] = {VIEW("")};
    assert_string_equal(run(nothing, 1), "");
    fake.stays = false;

    fake.write_most = 1000;
    const struct view large[] = {VIEW(GET("/big"))};
    run(large, 1);
    assert_true(fake.aborted);
    assert_true(fake.now >= 30000000000);
    fake.write_most = 0;
}

static int leave(void **state)
{
    (void)state;
    fake_free();
    return 0;
}

/* The stack says again and again that it has no descriptor: that is logged once, and accepted when it has one. */
static void test_lack_of_descriptors(void **state)
{
    (void)state;
    const struct view one[] = {VIEW(GET("/"))};
    ends(run(one, 1), "root\n");
    assert_int_equal(fake.warnings, 0);
    fake.lacks = 20;
    ends(run(one, 1), "root\n");
    assert_int_equal(fake.lacks, 0);
    assert_int_equal(fake.warnings, 1);
}

/* The only connection, for which there is no memory, is reset: nobody can make place for it.  It is said. */
static void test_lack_of_memory(void **state)
{
    (void)state;
    const struct view one[] = {VIEW(GET("/"))};
    fake.spawn_error = -ENOMEM;
    run(one, 1);
    assert_true(fake.aborted && !fake.closed && fake.sent_size == 0);
    assert_int_equal(fake.warnings, 1);
    fake.spawn_error = 0;
    ends(run(one, 1), "root\n");
}

/* Without a task to accept in, nothing is served; a caller who was cancelled before that hears of no error. */
static void test_no_task(void **state)
{
    (void)state;
    fake.service_error = -ENOMEM;
    assert_int_equal(http1_serve(80, handler, NULL), -ENOMEM);
    assert_false(fake.listens);
    fake.service_error = -ECANCELED;
    assert_int_equal(http1_serve(80, handler, NULL), 0);
    assert_false(fake.listens);
    fake.service_error = 0;
}

int main(void)
{
    memset(big, 'b', sizeof big);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),     cmocka_unit_test(test_targets),    cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_ranges),    cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_bodies),    cmocka_unit_test(test_expect),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_streams),   cmocka_unit_test(test_time),
        cmocka_unit_test(test_lack_of_descriptors), cmocka_unit_test(test_lack_of_memory), cmocka_unit_test(test_no_task),
    };
    return cmocka_run_group_tests(tests, NULL, leave);
}
