/*
 * flow_stdio.c - reads standard input, writes standard output.
 *
 * The descriptors are shared with other processes and stay blocking: poll(2)
 * tells whether an attempt would block.  A pipe that poll calls writable takes
 * PIPE_BUF bytes without blocking (pipe(7)), so no more are written at once.
 * Shutting down closes standard output.
 */
#include "flow_stdio.h"

#include "events.h"
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

struct end {
    int descriptor;
    enum events_direction direction;
    struct events_source *source; /* NULL: never blocks */
    bool waiting;
};

struct flow_stdio {
    struct end input, output;
    bool open, ended;
};

static struct flow_stdio stdio;

int flow_stdio_start(void)
{
    signal(SIGPIPE, SIG_IGN); /* a write returns -EPIPE instead */
    return 0;
}

/* A duplicate is watched: the console, or another flow, may watch its own. */
static int watch(struct end *end, int descriptor, enum events_direction direction)
{
    *end = (struct end){.descriptor = descriptor, .direction = direction};
    int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0)
        return -errno;
    int error = events_watch(&end->source, duplicate);
    if (error)
        close(duplicate);
    return error == -EPERM ? 0 : error;
}

static void unwatch(struct end *end)
{
    if (end->source)
        events_close(end->source);
    end->source = NULL;
}

int flow_stdio_open(struct flow_stdio **flow, int64_t deadline)
{
    (void)deadline;
    if (stdio.open)
        return -EBUSY;
    int error = watch(&stdio.input, STDIN_FILENO, EVENTS_READ);
    if (error)
        return error;
    error = stdio.ended ? 0 : watch(&stdio.output, STDOUT_FILENO, EVENTS_WRITE);
    if (error) {
        unwatch(&stdio.input);
        return error;
    }
    stdio.open = true;
    *flow = &stdio;
    return 0;
}

void flow_stdio_close(struct flow_stdio *flow)
{
    unwatch(&flow->input);
    unwatch(&flow->output);
    flow->open = false;
}

/* Waits until an attempt would not block. */
static int wait_for(struct end *end, int64_t deadline)
{
    if (end->waiting)
        return -EBUSY;
    for (;;) {
        struct pollfd ready = {.fd = end->descriptor, .events = end->direction == EVENTS_READ ? POLLIN : POLLOUT};
        if (!end->source || poll(&ready, 1, 0) > 0)
            return 0;
        if (deadline <= 0)
            return -ETIMEDOUT;
        events_arm(end->source, end->direction, task_self());
        end->waiting = true;
        int error = task_park(deadline);
        end->waiting = false;
        events_arm(end->source, end->direction, NULL);
        if (error)
            return error;
    }
}

ptrdiff_t flow_stdio_read(struct flow_stdio *flow, void *buffer, size_t size, int64_t deadline)
{
    for (;;) {
        int error = size ? wait_for(&flow->input, deadline) : 0;
        if (error)
            return error;
        ssize_t got = read(flow->input.descriptor, buffer, size);
        if (got >= 0)
            return got;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
}

ptrdiff_t flow_stdio_write(struct flow_stdio *flow, const struct view *views, size_t count, int64_t deadline)
{
    size_t done = 0;
    int error = flow->ended ? -EPIPE : 0;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < views[i].size && !error;) {
            size_t piece = views[i].size - at < PIPE_BUF ? views[i].size - at : PIPE_BUF;
            error = wait_for(&flow->output, deadline);
            ssize_t put = error ? 0 : write(flow->output.descriptor, views[i].bytes + at, piece);
            if (put < 0 && errno != EINTR && errno != EAGAIN)
                error = -errno;
            if (put > 0) {
                at += (size_t)put;
                done += (size_t)put;
            }
        }
    return done > 0 ? (ptrdiff_t)done : error;
}

int flow_stdio_shutdown(struct flow_stdio *flow)
{
    if (flow->ended)
        return -ENOTCONN;
    unwatch(&flow->output);
    flow->ended = true;
    return close(STDOUT_FILENO) == 0 ? 0 : -errno;
}
