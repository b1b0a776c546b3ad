/*
 * counter.c - a number for each path: GET reads it, POST adds one, DELETE forgets it.
 *
 * A number is stored before it is told: what a client has seen survives.
 * While a disk works other requests are served, so requests that change a number take turns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <ukc/deadline.h>
#include "http.h"
#include "keys.h"
#include "store.h"
#include "task.h"

struct turn {
    struct task *task;
    struct turn *next;
};

static struct turn *first;

static void end_turn(struct turn *mine)
{
    struct turn **at = &first;
    while (*at != mine)
        at = &(*at)->next;
    *at = mine->next;
    if (first)
        task_wake(first->task);
}

static int take_turn(struct turn *mine)
{
    struct turn **end = &first;
    while (*end)
        end = &(*end)->next;
    *mine = (struct turn){.task = task_self()};
    *end = mine;
    while (first != mine) {
        int error = task_park(DEADLINE_NEVER);
        if (error < 0) {
            end_turn(mine);
            return error;
        }
    }
    return 0;
}

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

static int add_one(struct view key, unsigned long long *count)
{
    struct turn turn;
    int error = take_turn(&turn);
    if (error < 0)
        return error;
    error = load(key, count);
    if (error == 0)
        error = save(key, ++*count);
    end_turn(&turn);
    return error;
}

static int forget(struct http_exchange *exchange, struct view key)
{
    struct turn turn;
    int error = take_turn(&turn);
    if (error < 0)
        return error;
    error = store_remove(key);
    end_turn(&turn);
    return error < 0 ? error : http_respond(exchange, 204, VIEW(""), VIEW(""));
}

static int answer(struct http_exchange *exchange, void *)
{
    struct view method = http_method(exchange), key = http_page(exchange);
    unsigned long long count;
    int error;
    if (view_equal(method, VIEW("DELETE")))
        return forget(exchange, key);
    if (view_equal(method, VIEW("POST"))) {
        error = add_one(key, &count);
    } else if (view_equal(method, VIEW("GET")) || view_equal(method, VIEW("HEAD"))) {
        error = load(key, &count);
    } else {
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
