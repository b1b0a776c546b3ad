/* waiting.c - deadlines: no call waits longer, and none gives up what is there. */
#include "conformance.h"

static const char *deadlines_pass(int family)
{
    struct pair p;
    char buffer[16];
    struct stack_flow *flow;
    PASS(pair_open(&p, family));
    int64_t before = clock_now();
    EXPECT(stack_read(p.server, buffer, sizeof buffer, in_milliseconds(20)) == -ETIMEDOUT);
    EXPECT(milliseconds_since(before) >= 20 && milliseconds_since(before) < 2000);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, DEADLINE_NOW) == -ETIMEDOUT);
    before = clock_now();
    EXPECT(stack_accept(p.listener, &flow, in_milliseconds(20)) == -ETIMEDOUT);
    EXPECT(milliseconds_since(before) >= 20 && milliseconds_since(before) < 2000);
    EXPECT(stack_accept(p.listener, &flow, DEADLINE_NOW) == -ETIMEDOUT);
    pair_close(&p);
    return NULL;
}

static const char *a_write_passes_its_deadline(int family)
{
    struct pair p;
    PASS(pair_open(&p, family));
    struct call write = {.what = CALL_WRITE, .object = p.client, .deadline = in_milliseconds(100)};
    int64_t before = clock_now();
    EXPECT(call_make(&write) > 0);
    EXPECT(milliseconds_since(before) >= 100 && milliseconds_since(before) < 5000);
    while (say(p.client, "x", in_milliseconds(100)) > 0)
        ;
    before = clock_now();
    EXPECT(say(p.client, "x", in_milliseconds(20)) == -ETIMEDOUT);
    EXPECT(milliseconds_since(before) >= 20 && milliseconds_since(before) < 2000);
    EXPECT(say(p.client, "x", DEADLINE_NOW) == -ETIMEDOUT);
    pair_close(&p);
    return NULL;
}

static const char *what_is_there_is_taken_after_the_deadline(int family)
{
    struct pair p;
    char buffer[16];
    struct stack_flow *second, *accepted;
    PASS(pair_open(&p, family));
    EXPECT(say(p.client, "there", DEADLINE_NOW) == 5);
    EXPECT(stack_connect(&second, &p.at, SOON) == 0);
    EXPECT(task_sleep(in_milliseconds(10)) == 0);
    EXPECT(stack_read(p.server, buffer, sizeof buffer, DEADLINE_NOW) == 5);
    EXPECT(stack_accept(p.listener, &accepted, DEADLINE_NOW) == 0);
    stack_close(second);
    stack_close(accepted);
    pair_close(&p);
    return NULL;
}

static const char *connecting_at_once_or_not_at_all(int family)
{
    struct pair p;
    struct stack_flow *flow;
    PASS(pair_open(&p, family));
    int64_t before = clock_now();
    int error = stack_connect(&flow, &p.at, DEADLINE_NOW);
    EXPECT(error == 0 || error == -ETIMEDOUT);
    EXPECT(milliseconds_since(before) < 1000);
    if (!error)
        stack_close(flow);
    pair_close(&p);
    return NULL;
}

/* The other end may take its time between the pieces. */
static const char *patience_is_rewarded(int family)
{
    struct pair p;
    PASS(pair_open(&p, family));
    struct call read = {.what = CALL_READ, .object = p.server, .deadline = SOON};
    PASS(call_begin(&read));
    EXPECT(task_sleep(in_milliseconds(300)) == 0);
    EXPECT(read.result == WAITING);
    EXPECT(say(p.client, "late", SOON) == 4);
    PASS(call_end(&read));
    EXPECT(read.result == 4 && memcmp(read.buffer, "late", 4) == 0);
    pair_close(&p);
    return NULL;
}

const struct check waiting_checks[] = {
    CHECK(deadlines_pass),
    CHECK(a_write_passes_its_deadline),
    CHECK(what_is_there_is_taken_after_the_deadline),
    CHECK(connecting_at_once_or_not_at_all),
    CHECK(patience_is_rewarded),
    {},
};
