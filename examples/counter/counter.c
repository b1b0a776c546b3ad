/*
 * counter.c - a number for each path: GET reads it, POST adds one, DELETE forgets it.
 *
 * A number is stored before it is told: what a client has seen survives.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "http.h"
#include "keys.h"
#include "store.h"

static int load(struct view key, unsigned long long *count)
{
    char digits[24] = "";
    int64_t size = store_get(key, digits, sizeof digits - 1);
    *count = size > 0 ? strtoull(digits, NULL, 10) : 0;
    return size < 0 && size != -ENOENT ? (int)size : 0;
}

static int save(struct view key, unsigned long long count)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", count);
    return store_set(key, (struct view){digits, size});
}

static int answer(struct http_exchange *exchange, void *)
{
    struct view method = http_method(exchange), key = http_page(exchange);
    unsigned long long count;
    int error = load(key, &count);
    if (error < 0)
        return error;
    if (view_equal(method, VIEW("DELETE"))) {
        error = store_remove(key);
        return error < 0 ? error : http_respond(exchange, 204, VIEW(""), VIEW(""));
    }
    if (view_equal(method, VIEW("POST"))) {
        error = save(key, ++count);
    } else if (!view_equal(method, VIEW("GET")) && !view_equal(method, VIEW("HEAD"))) {
        http_set_header(exchange, VIEW("Allow"), VIEW("GET, HEAD, POST, DELETE"));
        error = -EOPNOTSUPP;
    }
    if (error < 0)
        return error;
    char text[32];
    int size = snprintf(text, sizeof text, "%llu\n", count);
    return http_respond(exchange, 200, VIEW("text/plain"), (struct view){text, size});
}

int counter_main(void)
{
    return http_serve(KEY_PORT, answer, NULL) < 0;
}
