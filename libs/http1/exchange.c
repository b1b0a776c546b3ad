/*
 * exchange.c - one request after another on a connection, and what a handler can ask of one.
 */
#include "exchange.h"

#include <errno.h>
#include <ukc/uncleared.h>
#include "pages.h"
#include "stack.h"
#include "task.h"
#include "text.h"

enum {
    FIRST_BYTES = 2048,      /* what an idle connection reads into, on its stack */
    FREE_MOST = 32,          /* exchanges kept for the next request */
    LINGER_BYTES = 256 << 10,
    LINGER_SECONDS = 2,
};

/* --- the free list --- */

static struct http1_exchange *free_exchanges;
static unsigned free_count;
static struct waiting without; /* connections with the beginning of a request, for which there is no memory */

static void exchange_begin(struct http1_exchange *x, struct connection *connection)
{
    x->connection = connection;
    x->at = x->end = x->used = 0;
    connection->exchange = x;
}

/* Until the time for a head has passed. */
static void exchange_await(struct connection *connection)
{
    int64_t deadline = deadline_after(now_monotonic(), KEY_HEADER_TIME * NANOSECONDS_PER_SECOND);
    waiting_enter(&without, connection);
    give_up_begun(connection->server);
    while (!connection->exchange && task_park(deadline) == 0)
        ;
    waiting_leave(connection);
}

static struct http1_exchange *exchange_take(struct connection *connection)
{
    struct http1_exchange *x = free_exchanges;
    if (x) {
        free_exchanges = x->next_free;
        free_count--;
    } else {
        x = pages_allocate(sizeof *x); /* not cleared: what is not used need not be there */
    }
    if (x)
        exchange_begin(x, connection);
    else
        exchange_await(connection);
    return connection->exchange;
}

static void exchange_give(struct http1_exchange *x)
{
    struct connection *next = without.oldest;
    x->connection->exchange = NULL;
    if (next) {
        waiting_leave(next);
        exchange_begin(x, next);
        task_wake(next->task);
        return;
    }
    if (free_count == FREE_MOST) {
        pages_free(x, sizeof *x);
        return;
    }
    x->next_free = free_exchanges;
    free_exchanges = x;
    free_count++;
}

void exchanges_start(void)
{
    struct http1_exchange *x = free_exchanges ? NULL : pages_allocate(sizeof *x);
    if (x == NULL)
        return;
    x->next_free = NULL;
    free_exchanges = x;
    free_count = 1;
}

bool exchange_spare(void)
{
    struct http1_exchange *x = free_exchanges;
    if (free_count < 2)
        return false;
    free_exchanges = x->next_free;
    free_count--;
    pages_free(x, sizeof *x);
    return true;
}

void exchanges_free(void)
{
    for (struct http1_exchange *x = free_exchanges, *next; x; x = next) {
        next = x->next_free;
        pages_free(x, sizeof *x);
    }
    free_exchanges = NULL;
    free_count = 0;
}

/* --- receiving a head --- */

/* Wait for the first bytes of a request with nothing but the stack; NULL when none will come. */
__attribute__((noinline)) static struct http1_exchange *wait_first(struct connection *connection)
{
    UKC_UNCLEARED char bytes[FIRST_BYTES];
    int64_t deadline = deadline_after(now_monotonic(), KEY_IDLE * NANOSECONDS_PER_SECOND);
    if (stopping(connection))
        return NULL;
    peer_wait(connection, false);
    ptrdiff_t got = stack_read(connection->flow, bytes, sizeof bytes, deadline);
    waiting_leave(connection);
    if (got <= 0)
        return NULL;
    struct http1_exchange *x = exchange_take(connection);
    if (x == NULL)
        return NULL;
    memcpy(x->in, bytes, (size_t)got);
    x->end = (size_t)got;
    return x;
}

/* Drop the requests that were dealt with, so that there is room for a head and for a piece of a body behind it. */
static void compact(struct http1_exchange *x)
{
    if (x->at <= PIECE_BYTES)
        return;
    memmove(x->in, x->in + x->at, x->end - x->at);
    x->end -= x->at;
    x->at = 0;
}

/*
 * HEAD_COMPLETE, the status to refuse the request with, or 0 when there will be none.  Nobody waits for
 * the rest of a head while others have no memory for theirs.
 */
static unsigned receive_head(struct http1_exchange *x)
{
    compact(x);
    head_begin(x);
    unsigned result = head_parse(x);
    if (result != HEAD_INCOMPLETE)
        return result;
    if (flush(x) < 0)
        return 0;
    int64_t deadline = deadline_after(now_monotonic(), KEY_HEADER_TIME * NANOSECONDS_PER_SECOND);
    int error = 0;
    peer_wait(x->connection, true);
    while (result == HEAD_INCOMPLETE && (error = receive(x, without.oldest ? DEADLINE_NOW : deadline)) == 0)
        result = head_parse(x);
    waiting_leave(x->connection);
    return error == -ETIMEDOUT ? 408 : error == -ENOBUFS ? 431 : error < 0 ? 0 : result;
}

/* --- answering --- */

static void finish_answer(struct http1_exchange *x, int result)
{
    int error = 0;
    switch (x->answer) {
    case ANSWER_NONE:
        error = result < 0 ? answer_error(x, result) : answer_status(x, 500);
        break;
    case ANSWER_STREAMING:
        if (result == 0)
            error = http1_end(x);
        else
            x->connection->broken = x->connection->reset = true;
        break;
    case ANSWER_DONE: break;
    }
    if (error < 0)
        x->connection->broken = x->connection->reset = true;
}

static void answer(struct http1_exchange *x)
{
    struct view path = x->target.path;
    if (path.size == 1 && path.bytes[0] == '*') {
        finish_answer(x, answer_send(x, &(struct answer){.status = 204}, (struct view){}));
        return;
    }
    finish_answer(x, handle(x));
}

/*
 * A connection closed with something unread in it is reset, and the client may
 * lose the answer with it.  So end our direction, and read for a while, unless others lack the memory that this keeps.
 */
static void linger(struct http1_exchange *x)
{
    if (without.oldest || x->connection->broken || stack_shutdown(x->connection->flow) < 0)
        return;
    int64_t deadline = deadline_after(now_monotonic(), LINGER_SECONDS * NANOSECONDS_PER_SECOND);
    for (size_t total = 0; total < LINGER_BYTES;) {
        ptrdiff_t got = stack_read(x->connection->flow, x->in, IN_BYTES, deadline);
        if (got <= 0)
            return;
        total += (size_t)got;
    }
}

/* Answer what can be had without waiting for a request to begin; false when the connection is to end. */
static bool answer_requests(struct http1_exchange *x)
{
    for (;;) {
        unsigned result = receive_head(x);
        if (result == 0)
            return false;
        x->connection->requests++;
        if (result == HEAD_COMPLETE) {
            answer(x);
            if (!x->connection->broken)
                body_discard(x);
        } else {
            x->keep_alive = false;
            finish_answer(x, answer_status(x, result));
        }
        if (x->connection->broken)
            return false;
        if (x->keep_alive && x->at < x->end)
            continue;
        if (flush(x) < 0)
            return false;
        if (x->keep_alive)
            return true;
        if (result != HEAD_COMPLETE || x->at < x->end || x->body != BODY_NONE)
            linger(x);
        return false;
    }
}

void connection_talk(struct connection *connection)
{
    for (struct http1_exchange *x; (x = wait_first(connection));) {
        bool more = answer_requests(x);
        exchange_give(x);
        if (!more)
            return;
    }
}

/* --- what a handler can ask --- */

struct view http1_method(const struct http1_exchange *x)
{
    return x->method_name;
}

struct view http1_path(const struct http1_exchange *x)
{
    return x->target.path;
}

struct view http1_page(const struct http1_exchange *x)
{
    return x->target.page;
}

struct view http1_query(const struct http1_exchange *x)
{
    return x->target.query;
}

struct view http1_header(const struct http1_exchange *x, struct view name)
{
    for (size_t i = 0; i < x->field_count; i++)
        if (text_same(x->fields[i].name, name))
            return x->fields[i].value;
    return (struct view){};
}

int http1_field(const struct http1_exchange *x, size_t index, struct view *name, struct view *value)
{
    if (index >= x->field_count)
        return -ENOENT;
    *name = x->fields[index].name;
    *value = x->fields[index].value;
    return 0;
}
