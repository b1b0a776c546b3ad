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
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT = KEY_OUTPUT == KEY_OUTPUT_STDERR ? STDERR_FILENO : STDOUT_FILENO };

static struct events_source *input; /* NULL also when input never blocks */
static bool opened, reading;

static char held[1024]; /* read from the host and not yet asked for */
static size_t held_from, held_to;

static char partial[1024]; /* of a line that has not ended at its deadline */
static size_t partial_size;

int console_posix_start(void)
{
    signal(SIGPIPE, SIG_IGN); /* console_write returns -EPIPE instead */
    opened = reading = false;
    held_from = held_to = partial_size = 0;
    return 0;
}

void console_posix_stop(void)
{
    if (input)
        events_close(input);
    input = NULL;
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
    int error = events_watch(&input, descriptor);
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
        if (!input || poll(&readable, 1, 0) > 0)
            return 0;
        if (deadline <= 0)
            return -ETIMEDOUT;
        events_arm(input, EVENTS_READ, task_self());
        int error = task_park(deadline);
        events_arm(input, EVENTS_READ, NULL);
        if (error)
            return error;
    }
}

static ptrdiff_t read_input(void *buffer, size_t size, int64_t deadline)
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

static size_t take_held(char *to, size_t size)
{
    size_t have = held_to - held_from, taken = size < have ? size : have;
    memcpy(to, held + held_from, taken);
    held_from += taken;
    return taken;
}

ptrdiff_t console_posix_read(void *buffer, size_t size, int64_t deadline)
{
    if (reading)
        return -EBUSY;
    if (size == 0)
        return 0;
    if (partial_size > 0) {
        size_t taken = size < partial_size ? size : partial_size;
        memcpy(buffer, partial, taken);
        memmove(partial, partial + taken, partial_size -= taken);
        return (ptrdiff_t)taken;
    }
    if (held_from < held_to)
        return (ptrdiff_t)take_held(buffer, size);
    reading = true;
    ptrdiff_t got = read_input(buffer, size, deadline);
    reading = false;
    return got;
}

/* Moves held bytes to partial; whether a line, or a piece of `most` bytes that is not a whole line, is there. */
static bool extend_line(size_t most)
{
    if (partial_size > most) /* kept from a call with a larger buffer */
        return true;
    while (held_from < held_to) {
        char c = held[held_from];
        if (c != '\n' && partial_size == most)
            return true;
        held_from++;
        if (c == '\n')
            return true;
        partial[partial_size++] = c;
    }
    return false;
}

ptrdiff_t console_posix_read_line(char *line, size_t size, int64_t deadline)
{
    size_t most = size > 0 && size - 1 < sizeof partial ? size - 1 : sizeof partial;
    if (reading)
        return -EBUSY;
    if (size < 2)
        return -EINVAL;
    reading = true;
    ptrdiff_t result = 1; /* 0: the end of input */
    while (!extend_line(most) && (result = read_input(held, sizeof held, deadline)) > 0) {
        held_from = 0;
        held_to = (size_t)result;
    }
    reading = false;
    if (result < 0)
        return result;
    if (result == 0 && partial_size == 0)
        return -ENODATA;
    size_t length = partial_size < most ? partial_size : most;
    memcpy(line, partial, length);
    line[length] = '\0';
    memmove(partial, partial + length, partial_size -= length);
    return (ptrdiff_t)length;
}
