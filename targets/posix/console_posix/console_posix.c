/*
 * console_posix.c - standard input and output as the console.
 *
 * The descriptors are shared with the process that started this one, so they
 * are not made non-blocking: poll(2) says whether a read would block, and
 * only then the task waits.  Input is registered with events at the first read.
 */
#include "console_posix.h"

#include "events.h"
#include "keys.h"
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <ukc/line_input.h>
#include <unistd.h>

enum { OUTPUT = KEY_OUTPUT == KEY_OUTPUT_STDERR ? STDERR_FILENO : STDOUT_FILENO };

static struct events_source *source; /* NULL also when input never blocks */
static bool opened;
static struct line_input input;

int console_posix_start(void)
{
    signal(SIGPIPE, SIG_IGN); /* console_write returns -EPIPE instead */
    opened = false;
    input = (struct line_input){0};
    return 0;
}

void console_posix_stop(void)
{
    if (source)
        events_close(source);
    source = NULL;
}

int console_posix_write(const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(OUTPUT, at, size);
        if (written >= 0) {
            at += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) { /* somebody else made it non-blocking */
            struct pollfd room = {.fd = OUTPUT, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (errno != EINTR)
            return -errno;
    }
    return 0;
}

/* A duplicate is watched: a flow over standard input may watch its own. */
static int open_input(void)
{
    int descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0)
        return -errno;
    int error = events_watch(&source, descriptor);
    if (error)
        close(descriptor);
    opened = !error || error == -EPERM; /* EPERM: a file, which never blocks */
    return opened ? 0 : error;
}

/* Waits until input can be read without blocking. */
static int wait_for_input(int64_t deadline)
{
    int failed = opened ? 0 : open_input();
    if (failed)
        return failed;
    for (;;) {
        struct pollfd readable = {.fd = STDIN_FILENO, .events = POLLIN};
        if (!source || poll(&readable, 1, 0) > 0)
            return 0;
        if (deadline <= 0)
            return -ETIMEDOUT;
        events_arm(source, EVENTS_READ, task_self());
        int error = task_park(deadline);
        events_arm(source, EVENTS_READ, NULL);
        if (error)
            return error;
    }
}

static ptrdiff_t receive(void *buffer, size_t size, int64_t deadline)
{
    for (;;) {
        int error = wait_for_input(deadline);
        if (error)
            return error;
        ssize_t got = read(STDIN_FILENO, buffer, size);
        if (got >= 0)
            return got;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
}

ptrdiff_t console_posix_read(void *buffer, size_t size, int64_t deadline)
{
    return line_input_read(&input, receive, buffer, size, deadline);
}

ptrdiff_t console_posix_read_line(char *line, size_t size, int64_t deadline)
{
    return line_input_line(&input, receive, line, size, deadline);
}
