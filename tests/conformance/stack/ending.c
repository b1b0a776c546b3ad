/* ending.c - half-close, close, reset: what each end sees of the other's. */
#include "conformance.h"

static const char *half_close(int family)
{
    struct pair p;
    char buffer[16];
    PASS(pair_open(&p, family));
    EXPECT(say(p.client, "last", SOON) == 4);
    EXPECT(stack_shutdown(p.client) == 0);
    EXPECT(say(p.client, "more", SOON) == -EPIPE);
    EXPECT(hears(p.server, "last"));
    EXPECT(stack_read(p.server, buffer, sizeof buffer, SOON) == 0);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, SOON) == 0);
    /* the other direction is open */
    EXPECT(say(p.server, "answer", SOON) == 6);
    EXPECT(hears(p.client, "answer"));
    EXPECT(stack_shutdown(p.server) == 0);
    EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == 0);
    EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == 0);
    EXPECT(say(p.server, "more", SOON) == -EPIPE);
    pair_close(&p);
    return NULL;
}

/* The side that accepted ends first, and much comes the other way after that. */
static const char *half_close_from_the_server(int family)
{
    enum { MUCH = 300000 };
    static char data[MUCH], back[MUCH];
    struct pair p;
    PASS(pair_open(&p, family));
    EXPECT(stack_shutdown(p.server) == 0);
    EXPECT(stack_read(p.client, back, 1, SOON) == 0);
    fill(data, sizeof data, 0);
    for (size_t at = 0; at < MUCH;) {
        struct view view = {data + at, MUCH - at < 20000 ? MUCH - at : 20000};
        EXPECT(stack_write(p.client, &view, 1, SOON) == (ptrdiff_t)view.size);
        EXPECT(hear(p.server, back + at, view.size) == view.size);
        at += view.size;
    }
    EXPECT(is_pattern(back, MUCH, 0));
    EXPECT(say(p.server, "x", SOON) == -EPIPE);
    EXPECT(stack_shutdown(p.client) == 0);
    EXPECT(stack_read(p.server, back, 1, SOON) == 0);
    pair_close(&p);
    return NULL;
}

static const char *both_end_at_the_same_time(int family)
{
    struct pair p;
    char byte;
    for (int i = 0; i < 20; i++) {
        PASS(pair_open(&p, family));
        EXPECT(say(p.client, "a", SOON) == 1 && say(p.server, "b", SOON) == 1);
        EXPECT(stack_shutdown(p.client) == 0 && stack_shutdown(p.server) == 0);
        EXPECT(hears(p.client, "b") && hears(p.server, "a"));
        EXPECT(stack_read(p.client, &byte, 1, SOON) == 0 && stack_read(p.server, &byte, 1, SOON) == 0);
        pair_close(&p);
    }
    return NULL;
}

static const char *both_close_at_the_same_time(int family)
{
    struct pair p;
    PASS(pair_open(&p, family));
    for (int i = 0; i < 50; i++) {
        stack_close(p.client);
        stack_close(p.server);
        PASS(pair_connect(&p));
    }
    pair_close(&p);
    return NULL;
}

static const char *the_end_wakes_a_reader(int family)
{
    struct pair p;
    PASS(pair_open(&p, family));
    struct call read = {.what = CALL_READ, .object = p.server, .deadline = SOON};
    PASS(call_begin(&read));
    EXPECT(read.result == WAITING);
    EXPECT(stack_shutdown(p.client) == 0);
    PASS(call_end(&read));
    EXPECT(read.result == 0);
    pair_close(&p);
    return NULL;
}

static const char *data_then_end_at_once(int family)
{
    struct pair p;
    char buffer[64];
    PASS(pair_open(&p, family));
    struct call read = {.what = CALL_READ, .object = p.server, .deadline = SOON};
    PASS(call_begin(&read));
    /* both arrive before the reader runs: the end must not be missed after a short read */
    EXPECT(say(p.client, "x", SOON) == 1);
    EXPECT(stack_shutdown(p.client) == 0);
    PASS(call_end(&read));
    EXPECT(read.result == 1);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, in_milliseconds(1000)) == 0);
    pair_close(&p);
    return NULL;
}

static const char *close_still_sends(int family)
{
    struct pair p;
    char buffer[16];
    PASS(pair_open(&p, family));
    EXPECT(say(p.server, "goodbye", SOON) == 7);
    stack_close(p.server);
    EXPECT(hear(p.client, buffer, sizeof buffer) == 7);
    EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == 0);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

/* More than the peer's window, all of it after the writer is gone. */
static const char *close_still_sends_much(int family)
{
    static char back[70000];
    struct pair p;
    PASS(pair_open(&p, family));
    struct call write = {.what = CALL_WRITE, .object = p.server, .deadline = in_milliseconds(100)};
    uint64_t taken = (uint64_t)call_make(&write), at = 0;
    EXPECT((int64_t)taken > 0);
    stack_close(p.server);
    for (ptrdiff_t got; (got = stack_read(p.client, back, sizeof back, SOON)) != 0; at += (uint64_t)got) {
        EXPECT(got > 0);
        for (ptrdiff_t i = 0; i < got; i++)
            EXPECT(back[i] == pattern((at + (uint64_t)i) % (1 << 20)));
    }
    EXPECT(at == taken);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

/* ---- reset ---- */

static const char *abort_resets_the_peer(int family)
{
    struct pair p;
    char buffer[16];
    PASS(pair_open(&p, family));
    EXPECT(say(p.client, "lost?", SOON) == 5);
    stack_abort(p.server);
    EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == -ECONNRESET);
    EXPECT(say(p.client, "x", SOON) == -EPIPE);
    EXPECT(stack_shutdown(p.client) == -ENOTCONN);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

/* A reset never looks like an end, whoever noticed it first and however often one asks. */
static const char *a_reset_is_no_end(int family)
{
    struct pair p;
    char buffer[16];
    PASS(pair_open(&p, family));
    stack_abort(p.server);
    ptrdiff_t put = WAITING;
    for (int i = 0; i < 100 && put > 0; i++) { /* it may take a moment to arrive */
        put = say(p.client, "x", SOON);
        EXPECT(task_sleep(in_milliseconds(1)) == 0);
    }
    EXPECT(put == -ECONNRESET || put == -EPIPE);
    EXPECT(say(p.client, "x", SOON) == -EPIPE);
    for (int i = 0; i < 3; i++)
        EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == -ECONNRESET);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

static const char *a_reset_wakes_a_reader(int family)
{
    struct pair p;
    PASS(pair_open(&p, family));
    struct call read = {.what = CALL_READ, .object = p.client, .deadline = SOON};
    PASS(call_begin(&read));
    stack_abort(p.server);
    PASS(call_end(&read));
    EXPECT(read.result == -ECONNRESET);
    EXPECT(stack_read(p.client, read.buffer, sizeof read.buffer, SOON) == -ECONNRESET);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

/* One that waits because the peer does not read: what was taken is told, then the reset. */
static const char *a_reset_wakes_a_writer(int family)
{
    struct pair p;
    PASS(pair_open(&p, family));
    struct call write = {.what = CALL_WRITE, .object = p.client, .deadline = SOON};
    PASS(call_begin(&write));
    EXPECT(task_sleep(in_milliseconds(200)) == 0);
    EXPECT(write.result == WAITING);
    stack_abort(p.server);
    PASS(call_end(&write));
    EXPECT(write.result > 0 && write.result < 256 * 1024 * 1024);
    ptrdiff_t put = say(p.client, "x", SOON);
    EXPECT(put == -ECONNRESET || put == -EPIPE);
    EXPECT(stack_read(p.client, write.buffer, sizeof write.buffer, SOON) == -ECONNRESET);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

/* What was not read is lost with the close, and the peer is told. */
static const char *close_with_unread_data_resets(int family)
{
    struct pair p;
    char buffer[16];
    PASS(pair_open(&p, family));
    EXPECT(say(p.client, "unread", SOON) == 6);
    EXPECT(task_sleep(in_milliseconds(20)) == 0);
    stack_close(p.server);
    ptrdiff_t got = stack_read(p.client, buffer, sizeof buffer, SOON);
    EXPECT(got == -ECONNRESET || got == 0); /* "may see a reset" */
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

static const char *unlisten_resets_the_backlog(int family)
{
    struct endpoint at = loopback(family);
    struct stack_listener *listener;
    struct stack_flow *flow, *kept, *server;
    char byte;
    EXPECT(stack_listen(&listener, &at, 0) == 0 && stack_listener_local(listener, &at) == 0);
    EXPECT(stack_connect(&kept, &at, SOON) == 0);
    EXPECT(stack_accept(listener, &server, SOON) == 0);
    EXPECT(stack_connect(&flow, &at, SOON) == 0);
    EXPECT(say(flow, "anybody?", SOON) == 8);
    stack_unlisten(listener);
    EXPECT(stack_read(flow, &byte, 1, SOON) == -ECONNRESET);
    stack_close(flow);
    /* connections that were accepted live on */
    EXPECT(say(kept, "still", SOON) == 5 && hears(server, "still"));
    stack_close(kept);
    stack_close(server);
    return NULL;
}

const struct check ending_checks[] = {
    CHECK(half_close),
    CHECK(half_close_from_the_server),
    CHECK(both_end_at_the_same_time),
    CHECK(both_close_at_the_same_time),
    CHECK(the_end_wakes_a_reader),
    CHECK(data_then_end_at_once),
    CHECK(close_still_sends),
    CHECK(close_still_sends_much),
    CHECK(abort_resets_the_peer),
    CHECK(a_reset_is_no_end),
    CHECK(a_reset_wakes_a_reader),
    CHECK(a_reset_wakes_a_writer),
    CHECK(close_with_unread_data_resets),
    CHECK(unlisten_resets_the_backlog),
    {},
};
