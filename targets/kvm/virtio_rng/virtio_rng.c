/*
 * virtio_rng.c - noise from the host (VIRTIO 1.2, 5.4).
 *
 * The device writes into a buffer of our own, so that a caller that waits no longer can go.  What comes after that
 * is kept for the next one.
 */
#include "virtio_rng.h"

#include "pages.h"
#include "task.h"
#include "virtio.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>

enum { MOST = 64 };

static struct virtio_device *device;
static struct virtio_queue *queue;
static char *buffer;
static bool asked, gathering, given_up;

static int set_up(void)
{
    uint64_t features;
    int error = virtio_negotiate(device, 0, &features);
    if (!error)
        error = virtio_queue(device, 0, 1, 1, &queue);
    if (!error && !(buffer = pages_allocate(MOST)))
        error = -ENOMEM;
    if (buffer)
        memset(buffer, 0, MOST); /* what a device did not write is not random */
    return error ? error : virtio_ready(device);
}

int virtio_rng_start(void)
{
    asked = gathering = given_up = false;
    int error = virtio_open(&device, VIRTIO_ENTROPY, 0);
    if (error) {
        device = NULL;
        return error;
    }
    error = set_up();
    if (error)
        virtio_rng_stop();
    return error;
}

void virtio_rng_stop(void)
{
    virtio_close(device);
    device = NULL;
    if (buffer)
        pages_free(buffer, MOST);
    buffer = NULL;
}

/* 0 when the device has the buffer. */
static int ask(void)
{
    int error = given_up ? -EIO : asked ? 0 : virtio_add(queue, &(struct virtio_part){buffer, MOST}, 0, 1, buffer);
    if (!error)
        virtio_kick(queue);
    asked = !error;
    return error;
}

/* Each byte is handed out once. */
static ptrdiff_t take(void *bytes, size_t size, size_t written)
{
    asked = false;
    given_up = written == 0; /* 5.4.6.2: at least one */
    if (given_up)
        return -EIO;
    size = written < size ? written : size;
    memcpy(bytes, buffer, size);
    memset(buffer, 0, MOST);
    return (ptrdiff_t)size;
}

static ptrdiff_t gather(void *bytes, size_t size, int64_t deadline)
{
    for (;;) {
        void *token;
        size_t written;
        int got = ask();
        if (!got)
            got = virtio_collect(queue, &token, &written);
        if (got > 0)
            return take(bytes, size, written);
        if (got < 0)
            return -EIO;
        if (deadline <= DEADLINE_NOW)
            return -ETIMEDOUT;
        if (!virtio_arm(queue, task_self()))
            continue;
        int error = task_park(deadline);
        virtio_arm(queue, NULL);
        if (error)
            return error;
    }
}

ptrdiff_t virtio_rng_gather(void *bytes, size_t size, int64_t deadline)
{
    if (size == 0)
        return -EINVAL;
    if (gathering)
        return -EBUSY;
    gathering = true;
    ptrdiff_t got = gather(bytes, size, deadline);
    gathering = false;
    return got;
}
