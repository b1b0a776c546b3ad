/* runtime_tasks.c - the scheduler: order, deadlines, wakes, cancellation, lifetimes, stacks. */
#include "instances.h"

#include <fenv.h>
#include <signal.h>
#include <sys/wait.h>

static char trace[256];

static void note(const char *text)
{
    strncat(trace, text, sizeof trace - strlen(trace) - 1);
}

static int start(void **state)
{
    trace[0] = '\0';
    return instances_start(state);
}

static void speak_twice(void *word)
{
    note(word);
    task_yield();
    note(word);
}

static void runs_in_order(void **state)
{
    (void)state;
    struct task *one, *two;
    assert_int_equal(task_spawn(&one, 0, speak_twice, "a"), 0);
    assert_int_equal(task_spawn(&two, 0, speak_twice, "b"), 0);
    assert_string_equal(trace, "");
    assert_int_equal(task_join(two, DEADLINE_NEVER), 0);
    assert_int_equal(task_join(one, DEADLINE_NEVER), 0);
    assert_string_equal(trace, "abab");
}

struct sleeper {
    int64_t delay;
    const char *word;
    int result;
};

static void sleep_and_speak(void *argument)
{
    struct sleeper *s = argument;
    s->result = task_sleep(in_milliseconds(s->delay));
    note(s->word);
}

static void sleeps_until_deadlines(void **state)
{
    (void)state;
    struct sleeper sleepers[] = {{30, "c", 1}, {10, "a", 1}, {20, "b", 1}, {40, "d", 1}};
    int64_t before = clock_now();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(task_spawn(NULL, 0, sleep_and_speak, &sleepers[i]), 0);
    task_end_children(DEADLINE_NEVER);
    assert_string_equal(trace, "abcd");
    assert_true(clock_now() - before >= 40 * NANOSECONDS_PER_MILLISECOND);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sleepers[i].result, 0);
    assert_int_equal(task_sleep(DEADLINE_NOW), 0);
}

static void timers_fire_once_and_in_order(void **state)
{
    (void)state;
    /* many deadlines set, renewed to later and to earlier ones */
    enum { MANY = 300 };
    static struct sleeper sleepers[MANY];
    for (int i = 0; i < MANY; i++) {
        sleepers[i] = (struct sleeper){(i * 7919) % 50, "", 1};
        assert_int_equal(task_spawn(NULL, 0, sleep_and_speak, &sleepers[i]), 0);
    }
    task_end_children(DEADLINE_NEVER);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(sleepers[i].result, 0);

    assert_int_equal(task_park(in_milliseconds(30)), -ETIMEDOUT);
    int64_t before = clock_now();
    task_wake(task_self());
    assert_int_equal(task_park(in_milliseconds(1000)), 0);
    assert_int_equal(task_park(in_milliseconds(5)), -ETIMEDOUT); /* earlier than the timer left behind */
    int64_t took = clock_now() - before;
    assert_true(took >= 5 * NANOSECONDS_PER_MILLISECOND && took < 500 * NANOSECONDS_PER_MILLISECOND);
}

static struct task *sleeping;
static int parked[3];

static void park_three_times(void *unused)
{
    (void)unused;
    sleeping = task_self();
    parked[0] = task_park(DEADLINE_NEVER);
    task_yield();
    parked[1] = task_park(DEADLINE_NEVER);
    parked[2] = task_park(in_milliseconds(5));
}

static void wakes_are_remembered_once(void **state)
{
    (void)state;
    struct task *task;
    assert_int_equal(task_spawn(&task, 0, park_three_times, NULL), 0);
    task_yield();
    task_wake(sleeping); /* wakes it */
    task_wake(sleeping); /* remembered */
    task_wake(sleeping); /* the same */
    parked[0] = parked[1] = parked[2] = 1;
    assert_int_equal(task_join(task, DEADLINE_NEVER), 0);
    assert_int_equal(parked[0], 0);
    assert_int_equal(parked[1], 0);
    assert_int_equal(parked[2], -ETIMEDOUT);
    assert_int_equal(task_park(DEADLINE_NOW), -ETIMEDOUT);
}

static void sleep_long(void *result)
{
    *(int *)result = task_sleep(DEADLINE_NEVER);
}

static void joins_with_deadline(void **state)
{
    (void)state;
    int result = 1;
    struct task *task;
    assert_int_equal(task_spawn(&task, 0, sleep_long, &result), 0);
    assert_int_equal(task_join(task, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(task_join(task, in_milliseconds(5)), -ETIMEDOUT);
    assert_int_equal(task_join(task_self(), DEADLINE_NEVER), -EINVAL);
    task_wake(task); /* does not end a sleep */
    assert_int_equal(task_join(task, in_milliseconds(5)), -ETIMEDOUT);
    task_cancel(task);
    assert_int_equal(task_join(task, DEADLINE_NEVER), 0);
    assert_int_equal(result, -ECANCELED);
}

static int results[8];

static void every_call_says_cancelled(void *unused)
{
    (void)unused;
    struct task *task;
    results[0] = task_park(DEADLINE_NEVER);
    results[1] = task_park(DEADLINE_NEVER);
    results[2] = task_sleep(in_milliseconds(1));
    results[3] = task_yield();
    results[4] = task_cancelled();
    results[5] = task_spawn(&task, 0, sleep_long, NULL);
}

static void cancellation_is_for_good(void **state)
{
    (void)state;
    struct task *task;
    assert_int_equal(task_spawn(&task, 0, every_call_says_cancelled, NULL), 0);
    task_yield();
    task_cancel(task);
    task_cancel(task);
    assert_int_equal(task_join(task, DEADLINE_NEVER), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal(results[i], -ECANCELED);
    assert_int_equal(task_cancelled(), 0);
}

static void spawn_grandchildren(void *results_of)
{
    int *r = results_of;
    for (int i = 0; i < 3; i++)
        task_spawn(NULL, 0, sleep_long, &r[i]);
    task_yield();
    note("p");
}

static void children_do_not_outlive_parents(void **state)
{
    (void)state;
    int ended[3] = {1, 1, 1};
    struct task *task;
    assert_int_equal(task_spawn(&task, 0, spawn_grandchildren, ended), 0);
    assert_int_equal(task_join(task, DEADLINE_NEVER), 0);
    assert_string_equal(trace, "p");
    for (int i = 0; i < 3; i++)
        assert_int_equal(ended[i], -ECANCELED);
}

static void grace_before_the_end(void **state)
{
    (void)state;
    struct sleeper soon = {5, "s", 1}, late = {10000, "l", 1};
    struct task *handle;
    assert_int_equal(task_spawn(NULL, 0, sleep_and_speak, &soon), 0);
    assert_int_equal(task_spawn(&handle, 0, sleep_and_speak, &late), 0);
    task_end_children(in_milliseconds(50));
    assert_int_equal(soon.result, 0);
    assert_int_equal(late.result, -ECANCELED);
    assert_string_equal(trace, "sl");
}

static void wait_for_ever(void *result)
{
    *(int *)result = task_park(DEADLINE_NEVER);
}

/* The program's end, and the ends of other implementations, leave a service alone; its own waits for it, also in a cancelled task. */
static void services_outlive_children(void **state)
{
    (void)state;
    int child = 1, service = 1;
    struct task *handle;
    assert_int_equal(task_start_service(&handle, 0, wait_for_ever, &service), 0);
    assert_int_equal(task_spawn(NULL, 0, wait_for_ever, &child), 0);
    assert_int_equal(task_join(handle, DEADLINE_NEVER), -EINVAL);
    task_end_children(in_milliseconds(5));
    assert_int_equal(child, -ECANCELED);
    assert_int_equal(service, 1);
    task_cancel(task_self());
    task_end_children(DEADLINE_NOW);
    assert_int_equal(service, 1);
    int64_t before = clock_now();
    task_end_service(handle, in_milliseconds(20));
    assert_int_equal(service, -ECANCELED);
    assert_true(clock_now() - before >= 20 * NANOSECONDS_PER_MILLISECOND);
}

/* After SIGTERM stop functions run in a cancelled task, and what they start is not. */
static void cancelled_tasks_start_services(void **state)
{
    (void)state;
    struct sleeper soon = {5, "s", 1};
    struct task *handle;
    task_cancel(task_self());
    assert_int_equal(task_spawn(NULL, 0, sleep_and_speak, &soon), -ECANCELED);
    assert_int_equal(task_start_service(&handle, 0, sleep_and_speak, &soon), 0);
    task_end_service(handle, DEADLINE_NEVER);
    assert_int_equal(soon.result, 0);
    assert_string_equal(trace, "s");
}

static void services_may_end_by_themselves(void **state)
{
    (void)state;
    struct sleeper soon = {5, "s", 1};
    struct task *handle;
    assert_int_equal(task_start_service(&handle, 0, sleep_and_speak, &soon), 0);
    task_end_service(handle, in_milliseconds(5000));
    assert_int_equal(soon.result, 0);
    soon.result = 1;
    assert_int_equal(task_start_service(&handle, 0, sleep_and_speak, &soon), 0);
    assert_int_equal(task_sleep(in_milliseconds(20)), 0);
    assert_int_equal(soon.result, 0);
    task_end_service(handle, DEADLINE_NOW);
    assert_string_equal(trace, "ss");
}

/* Standard error holds the report; the test keeps it out of its own output. */
static void deadlock_is_reported(void **state)
{
    (void)state;
    int others = 1, pipes[2], saved = dup(2);
    char text[128] = "";
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], 2);
    assert_int_equal(task_spawn(NULL, 0, wait_for_ever, &others), 0);
    int result = task_park(DEADLINE_NEVER);
    dup2(saved, 2);
    ssize_t got = read(pipes[0], text, sizeof text - 1);
    close(saved), close(pipes[0]), close(pipes[1]);
    assert_int_equal(result, -EDEADLK);
    assert_true(got > 0);
    assert_non_null(strstr(text, "deadlock"));
    assert_int_equal(others, 1);
    task_end_children(DEADLINE_NOW);
    assert_int_equal(others, -ECANCELED);
}

static void signals_ask_to_stop(void **state)
{
    (void)state;
    raise(SIGTERM);
    assert_int_equal(task_sleep(in_milliseconds(5000)), -ECANCELED);
    assert_int_equal(task_cancelled(), -ECANCELED);
}

static void keep_registers(void *argument)
{
    double *sum = argument;
    fesetround(FE_UPWARD);
    errno = 77;
    double x = 1;
    for (int i = 0; i < 10; i++) {
        x = x * 1.5 + i;
        task_yield();
    }
    *sum = errno == 77 && fegetround() == FE_UPWARD ? x : -1;
}

static void registers_and_errno_belong_to_tasks(void **state)
{
    (void)state;
    double sums[3] = {0};
    double expected = 1;
    for (int i = 0; i < 10; i++)
        expected = expected * 1.5 + i;
    errno = 5;
    for (int i = 0; i < 3; i++)
        assert_int_equal(task_spawn(NULL, 0, keep_registers, &sums[i]), 0);
    task_yield();
    assert_int_equal(errno, 5);
    task_end_children(DEADLINE_NEVER);
    assert_int_equal(fegetround(), FE_TONEAREST);
    for (int i = 0; i < 3; i++)
        assert_true(sums[i] == expected);
}

static void count(void *n)
{
    char room[9000];
    memset(room, 1, sizeof room);
    *(int *)n += room[4500];
}

static void stacks_are_used_again(void **state)
{
    (void)state;
    int ended = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++)
            assert_int_equal(task_spawn(NULL, i % 3 == 0 ? 20000 : 0, count, &ended), 0);
        task_end_children(DEADLINE_NEVER);
    }
    assert_int_equal(ended, 4000);
    assert_int_equal(task_spawn(NULL, SIZE_MAX / 2, count, &ended), -ENOMEM);
}

static void tasks_have_a_limit(void **state)
{
    (void)state;
    static int unused;
    int spawned = 0, error;
    while ((error = task_spawn(NULL, 8192, wait_for_ever, &unused)) == 0)
        spawned++;
    assert_int_equal(error, -EAGAIN);
    assert_int_equal(spawned, 4999);
}

static int dive(int depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    return depth == 0 ? 0 : dive(depth - 1) + room[0];
}

static void overflow(void *unused)
{
    (void)unused;
    dive(1 << 22);
    _exit(0);
}

/* The guard page stops it: the process dies of SIGSEGV, or of what a sanitizer makes of it. */
static void overflow_hits_the_guard(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(2);
        task_spawn(NULL, 0, overflow, NULL);
        task_yield();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, instances_stop)
        TEST(runs_in_order),
        TEST(sleeps_until_deadlines),
        TEST(timers_fire_once_and_in_order),
        TEST(wakes_are_remembered_once),
        TEST(joins_with_deadline),
        TEST(cancellation_is_for_good),
        TEST(children_do_not_outlive_parents),
        TEST(grace_before_the_end),
        TEST(services_outlive_children),
        TEST(cancelled_tasks_start_services),
        TEST(services_may_end_by_themselves),
        TEST(deadlock_is_reported),
        TEST(signals_ask_to_stop),
        TEST(registers_and_errno_belong_to_tasks),
        TEST(stacks_are_used_again),
        TEST(tasks_have_a_limit),
        TEST(overflow_hits_the_guard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
