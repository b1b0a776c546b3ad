/* probe.c - a server with a bit of everything, to be tested from outside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "http.h"
#include "keys.h"
#include "pages.h"

static char block[1000000];

static int echo(struct http_exchange *exchange)
{
    enum { MOST = 100000 };
    char *body = malloc(MOST); /* many requests may wait for theirs at the same time */
    if (body == NULL)
        return -ENOMEM;
    int64_t size = http_read_all(exchange, body, MOST, DEADLINE_NEVER);
    int error = size < 0 ? (int)size
                         : http_respond(exchange, 200, VIEW("application/octet-stream"), (struct view){body, (size_t)size});
    free(body);
    return error;
}

static int inspect(struct http_exchange *exchange)
{
    char text[9000];
    struct view method = http_method(exchange), path = http_path(exchange), query = http_query(exchange),
                x = http_header(exchange, VIEW("X-Probe"));
    int size = snprintf(text, sizeof text, "%.*s|%.*s|%.*s|%.*s", (int)method.size, method.bytes, (int)path.size,
                        path.bytes, (int)query.size, query.bytes, (int)x.size, x.bytes ? x.bytes : "");
    return http_respond(exchange, 200, VIEW("text/plain"), (struct view){text, (size_t)size});
}

static int stream(struct http_exchange *exchange, int64_t size, bool cut)
{
    int error = http_begin(exchange, 200, VIEW("text/plain"), size);
    for (int i = 0; error == 0 && i < 10; i++)
        error = http_write(exchange, (struct view){block, 5000});
    if (error == 0 && cut)
        return -EIO;
    return error ? error : http_end(exchange);
}

static int page(struct http_exchange *exchange)
{
    struct representation forms[REPRESENTATIONS_MOST];
    struct pages_entry *entry;
    int error = pages_open(http_page(exchange), &entry);
    if (error < 0)
        return error;
    int count = pages_describe(entry, forms, REPRESENTATIONS_MOST);
    error = http_respond_with(exchange, 200, forms, (size_t)count);
    pages_close(entry);
    return error;
}

static int answer(struct http_exchange *exchange, void *)
{
    struct view path = http_path(exchange);
    if (view_equal(path, VIEW("/echo")))
        return echo(exchange);
    if (view_equal(path, VIEW("/ignore")))
        return http_respond(exchange, 200, VIEW("text/plain"), VIEW("ignored\n"));
    if (path.size >= 8 && memcmp(path.bytes, "/inspect", 8) == 0)
        return inspect(exchange);
    if (view_equal(path, VIEW("/chunked")))
        return stream(exchange, -1, false);
    if (view_equal(path, VIEW("/sized")))
        return stream(exchange, 50000, false);
    if (view_equal(path, VIEW("/cut")))
        return stream(exchange, -1, true);
    if (view_equal(path, VIEW("/short")))
        return stream(exchange, 60000, false);
    if (view_equal(path, VIEW("/block")))
        return http_respond(exchange, 200, VIEW("text/plain"), (struct view){block, sizeof block});
    if (view_equal(path, VIEW("/created"))) {
        int error = http_set_header(exchange, VIEW("X-Own"), VIEW("yes"));
        return error ? error : http_respond(exchange, 201, VIEW("text/plain"), VIEW("made\n"));
    }
    if (view_equal(path, VIEW("/nothing")))
        return http_respond(exchange, 204, VIEW(""), VIEW(""));
    if (view_equal(path, VIEW("/full")))
        return -ENOSPC;
    if (view_equal(path, VIEW("/forbidden")))
        return -EACCES;
    return page(exchange);
}

int probe_main(void)
{
    memset(block, 'b', sizeof block);
    return http_serve(KEY_PORT, answer, NULL) < 0;
}
