/*
 * fuzz_http.c - a libFuzzer target: http1's whole connection, over the stack in memory of its unit tests.
 *
 * The input is cut into segments at each byte 0x01, which HTTP allows nowhere,
 * so that the fuzzer decides what arrives together.  The handler does a bit of
 * everything a handler may do, chosen by the path.  What comes back must look like
 * HTTP: each answer begins with a status line, and no answer is longer than it says.
 *
 * Built by tests/suites/http.py; corpus in corpus/http.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libs/http1/http1.h"
#include "../unit/http1/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENTS_MOST = 200, LARGE = 40000 };

static char large[LARGE];

static const struct representation forms[] = {
    {.type = {"text/plain", 10}, .etag = {"\"plain\"", 7}, .bytes = large, .size = LARGE, .modified = 784111777},
    {.type = {"text/plain", 10}, .etag = {"\"gzip\"", 6}, .encoding = {"gzip", 4}, .bytes = "zzzzz", .size = 5},
    {.type = {"text/plain", 10}, .etag = {"\"zstd\"", 6}, .encoding = {"zstd", 4}, .bytes = NULL, .size = 0},
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* A normalised path: no empty names, no "." and "..", no NUL, CR, LF. */
static void check_path(struct view path)
{
    if (view_equal(path, VIEW("*")))
        return;
    require(path.size > 0 && path.bytes[0] == '/');
    char copy[8192];
    require(path.size + 2 < sizeof copy);
    memcpy(copy, path.bytes, path.size);
    copy[path.size] = '/';
    copy[path.size + 1] = '\0';
    require(strlen(copy) == path.size + 1 && !strpbrk(copy, "\r\n"));
    require(!strstr(copy, "/../") && !strstr(copy, "/./"));
    const char *empty = strstr(copy, "//");
    require(!empty || empty[2] == '\0');
}

static int read_body(struct http1_exchange *x, size_t *total)
{
    struct view piece;
    for (;;) {
        int error = http1_read(x, &piece, DEADLINE_NEVER);
        if (error < 0 || piece.size == 0)
            return error;
        *total += piece.size;
        require(*total <= 65536);
    }
}

static int handler(struct http1_exchange *x, void *context)
{
    struct view path = http1_path(x), query = http1_query(x), name, value;
    (void)context;
    check_path(path);
    require(query.size == 0 || (!memchr(query.bytes, '\r', query.size) && !memchr(query.bytes, ' ', query.size)));
    for (size_t i = 0; http1_field(x, i, &name, &value) == 0; i++)
        require(name.size > 0 && !(value.size && (memchr(value.bytes, '\n', value.size) || memchr(value.bytes, 0, value.size))));
    size_t total = 0;
    char buffer[100];
    switch (path.size > 1 ? path.bytes[1] : '/') {
    case 'f': return http1_respond_with(x, 200, forms, 3);
    case 'g': return http1_respond_with(x, 404, forms, 1);
    case 'b': {
        int error = read_body(x, &total);
        return error ? error : http1_respond(x, 200, VIEW("text/plain"), (struct view){large, total % LARGE});
    }
    case 'a': {
        int64_t got = http1_read_all(x, buffer, sizeof buffer, DEADLINE_NEVER);
        return got < 0 ? (int)got : http1_respond(x, 201, VIEW(""), (struct view){buffer, (size_t)got});
    }
    case 'c':
        http1_begin(x, 200, VIEW("text/html"), -1);
        for (int i = 0; i < 5; i++)
            http1_write(x, (struct view){large, (size_t)i * 2000});
        return http1_end(x);
    case 's':
        http1_begin(x, 200, VIEW("text/html"), 10);
        http1_write(x, VIEW("12345"));
        http1_write(x, (struct view){large, path.size});
        return 0;
    case 'd': return -EISDIR;
    case 'n': return http1_respond(x, 204, VIEW(""), VIEW(""));
    case 'h':
        http1_set_header(x, VIEW("X-Path"), path);
        http1_set_header(x, path, query);
        return http1_respond(x, 200, path, VIEW("x"));
    default: return -(int)path.size;
    }
}

/* The first answer says how long it is: what follows it is another answer, or nothing. */
static void check_sent(void)
{
    const char *text = fake.sent;
    size_t size = fake.sent_size;
    if (size == 0 || fake.aborted)
        return;
    require(size > 12 && memcmp(text, "HTTP/1.1 ", 9) == 0);
    const char *end = memmem(text, size, "\r\n\r\n", 4);
    require(end != NULL);
    const char *length = memmem(text, (size_t)(end - text) + 2, "\r\nContent-Length: ", 18);
    if (length == NULL)
        return;
    size_t body = strtoul(length + 18, NULL, 10), left = size - (size_t)(end + 4 - text);
    require(left == 0 || left >= body || memcmp(end + 4, "HTTP/1.1 ", left < 9 ? left : 9) == 0);
    if (left > body)
        require(memcmp(end + 4 + body, "HTTP/1.1 ", left - body < 9 ? left - body : 9) == 0 ||
                memcmp(end + 4, "HTTP/1.1 ", left < 9 ? left : 9) == 0); /* it was for HEAD */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct view segments[SEGMENTS_MOST];
    const char *text = (const char *)data;
    size_t count = 0;
    if (large[0] == '\0')
        memset(large, 'b', sizeof large);
    while (size > 0 && count < SEGMENTS_MOST) {
        const char *cut = memchr(text, 1, size);
        size_t length = cut ? (size_t)(cut - text) : size;
        segments[count++] = (struct view){text, length};
        size_t skip = cut ? length + 1 : length;
        text += skip;
        size -= skip;
    }
    fake.write_most = count == 7 ? 500 : 0; /* sometimes the client stops reading */
    fake.stays = count % 2 == 1;
    fake_serve(segments, count, handler, NULL);
    if (fake.write_most == 0)
        check_sent();
    return 0;
}
