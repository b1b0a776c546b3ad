/*
 * stack.c - what every implementation of the signature stack must do.
 *
 * A unikernel over stack, task and clock that is both ends of every
 * connection, over the loopback addresses.  It prints a line per check and family and "N passed, N failed" at the
 * end, and returns 1 if any failed.
 *
 * A check is a function that returns NULL, or what was wrong; EXPECT leaves it with the expression that did not hold.
 */
#include "clock.h"
#include "keys.h"
#include "stack.h"
#include "task.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

int conformance_main(void);

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define EXPECT(condition) \
    do { \
        if (!(condition)) \
            return "line " TEXT(__LINE__) ": " #condition; \
    } while (0)

static int64_t in_milliseconds(int64_t n)
{
    return deadline_after(clock_now(), n * NANOSECONDS_PER_MILLISECOND);
}
#define SOON in_milliseconds(10000) /* for what must happen */

static struct endpoint loopback(int family)
{
    static const uint8_t v6[16] = {[15] = 1};
    return (struct endpoint){.address = family == IP_V4 ? ip_v4(127, 0, 0, 1) : ip_v6(v6)};
}

/* ---- a connection with both ends ---- */

struct pair {
    struct stack_listener *listener;
    struct endpoint at;
    struct stack_flow *client, *server;
};

struct connecting {
    struct endpoint to;
    struct stack_flow *flow;
    int64_t deadline;
    int result;
};

static void connecting_run(void *argument)
{
    struct connecting *c = argument;
    c->result = stack_connect(&c->flow, &c->to, c->deadline);
}

static const char *pair_open(struct pair *pair, int family)
{
    struct endpoint at = loopback(family);
    EXPECT(stack_listen(&pair->listener, &at, 0) == 0);
    EXPECT(stack_listener_local(pair->listener, &pair->at) == 0);
    EXPECT(pair->at.port != 0 && ip_equal(&pair->at.address, &at.address));
    struct connecting c = {.to = pair->at, .deadline = SOON, .result = 1};
    struct task *task;
    EXPECT(task_spawn(&task, 0, connecting_run, &c) == 0);
    EXPECT(stack_accept(pair->listener, &pair->server, SOON) == 0);
    EXPECT(task_join(task, SOON) == 0);
    EXPECT(c.result == 0);
    pair->client = c.flow;
    return NULL;
}

static void pair_close(struct pair *pair)
{
    stack_close(pair->client);
    stack_close(pair->server);
    stack_unlisten(pair->listener);
}

#define OPEN(pair) \
    do { \
        const char *wrong = pair_open(&(pair), family); \
        if (wrong) \
            return wrong; \
    } while (0)

static ptrdiff_t say(struct stack_flow *flow, const char *text, int64_t deadline)
{
    struct view view = view_of(text);
    return stack_write(flow, &view, 1, deadline);
}

/* Reads until `size` bytes have come, or the end or an error: how many came. */
static size_t hear(struct stack_flow *flow, char *buffer, size_t size)
{
    size_t at = 0;
    while (at < size) {
        ptrdiff_t got = stack_read(flow, buffer + at, size - at, SOON);
        if (got <= 0)
            break;
        at += (size_t)got;
    }
    return at;
}

/* ---- opening ---- */

static const char *connects_and_echoes(int family)
{
    struct pair p;
    char buffer[64];
    struct endpoint a, b;
    OPEN(p);
    EXPECT(say(p.client, "hello", SOON) == 5);
    EXPECT(hear(p.server, buffer, 5) == 5 && memcmp(buffer, "hello", 5) == 0);
    struct view views[] = {VIEW("one "), VIEW(""), VIEW("two "), {NULL, 0}, VIEW("three")};
    EXPECT(stack_write(p.server, views, 5, SOON) == 13);
    EXPECT(hear(p.client, buffer, 13) == 13 && memcmp(buffer, "one two three", 13) == 0);
    EXPECT(stack_write(p.server, views, 0, SOON) == 0);
    EXPECT(stack_read(p.server, buffer, 0, SOON) == 0);
    EXPECT(stack_local(p.client, &a) == 0 && stack_peer(p.server, &b) == 0 && endpoint_equal(&a, &b));
    EXPECT(stack_peer(p.client, &a) == 0 && stack_local(p.server, &b) == 0 && endpoint_equal(&a, &b));
    EXPECT(endpoint_equal(&a, &p.at));
    pair_close(&p);
    return NULL;
}

static const char *any_address_takes_both_families(int family)
{
    struct endpoint any = {0}, to = loopback(family), at, peer;
    struct stack_listener *listener;
    struct stack_flow *server;
    struct task *task;
    EXPECT(stack_listen(&listener, &any, 16) == 0);
    EXPECT(stack_listener_local(listener, &at) == 0);
    to.port = at.port;
    struct connecting c = {.to = to, .deadline = SOON, .result = 1};
    EXPECT(task_spawn(&task, 0, connecting_run, &c) == 0);
    EXPECT(stack_accept(listener, &server, SOON) == 0);
    EXPECT(task_join(task, SOON) == 0 && c.result == 0);
    EXPECT(stack_peer(server, &peer) == 0 && peer.address.family == family);
    stack_close(c.flow);
    stack_close(server);
    stack_unlisten(listener);
    return NULL;
}

static const char *a_port_is_taken_once(int family)
{
    struct endpoint at = loopback(family);
    struct stack_listener *first, *second;
    EXPECT(stack_listen(&first, &at, 0) == 0);
    EXPECT(stack_listener_local(first, &at) == 0);
    EXPECT(stack_listen(&second, &at, 0) == -EADDRINUSE);
    stack_unlisten(first);
    EXPECT(stack_listen(&second, &at, 0) == 0);
    stack_unlisten(second);
    return NULL;
}

static const char *nobody_listening_refuses(int family)
{
    struct endpoint at = loopback(family);
    struct stack_listener *listener;
    struct stack_flow *flow;
    EXPECT(stack_listen(&listener, &at, 0) == 0);
    EXPECT(stack_listener_local(listener, &at) == 0);
    stack_unlisten(listener);
    EXPECT(stack_connect(&flow, &at, SOON) == -ECONNREFUSED);
    return NULL;
}

/* ---- ending ---- */

static const char *half_close(int family)
{
    struct pair p;
    char buffer[16];
    OPEN(p);
    EXPECT(say(p.client, "last", SOON) == 4);
    EXPECT(stack_shutdown(p.client) == 0);
    EXPECT(say(p.client, "more", SOON) == -EPIPE);
    EXPECT(hear(p.server, buffer, 4) == 4);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, SOON) == 0);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, SOON) == 0);
    /* the other direction is open */
    EXPECT(say(p.server, "answer", SOON) == 6);
    EXPECT(hear(p.client, buffer, 6) == 6 && memcmp(buffer, "answer", 6) == 0);
    EXPECT(stack_shutdown(p.server) == 0);
    EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == 0);
    pair_close(&p);
    return NULL;
}

struct reading {
    struct stack_flow *flow;
    int64_t deadline;
    ptrdiff_t result;
    char buffer[16];
};

static void reading_run(void *argument)
{
    struct reading *r = argument;
    r->result = stack_read(r->flow, r->buffer, sizeof r->buffer, r->deadline);
}

static const char *the_end_wakes_a_reader(int family)
{
    struct pair p;
    struct task *task;
    OPEN(p);
    struct reading r = {.flow = p.server, .deadline = SOON, .result = 1};
    EXPECT(task_spawn(&task, 0, reading_run, &r) == 0);
    EXPECT(task_sleep(in_milliseconds(5)) == 0);
    EXPECT(stack_shutdown(p.client) == 0);
    EXPECT(task_join(task, SOON) == 0 && r.result == 0);
    pair_close(&p);
    return NULL;
}

static const char *data_then_end_at_once(int family)
{
    struct pair p;
    struct task *task;
    char buffer[64];
    OPEN(p);
    struct reading r = {.flow = p.server, .deadline = SOON, .result = 1};
    EXPECT(task_spawn(&task, 0, reading_run, &r) == 0);
    EXPECT(task_sleep(in_milliseconds(5)) == 0);
    /* both arrive before the reader runs: the end must not be missed after a short read */
    EXPECT(say(p.client, "x", SOON) == 1);
    EXPECT(stack_shutdown(p.client) == 0);
    EXPECT(task_join(task, SOON) == 0 && r.result == 1);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, in_milliseconds(1000)) == 0);
    pair_close(&p);
    return NULL;
}

static const char *abort_resets_the_peer(int family)
{
    struct pair p;
    char buffer[16];
    OPEN(p);
    EXPECT(say(p.client, "lost?", SOON) == 5);
    stack_abort(p.server);
    EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == -ECONNRESET);
    EXPECT(say(p.client, "x", SOON) == -EPIPE);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

static const char *a_reset_wakes_a_reader(int family)
{
    struct pair p;
    struct task *task;
    OPEN(p);
    struct reading r = {.flow = p.client, .deadline = SOON, .result = 1};
    EXPECT(task_spawn(&task, 0, reading_run, &r) == 0);
    EXPECT(task_sleep(in_milliseconds(5)) == 0);
    stack_abort(p.server);
    EXPECT(task_join(task, SOON) == 0 && r.result == -ECONNRESET);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

static const char *close_still_sends(int family)
{
    struct pair p;
    char buffer[16];
    OPEN(p);
    EXPECT(say(p.server, "goodbye", SOON) == 7);
    stack_close(p.server);
    EXPECT(hear(p.client, buffer, sizeof buffer) == 7);
    EXPECT(stack_read(p.client, buffer, sizeof buffer, SOON) == 0);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

static const char *ending_under_a_waiting_task(int family)
{
    struct pair p;
    struct task *task;
    OPEN(p);
    struct reading r = {.flow = p.server, .deadline = DEADLINE_NEVER, .result = 1};
    EXPECT(task_spawn(&task, 0, reading_run, &r) == 0);
    EXPECT(task_sleep(in_milliseconds(5)) == 0);
    EXPECT(stack_read(p.server, r.buffer, 1, SOON) == -EBUSY);
    stack_close(p.server);
    EXPECT(task_join(task, SOON) == 0 && r.result == -ECONNABORTED);
    stack_close(p.client);
    stack_unlisten(p.listener);
    return NULL;
}

/* ---- waiting ---- */

static const char *deadlines_pass(int family)
{
    struct pair p;
    char buffer[16];
    struct stack_flow *flow;
    OPEN(p);
    int64_t before = clock_now();
    EXPECT(stack_read(p.server, buffer, sizeof buffer, in_milliseconds(20)) == -ETIMEDOUT);
    int64_t took = clock_now() - before;
    EXPECT(took >= 20 * NANOSECONDS_PER_MILLISECOND && took < 2000 * NANOSECONDS_PER_MILLISECOND);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, DEADLINE_NOW) == -ETIMEDOUT);
    EXPECT(stack_accept(p.listener, &flow, in_milliseconds(10)) == -ETIMEDOUT);
    EXPECT(stack_accept(p.listener, &flow, DEADLINE_NOW) == -ETIMEDOUT);
    /* what is there is read although the deadline has passed */
    EXPECT(say(p.client, "there", DEADLINE_NOW) == 5);
    EXPECT(task_sleep(in_milliseconds(10)) == 0);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, DEADLINE_NOW) == 5);
    pair_close(&p);
    return NULL;
}

struct accepting {
    struct stack_listener *listener;
    int result;
};

static void accepting_run(void *argument)
{
    struct accepting *a = argument;
    struct stack_flow *flow;
    a->result = stack_accept(a->listener, &flow, DEADLINE_NEVER);
}

static const char *cancellation_ends_waiting(int family)
{
    struct pair p;
    struct task *reader, *acceptor;
    OPEN(p);
    struct reading r = {.flow = p.server, .deadline = DEADLINE_NEVER, .result = 1};
    struct accepting a = {.listener = p.listener, .result = 1};
    EXPECT(task_spawn(&reader, 0, reading_run, &r) == 0);
    EXPECT(task_spawn(&acceptor, 0, accepting_run, &a) == 0);
    EXPECT(task_sleep(in_milliseconds(5)) == 0);
    task_cancel(reader);
    task_cancel(acceptor);
    EXPECT(task_join(reader, SOON) == 0 && r.result == -ECANCELED);
    EXPECT(task_join(acceptor, SOON) == 0 && a.result == -ECANCELED);
    /* the flow is as good as before */
    EXPECT(say(p.client, "still", SOON) == 5);
    EXPECT(hear(p.server, r.buffer, 5) == 5);
    pair_close(&p);
    return NULL;
}

/* ---- much data ---- */

static char pattern(uint64_t at)
{
    return (char)(at * 131 + (at >> 8) * 7 + (at >> 16));
}

static void fill(char *buffer, size_t size, uint64_t at)
{
    for (size_t i = 0; i < size; i++)
        buffer[i] = pattern(at + i);
}

static const char *back_pressure(int family)
{
    enum { PIECE = 65536 };
    static char data[PIECE], back[PIECE];
    struct pair p;
    uint64_t written = 0, read = 0;
    OPEN(p);
    /* nobody reads: writing must stop, with a bounded amount taken */
    for (;;) {
        fill(data, sizeof data, written);
        struct view view = {data, sizeof data};
        ptrdiff_t put = stack_write(p.client, &view, 1, in_milliseconds(50));
        if (put == -ETIMEDOUT)
            break;
        EXPECT(put > 0);
        written += (uint64_t)put;
        EXPECT(written < 256 * 1024 * 1024);
    }
    EXPECT(written > 0);
    /* and goes on when somebody does */
    while (read < written) {
        ptrdiff_t got = stack_read(p.server, back, sizeof back, SOON);
        EXPECT(got > 0);
        for (ptrdiff_t i = 0; i < got; i++)
            EXPECT(back[i] == pattern(read + (uint64_t)i));
        read += (uint64_t)got;
    }
    EXPECT(read == written);
    EXPECT(say(p.client, "more", SOON) == 4);
    EXPECT(hear(p.server, back, 4) == 4);
    pair_close(&p);
    return NULL;
}

struct sending {
    struct stack_flow *flow;
    uint64_t size;
    size_t piece;
    bool failed;
};

static void sending_run(void *argument)
{
    struct sending *s = argument;
    char *data = malloc(s->piece);
    uint64_t at = 0;
    while (data && at < s->size && !s->failed) {
        size_t size = s->size - at < s->piece ? (size_t)(s->size - at) : s->piece;
        fill(data, size, at);
        /* as three views, one of them perhaps empty */
        struct view views[] = {{data, size / 3}, {data + size / 3, size / 3}, {data + size / 3 * 2, size - size / 3 * 2}};
        s->failed = stack_write(s->flow, views, 3, SOON) != (ptrdiff_t)size;
        at += size;
    }
    s->failed |= !data || stack_shutdown(s->flow) != 0;
    free(data);
}

static const char *transfer(int family, uint64_t size, size_t piece, size_t buffer_size)
{
    struct pair p;
    struct task *up, *down;
    OPEN(p);
    char *buffer = malloc(buffer_size);
    struct sending s = {.flow = p.client, .size = size, .piece = piece};
    struct sending back = {.flow = p.server, .size = size / 10, .piece = piece};
    EXPECT(buffer && task_spawn(&up, 0, sending_run, &s) == 0 && task_spawn(&down, 0, sending_run, &back) == 0);
    uint64_t at = 0;
    for (ptrdiff_t got; (got = stack_read(p.server, buffer, buffer_size, SOON)) != 0;) {
        EXPECT(got > 0);
        for (ptrdiff_t i = 0; i < got; i++)
            EXPECT(buffer[i] == pattern(at + (uint64_t)i));
        at += (uint64_t)got;
    }
    EXPECT(at == size);
    at = 0;
    for (ptrdiff_t got; (got = stack_read(p.client, buffer, buffer_size, SOON)) != 0; at += (uint64_t)got)
        EXPECT(got > 0 && buffer[0] == pattern(at));
    EXPECT(at == size / 10);
    EXPECT(task_join(up, SOON) == 0 && !s.failed);
    EXPECT(task_join(down, SOON) == 0 && !back.failed);
    free(buffer);
    pair_close(&p);
    return NULL;
}

static const char *a_large_transfer(int family)
{
    return transfer(family, (uint64_t)KEY_MEGABYTES * 1000000, 50000, 70001);
}

static const char *one_byte_writes(int family)
{
    return transfer(family, 10000, 1, 333);
}

/* ---- many connections ---- */

struct serving {
    struct stack_listener *listener;
    int accepted, failed;
};

struct answering {
    struct serving *serving;
    struct stack_flow *flow;
};

static void answering_run(void *argument)
{
    struct answering *a = argument;
    char buffer[64];
    ptrdiff_t got;
    while ((got = stack_read(a->flow, buffer, sizeof buffer, SOON)) > 0) {
        struct view view = {buffer, (size_t)got};
        if (stack_write(a->flow, &view, 1, SOON) != got)
            break;
    }
    a->serving->failed += got != 0;
    stack_close(a->flow);
    free(a);
}

static void serving_run(void *argument)
{
    struct serving *s = argument;
    for (;;) {
        struct answering *a = malloc(sizeof *a);
        if (!a || stack_accept(s->listener, &a->flow, DEADLINE_NEVER) != 0) {
            free(a);
            break;
        }
        a->serving = s;
        s->accepted++;
        if (task_spawn(NULL, 0, answering_run, a) != 0) {
            s->failed++;
            stack_close(a->flow);
            free(a);
        }
    }
    task_end_children(SOON);
}

static bool ask(struct stack_flow *flow, unsigned number)
{
    char question[16], answer[16];
    int size = snprintf(question, sizeof question, "%u;", number);
    return say(flow, question, SOON) == size && hear(flow, answer, (size_t)size) == (size_t)size &&
           memcmp(question, answer, (size_t)size) == 0;
}

static const char *serve(struct serving *s, struct task **task, int family, struct endpoint *at)
{
    *at = loopback(family);
    EXPECT(stack_listen(&s->listener, at, 0) == 0);
    EXPECT(stack_listener_local(s->listener, at) == 0);
    EXPECT(task_spawn(task, 0, serving_run, s) == 0);
    return NULL;
}

static const char *connections_one_after_another(int family)
{
    struct serving s = {0};
    struct task *task;
    struct endpoint at;
    const char *wrong = serve(&s, &task, family, &at);
    if (wrong)
        return wrong;
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++) {
        struct stack_flow *flow;
        EXPECT(stack_connect(&flow, &at, SOON) == 0);
        EXPECT(ask(flow, i));
        stack_close(flow);
    }
    task_cancel(task);
    EXPECT(task_join(task, SOON) == 0);
    EXPECT(s.accepted == KEY_CONNECTIONS && s.failed == 0);
    stack_unlisten(s.listener);
    return NULL;
}

static const char *connections_at_the_same_time(int family)
{
    struct serving s = {0};
    struct task *task;
    struct endpoint at;
    const char *wrong = serve(&s, &task, family, &at);
    if (wrong)
        return wrong;
    struct stack_flow **flows = calloc(KEY_CONNECTIONS, sizeof(struct stack_flow *));
    EXPECT(flows);
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++)
        EXPECT(stack_connect(&flows[i], &at, SOON) == 0);
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++)
        EXPECT(ask(flows[i], i));
    EXPECT(s.accepted == KEY_CONNECTIONS);
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++)
        EXPECT(ask(flows[KEY_CONNECTIONS - 1 - i], i));
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++)
        stack_close(flows[i]);
    free(flows);
    task_cancel(task);
    EXPECT(task_join(task, SOON) == 0);
    EXPECT(s.failed == 0);
    stack_unlisten(s.listener);
    return NULL;
}

/* ---- datagrams ---- */

static const char *datagrams(int family)
{
    struct endpoint a_at = loopback(family), b_at = loopback(family), from;
    struct stack_udp *a, *b;
    char buffer[2000];
    static char large[1400];
    EXPECT(stack_udp_open(&a, &a_at) == 0 && stack_udp_local(a, &a_at) == 0 && a_at.port != 0);
    EXPECT(stack_udp_open(&b, &b_at) == 0 && stack_udp_local(b, &b_at) == 0);
    EXPECT(stack_udp_receive(b, buffer, sizeof buffer, &from, in_milliseconds(10)) == -ETIMEDOUT);
    EXPECT(stack_udp_send(a, &b_at, VIEW("ping"), SOON) == 0);
    EXPECT(stack_udp_send(a, &b_at, VIEW(""), SOON) == 0);
    EXPECT(stack_udp_receive(b, buffer, sizeof buffer, &from, SOON) == 4 && memcmp(buffer, "ping", 4) == 0);
    EXPECT(endpoint_equal(&from, &a_at));
    EXPECT(stack_udp_receive(b, buffer, sizeof buffer, NULL, SOON) == 0);
    fill(large, sizeof large, 0);
    EXPECT(stack_udp_send(b, &from, (struct view){large, sizeof large}, SOON) == 0);
    EXPECT(stack_udp_receive(a, buffer, 100, &from, SOON) == sizeof large && memcmp(buffer, large, 100) == 0);
    EXPECT(endpoint_equal(&from, &b_at));
    EXPECT(stack_udp_send(a, &b_at, (struct view){large, sizeof large}, SOON) == 0);
    EXPECT(stack_udp_receive(b, buffer, sizeof buffer, NULL, SOON) == sizeof large);
    stack_udp_close(a);
    stack_udp_close(b);
    return NULL;
}

static const char *datagrams_to_any_address(int family)
{
    struct endpoint any = {0}, mine = loopback(family), to = loopback(family), from, at;
    struct stack_udp *server, *client;
    char buffer[16];
    EXPECT(stack_udp_open(&server, &any) == 0 && stack_udp_local(server, &at) == 0);
    EXPECT(stack_udp_open(&client, &mine) == 0 && stack_udp_local(client, &mine) == 0);
    to.port = at.port;
    EXPECT(stack_udp_send(client, &to, VIEW("x"), SOON) == 0);
    EXPECT(stack_udp_receive(server, buffer, sizeof buffer, &from, SOON) == 1);
    EXPECT(endpoint_equal(&from, &mine));
    EXPECT(stack_udp_send(server, &from, VIEW("yz"), SOON) == 0);
    EXPECT(stack_udp_receive(client, buffer, sizeof buffer, &from, SOON) == 2);
    EXPECT(endpoint_equal(&from, &to));
    stack_udp_close(server);
    stack_udp_close(client);
    return NULL;
}

static bool enough;

static void talk_to_itself(void *udp)
{
    struct endpoint self;
    char byte;
    if (stack_udp_local(udp, &self) == 0)
        while (!enough && stack_udp_send(udp, &self, VIEW("x"), SOON) == 0)
            if (stack_udp_receive(udp, &byte, 1, NULL, SOON) != 1)
                break;
}

static const char *a_busy_task_lets_others_run(int family)
{
    struct endpoint at = loopback(family);
    struct stack_udp *udp;
    struct task *task;
    EXPECT(stack_udp_open(&udp, &at) == 0);
    enough = false;
    EXPECT(task_spawn(&task, 0, talk_to_itself, udp) == 0);
    EXPECT(task_sleep(in_milliseconds(10)) == 0);
    EXPECT(task_join(task, DEADLINE_NOW) == -ETIMEDOUT); /* it is still at it */
    EXPECT(task_sleep(in_milliseconds(10)) == 0);
    enough = true;
    EXPECT(task_join(task, SOON) == 0);
    stack_udp_close(udp);
    return NULL;
}

/* ---- all of it ---- */

static const struct check {
    const char *name;
    const char *(*run)(int family);
} checks[] = {
#define CHECK(function) {#function, function}
    CHECK(connects_and_echoes),
    CHECK(any_address_takes_both_families),
    CHECK(a_port_is_taken_once),
    CHECK(nobody_listening_refuses),
    CHECK(half_close),
    CHECK(the_end_wakes_a_reader),
    CHECK(data_then_end_at_once),
    CHECK(abort_resets_the_peer),
    CHECK(a_reset_wakes_a_reader),
    CHECK(close_still_sends),
    CHECK(ending_under_a_waiting_task),
    CHECK(deadlines_pass),
    CHECK(cancellation_ends_waiting),
    CHECK(back_pressure),
    CHECK(a_large_transfer),
    CHECK(one_byte_writes),
    CHECK(connections_one_after_another),
    CHECK(connections_at_the_same_time),
    CHECK(a_busy_task_lets_others_run),
    CHECK(datagrams),
    CHECK(datagrams_to_any_address),
};

int conformance_main(void)
{
    static const int families[] = {IP_V4, IP_V6};
    int passed = 0, failed = 0;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        for (size_t f = 0; f < 2; f++) {
            const char *wrong = checks[i].run(families[f]);
            task_end_children(DEADLINE_NOW); /* of a check that stopped half way */
            printf("%s %s ipv%d%s%s\n", wrong ? "not ok" : "ok", checks[i].name, families[f], wrong ? ": " : "", wrong ? wrong : "");
            fflush(stdout);
            passed += !wrong;
            failed += !!wrong;
        }
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
