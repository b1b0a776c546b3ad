/* many.c - thousands of connections: one after another, held at the same time, all starting at once; none gets another's bytes. */
#include "conformance.h"

#include <stdio.h>

struct serving {
    struct stack_listener *listener;
    struct endpoint at;
    struct task *task;
    unsigned accepted, failed;
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
    while ((got = stack_read(a->flow, buffer, sizeof buffer, DEADLINE_NEVER)) > 0) {
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

static const char *serve(struct serving *s, int family)
{
    struct endpoint at = loopback(family);
    *s = (struct serving){0};
    EXPECT(stack_listen(&s->listener, &at, 0) == 0);
    EXPECT(stack_listener_local(s->listener, &s->at) == 0);
    EXPECT(task_spawn(&s->task, 0, serving_run, s) == 0);
    return NULL;
}

static const char *served(struct serving *s, unsigned count)
{
    EXPECT(task_sleep(in_milliseconds(10)) == 0); /* the last ends arrive */
    task_cancel(s->task);
    EXPECT(task_join(s->task, SOON) == 0);
    EXPECT(s->accepted == count && s->failed == 0);
    stack_unlisten(s->listener);
    return NULL;
}

static bool ask(struct stack_flow *flow, unsigned number)
{
    char question[16];
    int size = snprintf(question, sizeof question, "%u;", number);
    return say(flow, question, SOON) == size && hears(flow, question);
}

static const char *connections_one_after_another(int family)
{
    struct serving s;
    PASS(serve(&s, family));
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++) {
        struct stack_flow *flow;
        EXPECT(stack_connect(&flow, &s.at, SOON) == 0);
        EXPECT(ask(flow, i));
        stack_close(flow);
    }
    return served(&s, KEY_CONNECTIONS);
}

/* Now it is the server that keeps what is left of each connection (TIME-WAIT), at one port. */
static const char *connections_that_the_server_ends(int family)
{
    struct pair p;
    char byte;
    PASS(pair_open(&p, family));
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++) {
        stack_close(p.server);
        EXPECT(stack_read(p.client, &byte, 1, SOON) == 0);
        stack_close(p.client);
        EXPECT(stack_connect(&p.client, &p.at, SOON) == 0);
        EXPECT(stack_accept(p.listener, &p.server, SOON) == 0);
    }
    EXPECT(say(p.client, "last", SOON) == 4 && hears(p.server, "last"));
    pair_close(&p);
    return NULL;
}

static const char *connections_that_are_reset(int family)
{
    struct serving s;
    PASS(serve(&s, family));
    for (unsigned i = 0; i < KEY_CONNECTIONS; i++) {
        struct stack_flow *flow;
        EXPECT(stack_connect(&flow, &s.at, SOON) == 0);
        EXPECT(ask(flow, i));
        stack_abort(flow);
    }
    EXPECT(task_sleep(in_milliseconds(50)) == 0);
    EXPECT(s.failed == KEY_CONNECTIONS); /* each saw a reset */
    s.failed = 0;
    return served(&s, KEY_CONNECTIONS);
}

static const char *connections_at_the_same_time(int family)
{
    struct serving s;
    PASS(serve(&s, family));
    struct stack_flow **flows = calloc(KEY_TOGETHER, sizeof(struct stack_flow *));
    EXPECT(flows);
    for (unsigned i = 0; i < KEY_TOGETHER; i++)
        EXPECT(stack_connect(&flows[i], &s.at, SOON) == 0);
    for (unsigned i = 0; i < KEY_TOGETHER; i++)
        EXPECT(ask(flows[i], i));
    EXPECT(s.accepted == KEY_TOGETHER);
    for (unsigned i = 0; i < KEY_TOGETHER; i++)
        EXPECT(ask(flows[KEY_TOGETHER - 1 - i], i));
    for (unsigned i = 0; i < KEY_TOGETHER; i++)
        stack_close(flows[i]);
    free(flows);
    return served(&s, KEY_TOGETHER);
}

struct asking {
    const struct endpoint *to;
    unsigned number, *good;
};

static void asking_run(void *argument)
{
    struct asking *a = argument;
    struct stack_flow *flow;
    if (stack_connect(&flow, a->to, in_milliseconds(30000)) != 0)
        return;
    *a->good += ask(flow, a->number);
    stack_close(flow);
}

/* All at once: as many tasks as connections, each connects, asks and closes. */
static const char *connections_that_start_together(int family)
{
    struct serving s;
    unsigned good = 0;
    PASS(serve(&s, family));
    struct asking *asking = calloc(KEY_TOGETHER, sizeof(struct asking));
    struct task **tasks = calloc(KEY_TOGETHER, sizeof(struct task *));
    EXPECT(asking && tasks);
    for (unsigned i = 0; i < KEY_TOGETHER; i++) {
        asking[i] = (struct asking){.to = &s.at, .number = i, .good = &good};
        EXPECT(task_spawn(&tasks[i], 32768, asking_run, &asking[i]) == 0);
    }
    for (unsigned i = 0; i < KEY_TOGETHER; i++)
        EXPECT(task_join(tasks[i], in_milliseconds(40000)) == 0);
    EXPECT(good == KEY_TOGETHER);
    free(tasks);
    free(asking);
    return served(&s, KEY_TOGETHER);
}

const struct check many_checks[] = {
    CHECK(connections_one_after_another),
    CHECK(connections_that_the_server_ends),
    CHECK(connections_that_are_reset),
    CHECK(connections_at_the_same_time),
    CHECK(connections_that_start_together),
    {},
};
