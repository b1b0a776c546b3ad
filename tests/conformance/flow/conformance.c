/*
 * conformance.c - what every implementation of the signature flow must do.
 *
 * A check is a function that returns NULL, or what was wrong.  All of them use one flow, except the last, which ends it:
 * each leaves it empty.
 */
#include "conformance.h"

#include "clock.h"
#include "flow.h"
#include "keys.h"
#include "task.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define EXPECT(condition) \
    do { \
        if (!(condition)) \
            return wrong_at("line " TEXT(__LINE__) ": " #condition); \
    } while (0)

static const char *wrong_at(const char *text)
{
    task_end_children(DEADLINE_NOW);
    return text;
}

static struct flow *flow;

static int64_t in_milliseconds(int64_t n)
{
    return deadline_after(clock_now(), n * NANOSECONDS_PER_MILLISECOND);
}
#define SOON in_milliseconds(10000)

static int64_t milliseconds_since(int64_t before)
{
    return (clock_now() - before) / NANOSECONDS_PER_MILLISECOND;
}

static char pattern(uint64_t at)
{
    return (char)(at * 131 + (at >> 8) * 7 + (at >> 16));
}

/* Reads so much of the pattern, from this place on. */
static bool hears(uint64_t at, uint64_t size)
{
    static char buffer[30000];
    for (uint64_t end = at + size; at < end;) {
        size_t room = end - at < sizeof buffer ? (size_t)(end - at) : sizeof buffer;
        ptrdiff_t got = flow_read(flow, buffer, room, SOON);
        if (got <= 0)
            return false;
        for (ptrdiff_t i = 0; i < got; i++)
            if (buffer[i] != pattern(at + (uint64_t)i))
                return false;
        at += (uint64_t)got;
    }
    return true;
}

static bool hears_text(const char *text)
{
    char buffer[64];
    size_t at = 0, size = strlen(text);
    while (at < size) {
        ptrdiff_t got = flow_read(flow, buffer + at, size - at, SOON);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return memcmp(buffer, text, size) == 0;
}

/* ---- writing in a task of its own ---- */

struct writing {
    uint64_t size, done;
    size_t piece;
    int64_t deadline;
    ptrdiff_t result; /* of the last write */
    struct task *task;
};

static void writing_run(void *argument)
{
    struct writing *w = argument;
    char *data = malloc(w->piece);
    w->result = data ? 1 : -ENOMEM;
    while (w->done < w->size && w->result > 0) {
        size_t size = w->size - w->done < w->piece ? (size_t)(w->size - w->done) : w->piece;
        for (size_t i = 0; i < size; i++)
            data[i] = pattern(w->done + i);
        struct view views[] = {{data, size / 2}, {data + size / 2, size - size / 2}};
        w->result = flow_write(flow, views, 2, w->deadline);
        w->done += w->result > 0 ? (uint64_t)w->result : 0;
    }
    free(data);
}

struct reading {
    ptrdiff_t result;
    char buffer[16];
    struct task *task;
};

static void reading_run(void *argument)
{
    struct reading *r = argument;
    r->result = flow_read(flow, r->buffer, sizeof r->buffer, DEADLINE_NEVER);
}

/* ---- the checks ---- */

static const char *what_is_written_comes_back(void)
{
    char buffer[16];
    struct view views[] = {VIEW("one "), VIEW(""), {NULL, 0}, VIEW("two")};
    EXPECT(flow_write(flow, views, 4, SOON) == 7);
    EXPECT(hears_text("one two"));
    EXPECT(flow_write(flow, views, 0, SOON) == 0);
    EXPECT(flow_write(flow, views + 1, 2, SOON) == 0);
    EXPECT(flow_read(flow, buffer, 0, SOON) == 0);
    return NULL;
}

static const char *deadlines_pass(void)
{
    char byte;
    EXPECT(flow_read(flow, &byte, 1, DEADLINE_NOW) == -ETIMEDOUT);
    int64_t before = clock_now();
    EXPECT(flow_read(flow, &byte, 1, in_milliseconds(20)) == -ETIMEDOUT);
    EXPECT(milliseconds_since(before) >= 20 && milliseconds_since(before) < 2000);
    EXPECT(flow_write(flow, &VIEW("x"), 1, DEADLINE_NOW) == 1);
    EXPECT(task_sleep(in_milliseconds(300)) == 0);
    EXPECT(flow_read(flow, &byte, 1, DEADLINE_NOW) == 1 && byte == 'x'); /* what is there is taken */
    return NULL;
}

static const char *small_writes_are_not_held_back(void)
{
    enum { ROUNDS = 100, MOST = 2000 };
    int64_t before = clock_now();
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT(flow_write(flow, &VIEW("a"), 1, SOON) == 1 && flow_write(flow, &VIEW("b"), 1, SOON) == 1);
        EXPECT(hears_text("ab"));
    }
    EXPECT(milliseconds_since(before) < MOST);
    return NULL;
}

static const char *transfer(uint64_t size, size_t piece)
{
    struct writing w = {.size = size, .piece = piece, .deadline = in_milliseconds(60000)};
    EXPECT(task_spawn(&w.task, 0, writing_run, &w) == 0);
    EXPECT(hears(0, size));
    EXPECT(task_join(w.task, SOON) == 0);
    EXPECT(w.done == size);
    return NULL;
}

static const char *one_byte_writes(void)
{
    return transfer(5000, 1);
}

static const char *a_large_transfer(void)
{
    return transfer((uint64_t)KEY_MEGABYTES * 1000000, 50000);
}

/* Nobody reads here, so the other end stops, and so must the writer; what it was told was taken comes back, all of it. */
static const char *back_pressure(void)
{
    struct writing w = {.size = UINT64_MAX, .piece = 65536};
    int64_t before;
    uint64_t done;
    do { /* the other end may have been late, and not full: only when nothing was taken for a while has it stopped */
        before = clock_now();
        done = w.done;
        w.deadline = in_milliseconds(200);
        w.size = w.done + w.piece;
        writing_run(&w);
    } while (w.done > done && w.done < 512 * 1024 * 1024);
    EXPECT(w.result == -ETIMEDOUT && w.done > 0);
    EXPECT(milliseconds_since(before) >= 200);
    EXPECT(flow_write(flow, &VIEW("x"), 1, DEADLINE_NOW) == -ETIMEDOUT);
    EXPECT(hears(0, w.done));
    EXPECT(flow_write(flow, &VIEW("more"), 1, SOON) == 4);
    EXPECT(hears_text("more"));
    return NULL;
}

static const char *cancelled_read(void)
{
    struct reading r = {.result = 1};
    EXPECT(task_spawn(&r.task, 0, reading_run, &r) == 0);
    EXPECT(task_sleep(in_milliseconds(20)) == 0);
    task_cancel(r.task);
    EXPECT(task_join(r.task, SOON) == 0 && r.result == -ECANCELED);
    EXPECT(flow_write(flow, &VIEW("still"), 1, SOON) == 5 && hears_text("still"));
    return NULL;
}

static const char *cancelled_write(void)
{
    struct writing w = {.size = UINT64_MAX, .piece = 65536, .deadline = DEADLINE_NEVER};
    EXPECT(task_spawn(&w.task, 0, writing_run, &w) == 0);
    EXPECT(task_sleep(in_milliseconds(300)) == 0);
    task_cancel(w.task);
    EXPECT(task_join(w.task, SOON) == 0);
    EXPECT(w.result == -ECANCELED && w.done > 0);
    EXPECT(hears(0, w.done));
    return NULL;
}

static const char *a_second_reader_and_writer_are_told(void)
{
    struct reading r = {.result = 1};
    char byte;
    EXPECT(task_spawn(&r.task, 0, reading_run, &r) == 0);
    EXPECT(task_sleep(in_milliseconds(20)) == 0);
    EXPECT(flow_read(flow, &byte, 1, SOON) == -EBUSY);
    EXPECT(flow_write(flow, &VIEW("x"), 1, SOON) == 1); /* the other direction is free */
    EXPECT(task_join(r.task, SOON) == 0 && r.result == 1 && r.buffer[0] == 'x');
    struct writing w = {.size = UINT64_MAX, .piece = 65536, .deadline = DEADLINE_NEVER};
    EXPECT(task_spawn(&w.task, 0, writing_run, &w) == 0);
    EXPECT(task_sleep(in_milliseconds(300)) == 0);
    EXPECT(flow_write(flow, &VIEW("x"), 1, SOON) == -EBUSY);
    task_cancel(w.task);
    EXPECT(task_join(w.task, SOON) == 0 && w.done > 0);
    EXPECT(hears(0, w.done));
    return NULL;
}

/* A second flow is one of its own, or there cannot be one. */
static const char *opened_twice(void)
{
    struct flow *first = flow, *second;
    int error = flow_open(&second, SOON);
    EXPECT(error == 0 || error == -EBUSY);
    if (error)
        return NULL;
    EXPECT(flow_write(second, &VIEW("second"), 1, SOON) == 6);
    EXPECT(flow_write(first, &VIEW("first"), 1, SOON) == 5 && hears_text("first"));
    flow = second;
    bool same = hears_text("second");
    flow = first;
    EXPECT(same);
    flow_close(second);
    EXPECT(flow_write(first, &VIEW("first"), 1, SOON) == 5 && hears_text("first"));
    return NULL;
}

/* Half-close: the other end sends back the rest, then its own end. */
static const char *the_end(void)
{
    char byte;
    EXPECT(flow_write(flow, &VIEW("last"), 1, SOON) == 4);
    EXPECT(flow_shutdown(flow) == 0);
    EXPECT(flow_write(flow, &VIEW("more"), 1, SOON) == -EPIPE);
    EXPECT(hears_text("last"));
    EXPECT(flow_read(flow, &byte, 1, SOON) == 0);
    EXPECT(flow_read(flow, &byte, 1, SOON) == 0);
    return NULL;
}

static const struct {
    const char *name;
    const char *(*run)(void);
} checks[] = {
#define CHECK(function) {#function, function}
    CHECK(what_is_written_comes_back),
    CHECK(deadlines_pass),
    CHECK(small_writes_are_not_held_back),
    CHECK(one_byte_writes),
    CHECK(a_large_transfer),
    CHECK(back_pressure),
    CHECK(cancelled_read),
    CHECK(cancelled_write),
    CHECK(a_second_reader_and_writer_are_told),
    CHECK(opened_twice),
    CHECK(the_end),
};

int flow_conformance(void)
{
    int passed = 0, failed = 0, error = flow_open(&flow, SOON);
    if (error) {
        fprintf(stderr, "flow_open: %s\n0 passed, 1 failed\n", strerror(-error));
        return 1;
    }
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && !failed; i++) { /* after a failure the flow is not empty */
        int64_t before = clock_now();
        const char *wrong = checks[i].run();
        fprintf(stderr, "%s %s (%d ms)%s%s\n", wrong ? "not ok" : "ok", checks[i].name, (int)milliseconds_since(before),
                wrong ? ": " : "", wrong ? wrong : "");
        passed += !wrong;
        failed += !!wrong;
    }
    flow_close(flow);
    fprintf(stderr, "%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
