/* runtime_limits.c - the host's stack when descriptors run out, and strangers in its epoll. */
#include "instances.h"

#include "stack.h"
#include "stack_host.h"

#include <sys/resource.h>
#include <sys/wait.h>

static int start(void **state)
{
    return instances_start(state);
}

static int stop(void **state)
{
    stack_host_stop();
    return instances_stop(state);
}

static struct endpoint loopback(void)
{
    return (struct endpoint){.address = ip_v4(127, 0, 0, 1)};
}

struct acceptor {
    struct stack_listener *listener;
    struct stack_flow *flow;
    int result;
    int64_t deadline;
    int lacks;
};

/* Calls again and again, as one who cannot make room. */
static void accept_one(void *argument)
{
    struct acceptor *a = argument;
    do {
        a->result = stack_accept(a->listener, &a->flow, a->deadline);
        a->lacks += a->result == -EMFILE;
    } while (a->result == -EMFILE);
}

/* Opens descriptors until none is left; returns how many. */
static int use_up(int *descriptors, int most)
{
    int n = 0;
    while (n < most && (descriptors[n] = dup(0)) >= 0)
        n++;
    return n;
}

/* Several clients: valgrind emulates the limit, and drops a connection with each attempt to accept. */
enum { CLIENTS = 40 };

static void accept_says_that_descriptors_lack(void **state)
{
    (void)state;
    struct endpoint at = loopback();
    struct rlimit before, few;
    static int descriptors[256];
    struct stack_flow *clients[CLIENTS];
    struct task *task;
    struct acceptor a = {.deadline = DEADLINE_NEVER, .result = 1};

    assert_int_equal(stack_listen(&a.listener, &at, 0), 0);
    assert_int_equal(stack_listener_local(a.listener, &at), 0);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(stack_connect(&clients[i], &at, in_milliseconds(1000)), 0);
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){128, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    int used = use_up(descriptors, 256);
    struct stack_flow *none;
    int no_more = stack_connect(&none, &at, in_milliseconds(100));
    int64_t start = clock_now();
    int at_once = stack_accept(a.listener, &none, DEADLINE_NEVER);
    int64_t first = clock_now() - start;
    int too_late = stack_accept(a.listener, &none, in_milliseconds(2));
    int again = stack_accept(a.listener, &none, DEADLINE_NEVER);
    int64_t second = clock_now() - start;

    assert_int_equal(task_spawn(&task, 0, accept_one, &a), 0);
    int waiting = task_join(task, in_milliseconds(50));
    close(descriptors[--used]);
    int done = task_join(task, in_milliseconds(1000));
    while (used > 0)
        close(descriptors[--used]);
    setrlimit(RLIMIT_NOFILE, &before);

    assert_int_equal(no_more, -EMFILE);
    assert_int_equal(at_once, -EMFILE);
    assert_true(first < 5 * NANOSECONDS_PER_MILLISECOND);
    assert_int_equal(too_late, -ETIMEDOUT);
    assert_int_equal(again, -EMFILE);
    assert_true(second >= 10 * NANOSECONDS_PER_MILLISECOND);
    assert_int_equal(waiting, -ETIMEDOUT);
    assert_true(a.lacks > 0 && a.lacks < 20); /* it does not spin */
    assert_int_equal(done, 0);
    assert_int_equal(a.result, 0);
    stack_close(a.flow);
    for (int i = 0; i < CLIENTS; i++)
        stack_close(clients[i]);
    stack_unlisten(a.listener);
}

/* Without a descriptor, and without anybody to need one: that is waiting, not a lack. */
static void accept_waits_while_nobody_is_there(void **state)
{
    (void)state;
    struct endpoint at = loopback();
    struct rlimit before, few;
    static int descriptors[256];
    struct stack_flow *none;
    struct stack_listener *listener;

    assert_int_equal(stack_listen(&listener, &at, 0), 0);
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){64, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    int used = use_up(descriptors, 256);
    int result = stack_accept(listener, &none, in_milliseconds(30));
    while (used > 0)
        close(descriptors[--used]);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(result, -ETIMEDOUT);
    stack_unlisten(listener);
}

static void unlisten_ends_an_accept_that_waits_for_descriptors(void **state)
{
    (void)state;
    struct endpoint at = loopback();
    struct rlimit before, few;
    static int descriptors[256];
    struct stack_flow *client;
    struct task *task;
    struct acceptor a = {.deadline = DEADLINE_NEVER, .result = 1};

    assert_int_equal(stack_listen(&a.listener, &at, 0), 0);
    assert_int_equal(stack_listener_local(a.listener, &at), 0);
    assert_int_equal(stack_connect(&client, &at, in_milliseconds(1000)), 0);
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){64, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    int used = use_up(descriptors, 256);
    assert_int_equal(task_spawn(&task, 0, accept_one, &a), 0);
    task_sleep(in_milliseconds(25));
    stack_unlisten(a.listener);
    int done = task_join(task, in_milliseconds(1000));
    while (used > 0)
        close(descriptors[--used]);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(done, 0);
    assert_int_equal(a.result, -ECONNABORTED);
    stack_close(client);
}

/* A child process keeps the sockets open after they were closed here: their events must not be taken for another's. */
static void events_of_closed_sockets_are_ignored(void **state)
{
    (void)state;
    struct endpoint at = loopback();
    struct stack_listener *listener;
    struct stack_flow *client, *server;
    char buffer[8];
    int hold[2];
    assert_int_equal(pipe(hold), 0);
    assert_int_equal(stack_listen(&listener, &at, 0), 0);
    assert_int_equal(stack_listener_local(listener, &at), 0);
    assert_int_equal(stack_connect(&client, &at, in_milliseconds(1000)), 0);
    assert_int_equal(stack_accept(listener, &server, in_milliseconds(1000)), 0);
    pid_t child = fork();
    if (child == 0) {
        close(hold[1]);
        _exit(read(hold[0], buffer, 1) == 0 ? 0 : 1);
    }
    stack_close(server); /* its socket lives on in the child */
    struct view view = VIEW("to nobody");
    assert_int_equal(stack_write(client, &view, 1, in_milliseconds(1000)), 9);
    /* takes the place of the closed one */
    struct stack_flow *second, *other;
    assert_int_equal(stack_connect(&second, &at, in_milliseconds(1000)), 0);
    assert_int_equal(stack_accept(listener, &other, in_milliseconds(1000)), 0);
    assert_int_equal(stack_read(other, buffer, sizeof buffer, in_milliseconds(20)), -ETIMEDOUT);
    assert_int_equal(stack_write(second, &view, 1, in_milliseconds(1000)), 9);
    assert_int_equal(stack_read(other, buffer, sizeof buffer, in_milliseconds(1000)), 8);
    close(hold[0]);
    close(hold[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    stack_close(client), stack_close(second), stack_close(other);
    stack_unlisten(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
        TEST(accept_says_that_descriptors_lack),
        TEST(accept_waits_while_nobody_is_there),
        TEST(unlisten_ends_an_accept_that_waits_for_descriptors),
        TEST(events_of_closed_sockets_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
