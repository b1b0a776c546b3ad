/*
 * stopping.c - a task is cancelled while it waits, an object is ended under it, a second one wants the same.
 *
 * A scene is what a call needs so that it has to wait.
 */
#include "conformance.h"

struct scene {
    struct pair pair;
    struct full full;
    struct stack_udp *udp;
    struct call call;
};

static const char *scene_open(struct scene *s, int what, int family)
{
    struct endpoint at = loopback(family);
    s->call.what = what;
    s->call.deadline = DEADLINE_NEVER;
    if (what == CALL_CONNECT)
        PASS(full_open(&s->full, family));
    else if (what == CALL_RECEIVE)
        EXPECT(stack_udp_open(&s->udp, &at) == 0);
    else
        PASS(pair_open(&s->pair, family));
    s->call.to = s->full.at;
    s->call.object = what == CALL_RECEIVE ? (void *)s->udp : what == CALL_ACCEPT ? (void *)s->pair.listener : (void *)s->pair.client;
    PASS(call_begin(&s->call));
    EXPECT(task_sleep(in_milliseconds(50)) == 0);
    EXPECT(s->call.result == WAITING);
    return NULL;
}

static void scene_close(struct scene *s)
{
    if (s->udp)
        stack_udp_close(s->udp);
    else if (s->full.listener)
        full_close(&s->full);
    else
        pair_close(&s->pair);
}

/* ---- cancelled ---- */

/* The object is as good as before. */
static const char *still_good(struct scene *s)
{
    struct pair *p = &s->pair;
    struct stack_flow *flow;
    struct endpoint at;
    char byte;
    switch (s->call.what) {
    case CALL_READ:
        EXPECT(say(p->server, "still", SOON) == 5 && hears(p->client, "still"));
        break;
    case CALL_WRITE: /* exactly what was taken arrives */
        EXPECT(stack_shutdown(p->client) == 0);
        for (ptrdiff_t at_byte = 0; at_byte < s->call.result;) {
            static char buffer[100000];
            ptrdiff_t got = stack_read(p->server, buffer, sizeof buffer, SOON);
            EXPECT(got > 0);
            at_byte += got;
            EXPECT(at_byte <= s->call.result);
        }
        EXPECT(stack_read(p->server, &byte, 1, SOON) == 0);
        break;
    case CALL_ACCEPT:
        EXPECT(stack_connect(&flow, &p->at, SOON) == 0);
        stack_close(flow);
        EXPECT(stack_accept(p->listener, &flow, SOON) == 0);
        stack_close(flow);
        break;
    case CALL_RECEIVE:
        EXPECT(stack_udp_local(s->udp, &at) == 0 && stack_udp_send(s->udp, &at, VIEW("x"), SOON) == 0);
        EXPECT(stack_udp_receive(s->udp, &byte, 1, NULL, SOON) == 1);
        break;
    case CALL_CONNECT:
    case CALLS:
        break;
    }
    return NULL;
}

static const char *cancelled(int what, int family)
{
    struct scene s = {};
    PASS(scene_open(&s, what, family));
    task_cancel(s.call.task);
    int64_t before = clock_now();
    PASS(call_end(&s.call));
    EXPECT(milliseconds_since(before) < 1000);
    EXPECT(what == CALL_WRITE ? s.call.result > 0 : s.call.result == -ECANCELED);
    PASS(still_good(&s));
    scene_close(&s);
    return NULL;
}

static const char *cancelled_read(int family) { return cancelled(CALL_READ, family); }
static const char *cancelled_write(int family) { return cancelled(CALL_WRITE, family); }
static const char *cancelled_accept(int family) { return cancelled(CALL_ACCEPT, family); }
static const char *cancelled_connect(int family) { return cancelled(CALL_CONNECT, family); }
static const char *cancelled_receive(int family) { return cancelled(CALL_RECEIVE, family); }

/* ---- after the cancellation ---- */

struct late {
    struct pair pair;
    struct stack_udp *udp;
    struct full full;
    const char *wrong;
};

static const char *late_calls(struct late *l)
{
    struct stack_flow *flow;
    char buffer[16];
    task_cancel(task_self());
    EXPECT(stack_read(l->pair.client, buffer, sizeof buffer, SOON) == 5);
    EXPECT(stack_read(l->pair.client, buffer, sizeof buffer, SOON) == -ECANCELED);
    EXPECT(say(l->pair.client, "too", SOON) == 3);
    EXPECT(stack_accept(l->pair.listener, &flow, SOON) == 0);
    stack_close(flow);
    EXPECT(stack_accept(l->pair.listener, &flow, SOON) == -ECANCELED);
    EXPECT(stack_udp_receive(l->udp, buffer, sizeof buffer, NULL, SOON) == 4);
    EXPECT(stack_udp_receive(l->udp, buffer, sizeof buffer, NULL, SOON) == -ECANCELED);
    EXPECT(stack_connect(&flow, &l->full.at, SOON) == -ECANCELED);
    return NULL;
}

static void late_run(void *argument)
{
    struct late *l = argument;
    l->wrong = late_calls(l);
}

/* A cancelled task gets what is there, and waits for nothing. */
static const char *the_cancelled_take_what_is_there(int family)
{
    struct late l = {};
    struct endpoint at = loopback(family);
    struct stack_flow *second;
    struct task *task;
    PASS(pair_open(&l.pair, family));
    PASS(full_open(&l.full, family));
    EXPECT(say(l.pair.server, "there", SOON) == 5);
    EXPECT(stack_connect(&second, &l.pair.at, SOON) == 0);
    EXPECT(stack_udp_open(&l.udp, &at) == 0 && stack_udp_local(l.udp, &at) == 0);
    EXPECT(stack_udp_send(l.udp, &at, VIEW("here"), SOON) == 0);
    EXPECT(task_sleep(in_milliseconds(20)) == 0);
    EXPECT(task_spawn(&task, 0, late_run, &l) == 0);
    EXPECT(task_join(task, SOON) == 0);
    PASS(l.wrong);
    EXPECT(hears(l.pair.server, "too"));
    stack_udp_close(l.udp);
    stack_close(second);
    full_close(&l.full);
    pair_close(&l.pair);
    return NULL;
}

/* ---- ended ---- */

static const char *ended(int what, int family)
{
    struct scene s = {};
    PASS(scene_open(&s, what, family));
    switch (what) {
    case CALL_READ:
        stack_close(s.pair.client);
        break;
    case CALL_WRITE:
        stack_abort(s.pair.client);
        break;
    case CALL_ACCEPT:
        stack_unlisten(s.pair.listener);
        break;
    default:
        stack_udp_close(s.udp);
    }
    PASS(call_end(&s.call));
    EXPECT(s.call.result == -ECONNABORTED);
    if (what == CALL_ACCEPT) {
        stack_close(s.pair.client);
        stack_close(s.pair.server);
    } else if (what != CALL_RECEIVE) {
        s.pair.client = NULL;
        pair_close(&s.pair);
    }
    return NULL;
}

static const char *ended_under_a_read(int family) { return ended(CALL_READ, family); }
static const char *ended_under_a_write(int family) { return ended(CALL_WRITE, family); }
static const char *ended_under_an_accept(int family) { return ended(CALL_ACCEPT, family); }
static const char *ended_under_a_receive(int family) { return ended(CALL_RECEIVE, family); }

static const char *ended_under_both(int family)
{
    struct scene s = {};
    PASS(scene_open(&s, CALL_WRITE, family));
    struct call read = {.what = CALL_READ, .object = s.pair.client, .deadline = DEADLINE_NEVER};
    PASS(call_begin(&read));
    EXPECT(read.result == WAITING); /* one may read while another writes */
    stack_close(s.pair.client);
    PASS(call_end(&s.call));
    PASS(call_end(&read));
    EXPECT(s.call.result == -ECONNABORTED && read.result == -ECONNABORTED);
    s.pair.client = NULL;
    pair_close(&s.pair);
    return NULL;
}

/* ---- a second one ---- */

static const char *busy(int what, int family)
{
    struct scene s = {};
    PASS(scene_open(&s, what, family));
    struct call second = s.call;
    second.deadline = SOON;
    EXPECT(call_make(&second) == -EBUSY);
    second.deadline = DEADLINE_NOW;
    EXPECT(call_make(&second) == -EBUSY);
    EXPECT(s.call.result == WAITING);
    task_cancel(s.call.task);
    PASS(call_end(&s.call));
    EXPECT(s.call.result > 0 || s.call.result == -ECANCELED);
    /* then it is the next one's turn */
    EXPECT(call_make(&second) == -ETIMEDOUT || what == CALL_WRITE);
    scene_close(&s);
    return NULL;
}

static const char *a_second_reader_is_told(int family) { return busy(CALL_READ, family); }
static const char *a_second_writer_is_told(int family) { return busy(CALL_WRITE, family); }
static const char *a_second_acceptor_is_told(int family) { return busy(CALL_ACCEPT, family); }
static const char *a_second_receiver_is_told(int family) { return busy(CALL_RECEIVE, family); }

const struct check stopping_checks[] = {
    CHECK(cancelled_read),
    CHECK(cancelled_write),
    CHECK(cancelled_accept),
    CHECK(cancelled_connect),
    CHECK(cancelled_receive),
    CHECK(the_cancelled_take_what_is_there),
    CHECK(ended_under_a_read),
    CHECK(ended_under_a_write),
    CHECK(ended_under_an_accept),
    CHECK(ended_under_a_receive),
    CHECK(ended_under_both),
    CHECK(a_second_reader_is_told),
    CHECK(a_second_writer_is_told),
    CHECK(a_second_acceptor_is_told),
    CHECK(a_second_receiver_is_told),
    {},
};
