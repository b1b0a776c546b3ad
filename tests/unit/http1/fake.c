/*
 * fake.c - a stack, tasks and a clock in memory; see fake.h.
 */
#include "fake.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <ukc/deadline.h>
#include "../../../libs/http1/http1.h"
#include "clock.h"
#include "log.h"
#include "pages.h"
#include "stack.h"
#include "task.h"

struct fake fake;

struct stack_flow {
    int unused;
};
struct stack_listener {
    int unused;
};
struct task {
    int unused;
};

static struct stack_flow the_flow;
static struct stack_listener the_listener;
static struct task the_task;
static bool accepted, cancelled;
static bool in_service; /* what runs is the server's own task, not its caller */

int stack_listen(struct stack_listener **listener, const struct endpoint *local, unsigned backlog)
{
    (void)local, (void)backlog;
    *listener = &the_listener;
    fake.listens = true;
    return 0;
}

void stack_unlisten(struct stack_listener *listener)
{
    assert(listener == &the_listener && fake.listens);
    fake.listens = false;
}

int stack_accept(struct stack_listener *listener, struct stack_flow **flow, int64_t deadline)
{
    (void)listener, (void)deadline;
    if (fake.lacks > 0) {
        fake.lacks--;
        return -EMFILE;
    }
    if (accepted)
        return -ECANCELED;
    accepted = true;
    *flow = &the_flow;
    return 0;
}

ptrdiff_t stack_read(struct stack_flow *flow, void *buffer, size_t size, int64_t deadline)
{
    assert(flow == &the_flow && !fake.closed && !fake.aborted && size > 0);
    fake.reads++;
    if (fake.next == fake.count) {
        if (!fake.stays)
            return 0;
        fake.now = deadline;
        return deadline == DEADLINE_NEVER ? -ECANCELED : -ETIMEDOUT;
    }
    struct view segment = fake.segments[fake.next];
    if (segment.size == 0) {
        fake.next++;
        fake.now = deadline;
        return -ETIMEDOUT;
    }
    size_t left = segment.size - fake.offset;
    size_t take = left < size ? left : size;
    memcpy(buffer, segment.bytes + fake.offset, take);
    fake.offset += take;
    if (fake.offset == segment.size) {
        fake.next++;
        fake.offset = 0;
    }
    fake.now += 1000000;
    return (ptrdiff_t)take;
}

ptrdiff_t stack_write(struct stack_flow *flow, const struct view *views, size_t count, int64_t deadline)
{
    assert(flow == &the_flow && !fake.shut && !fake.closed && !fake.aborted);
    fake.writes++;
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        size_t take = views[i].size;
        if (fake.write_most && take > fake.write_most - fake.sent_size)
            take = fake.write_most - fake.sent_size;
        if (fake.sent_size + take > fake.sent_room) {
            fake.sent_room = (fake.sent_size + take) * 2;
            fake.sent = realloc(fake.sent, fake.sent_room);
            assert(fake.sent);
        }
        if (take)
            memcpy(fake.sent + fake.sent_size, views[i].bytes, take);
        fake.sent_size += take;
        taken += take;
        if (take < views[i].size) {
            fake.now = deadline;
            return taken ? (ptrdiff_t)taken : -ETIMEDOUT;
        }
    }
    return (ptrdiff_t)taken;
}

int stack_shutdown(struct stack_flow *flow)
{
    assert(flow == &the_flow && !fake.shut);
    fake.shut = true;
    return 0;
}

void stack_close(struct stack_flow *flow)
{
    assert(flow == &the_flow && !fake.closed && !fake.aborted);
    fake.closed = true;
}

void stack_abort(struct stack_flow *flow)
{
    assert(flow == &the_flow && !fake.closed && !fake.aborted);
    fake.aborted = true;
}

int task_spawn(struct task **handle, size_t stack_size, void (*function)(void *argument), void *argument)
{
    (void)stack_size;
    assert(handle == NULL);
    if (fake.spawn_error < 0)
        return fake.spawn_error;
    function(argument);
    return 0;
}

struct task *task_self(void)
{
    return &the_task;
}

void task_cancel(struct task *task)
{
    (void)task;
    cancelled = true;
}

int task_cancelled(void)
{
    return 0;
}

int task_park(int64_t deadline)
{
    (void)deadline;
    return -ECANCELED;
}

void task_wake(struct task *task)
{
    (void)task;
}

/* The caller's children are its own affair. */
void task_end_children(int64_t deadline)
{
    (void)deadline;
    assert(in_service);
}

int task_start_service(struct task **service, size_t stack_size, void (*function)(void *argument), void *argument)
{
    (void)stack_size;
    if (fake.service_error < 0)
        return fake.service_error;
    *service = &the_task;
    in_service = true;
    function(argument);
    in_service = false;
    return 0;
}

void task_end_service(struct task *service, int64_t deadline)
{
    (void)deadline;
    assert(service == &the_task && !fake.listens);
}

int stack_listener_local(const struct stack_listener *listener, struct endpoint *local)
{
    (void)listener;
    *local = (struct endpoint){.port = 80};
    return 0;
}

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    (void)component, (void)format;
    fake.warnings += level == LOG_LEVEL_WARNING;
    fake.errors += level == LOG_LEVEL_ERROR;
}

void *pages_allocate(size_t size)
{
    return malloc(size);
}

void pages_free(void *memory, size_t size)
{
    (void)size;
    free(memory);
}

int64_t clock_now(void)
{
    return fake.now;
}

int64_t clock_wall(void)
{
    return INT64_C(784111777) * 1000000000; /* Sun, 06 Nov 1994 08:49:37 GMT */
}

int64_t clock_resolution(void)
{
    return 1;
}

void fake_serve(const struct view *segments, size_t count,
                int (*handler)(struct http1_exchange *exchange, void *context), void *context)
{
    char *sent = fake.sent;
    size_t room = fake.sent_room;
    struct fake kept = {.write_most = fake.write_most, .stays = fake.stays, .lacks = fake.lacks, .spawn_error = fake.spawn_error};
    fake = kept;
    fake.segments = segments;
    fake.count = count;
    fake.now = 1000;
    fake.sent = sent;
    fake.sent_room = room;
    accepted = cancelled = false;
    int result = http1_serve(80, handler, context);
    assert(result == 0 && (fake.closed || fake.aborted));
    (void)result;
}

void fake_free(void)
{
    free(fake.sent);
    fake = (struct fake){};
}
