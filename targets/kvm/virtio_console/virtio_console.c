/*
 * virtio_console.c - the first port of a virtio console (VIRTIO 1.2, 5.3), which is all there is without the feature of several.
 *
 * Output is copied to a page of our own and waited for by looking again and again, as with a serial line: who writes may be
 * cancelled, and must still be heard. A host that takes nothing for a second is no reader: until it goes on, writing fails at once.
 */
#include "virtio_console.h"

#include "clock.h"
#include "pages.h"
#include "task.h"
#include "virtio.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/line_input.h>
#include <ukc/machine.h>

enum { QUEUE_RECEIVE = 0, QUEUE_SEND = 1 }; /* 5.3.2 */
enum { HALF = 2048 };                       /* a page: what comes, and what goes */

static struct virtio_device *device;
static struct virtio_queue *receiving, *sending;
static char *page;
static size_t from, to; /* of what came and was not taken */
static bool asked;      /* the device has the first half */
static bool given;      /* the device has the second */
static struct line_input input;

static int ask(void)
{
    from = to = 0;
    int error = virtio_add(receiving, &(struct virtio_part){page, HALF}, 0, 1, page);
    asked = !error;
    if (asked)
        virtio_kick(receiving);
    return error;
}

static int set_up(void)
{
    uint64_t features;
    int error = virtio_negotiate(device, 0, &features);
    if (!error)
        error = virtio_queue(device, QUEUE_RECEIVE, 1, 1, &receiving);
    if (!error)
        error = virtio_queue(device, QUEUE_SEND, 1, 1, &sending);
    if (!error && !(page = pages_allocate(2 * HALF)))
        error = -ENOMEM;
    if (!error)
        error = virtio_ready(device);
    return error ? error : ask();
}

int virtio_console_start(void)
{
    input = (struct line_input){.terminals = true};
    asked = given = false;
    int error = virtio_open(&device, VIRTIO_CONSOLE, 0);
    if (error) {
        device = NULL;
        return error;
    }
    error = set_up();
    if (error)
        virtio_console_stop();
    return error;
}

void virtio_console_stop(void)
{
    virtio_close(device);
    device = NULL;
    if (page)
        pages_free(page, 2 * HALF);
    page = NULL;
}

/* ---- output ---- */

/* Until the device has read the second half: 0, -EPIPE after a second, -EIO. */
static int await_sent(int64_t deadline)
{
    while (given) {
        void *token;
        size_t written;
        int got = virtio_collect(sending, &token, &written);
        if (got < 0)
            return -EIO;
        if (got > 0)
            given = false;
        else if (clock_now() >= deadline)
            return -EPIPE;
        else
            __builtin_ia32_pause();
    }
    return 0;
}

int virtio_console_write(const void *bytes, size_t size)
{
    if (!device) { /* why it did not start has to be heard, too */
        machine_print(bytes, size);
        return 0;
    }
    int error = await_sent(DEADLINE_NOW);
    for (const char *at = bytes; !error && size > 0;) {
        size_t part = size < HALF ? size : HALF;
        memcpy(page + HALF, at, part);
        error = virtio_add(sending, &(struct virtio_part){page + HALF, part}, 1, 0, page);
        if (error)
            return -EIO;
        given = true;
        virtio_kick(sending);
        error = await_sent(clock_now() + NANOSECONDS_PER_SECOND);
        at += part;
        size -= part;
    }
    return error;
}

/* ---- input: it never ends ---- */

static int await_input(int64_t deadline)
{
    while (from == to) {
        void *token;
        size_t written;
        int got = asked ? 0 : ask();
        if (!got)
            got = virtio_collect(receiving, &token, &written);
        if (got < 0 || (got > 0 && written == 0))
            return -EIO;
        if (got > 0) {
            asked = false;
            to = written;
        } else if (deadline <= DEADLINE_NOW) {
            return -ETIMEDOUT;
        } else if (virtio_arm(receiving, task_self())) {
            int error = task_park(deadline);
            virtio_arm(receiving, NULL);
            if (error)
                return error;
        }
    }
    return 0;
}

static ptrdiff_t receive(void *buffer, size_t size, int64_t deadline)
{
    int error = device ? await_input(deadline) : -EIO;
    if (error)
        return error;
    size = size < to - from ? size : to - from;
    memcpy(buffer, page + from, size);
    from += size;
    return (ptrdiff_t)size;
}

ptrdiff_t virtio_console_read(void *buffer, size_t size, int64_t deadline)
{
    return line_input_read(&input, receive, buffer, size, deadline);
}

ptrdiff_t virtio_console_read_line(char *line, size_t size, int64_t deadline)
{
    return line_input_line(&input, receive, line, size, deadline);
}
