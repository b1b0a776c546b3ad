/*
 * frames.c - receiving and sending, and what to do when the device goes.
 *
 * Sending never copies a frame, but for its headers, and those only when the host is to compute the
 * checksum: the field in them is not the caller's to give, and views are not ours to change.
 */
#include "frames.h"
#include "kernel.h"

#include "clock.h"
#include "events.h"
#include "log.h"
#include "task.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <ukc/checksum.h>
#include <ukc/deadline.h>
#include <ukc/one_receiver.h>
#include <unistd.h>

enum {
    TURN = 64,      /* frames after which others run */
    GATHERED = 64,  /* views that one system call takes */
    HEADERS = 192,  /* bytes of a frame in which its checksum is looked for; IPv4's options fit, and many of IPv6 */
};

/* virtio's header without the number of buffers, which is what the host uses if nobody asks for more. */
typedef struct virtio_net_hdr offload_header;

struct sender {
    struct task *task;
    struct sender *next;
};

static struct frames_device device;
static struct events_source *source;
static int descriptor = -1;
static bool receiving;
static bool down, gone, joined; /* it was said already */
static unsigned turn;
static struct sender *senders; /* who waits for room; the first is armed */

static uint8_t scratch[FRAME_DIVIDED_MOST]; /* the longest of all */

/* ---- life ---- */

static int adopt(int new)
{
    int error = events_watch(&source, new);
    if (error) {
        close(new);
        source = NULL;
        return error;
    }
    descriptor = new;
    return 0;
}

int frames_open(const struct frames_device *of, int new)
{
    device = *of;
    receiving = down = gone = joined = false;
    turn = 0;
    senders = NULL;
    return adopt(new);
}

void frames_close(void)
{
    if (source)
        events_close(source);
    source = NULL;
    descriptor = -1;
}

/* ---- a device that goes away ---- */

static bool is_gone(int error)
{
    return error == EBADFD || error == ENODEV || error == ENXIO;
}

static void say_gone(void)
{
    if (!gone)
        log_write(LOG_LEVEL_ERROR, device.component, "%s %s; waiting until it is there again", device.name, device.lost);
    gone = true;
}

static void say_back(void)
{
    gone = false;
    log_write(LOG_LEVEL_NOTICE, device.component, "%s is there again", device.name);
    for (struct sender *s = senders; s; s = s->next)
        task_wake(s->task);
}

/*
 * Looks for it once a second.  0 when it is worth trying again: it was made anew, or the old one, which may have been down only, is to
 * be read.
 */
static int wait_for_return(int64_t deadline)
{
    int64_t later = deadline_after(clock_now(), NANOSECONDS_PER_SECOND);
    say_gone();
    if (deadline <= DEADLINE_NOW)
        return -ETIMEDOUT;
    int error = task_park(later < deadline ? later : deadline);
    if (error && (error != -ETIMEDOUT || later >= deadline))
        return error;
    int new = device.reopen();
    if (new < 0)
        return 0;
    frames_close();
    if (adopt(new) != 0)
        return -ENOMEM;
    say_back();
    return 0;
}

/* ---- receiving ---- */

/* A host that joins segments for its own stack has to be told not to. */
static void say_joined(void)
{
    if (!joined)
        log_write(LOG_LEVEL_WARNING, device.component, "%s delivers segments that were joined (GSO, GRO), which are lost", device.name);
    joined = true;
}

/* A frame that the host marked was never on a wire, or was verified.  One without a checksum gets it, if the caller is to look at it. */
static bool good(const offload_header *header, uint8_t *frame, size_t size)
{
    struct checksum_place place;
    if (device.offload)
        return header->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID) || checksum_verify(frame, size) != CHECKSUM_BAD;
    if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && checksum_find(frame, size, size, &place) == CHECKSUM_FOUND)
        checksum_fill(frame, &place);
    return true;
}

/* One frame: its size; 0: nothing to hand on; -EAGAIN, -EMSGSIZE, -ENODEV. */
static ptrdiff_t take(void *frame, size_t size)
{
    offload_header header = {0};
    uint8_t spare; /* a frame that reaches it was too long */
    struct iovec parts[] = {{&header, sizeof header}, {frame, size}, {&spare, 1}};
    ssize_t got = device.header ? readv(descriptor, parts, 3) : readv(descriptor, parts + 1, 2);
    if (got < 0)
        return errno == EAGAIN ? -EAGAIN : errno == EINTR ? 0 : -ENODEV;
    if (device.header)
        got = got < (ssize_t)sizeof header ? 0 : got - (ssize_t)sizeof header;
    if (header.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        say_joined();
        return 0;
    }
    if ((size_t)got > size)
        return -EMSGSIZE;
    if (got < FRAME_HEADER)
        return 0;
    return good(&header, frame, (size_t)got) ? got : 0;
}

static int wait_to_read(int64_t deadline)
{
    turn = 0;
    events_arm(source, EVENTS_READ, task_self());
    int error = task_park(deadline);
    events_arm(source, EVENTS_READ, NULL);
    return error;
}

/* Lets others run once in a while; 0, or -ETIMEDOUT to a caller who must not be parked. */
static int take_turns(int64_t deadline)
{
    if (++turn < TURN)
        return 0;
    turn = 0;
    if (deadline <= DEADLINE_NOW)
        return -ETIMEDOUT;
    task_yield(); /* cancelled or not: what is there is received first */
    return 0;
}

static ptrdiff_t receive(void *frame, size_t size, int64_t deadline)
{
    if (deadline > DEADLINE_NOW)
        take_turns(deadline);
    for (;;) {
        ptrdiff_t got = -EAGAIN;
        if (deadline <= DEADLINE_NOW || gone || events_ready(source, EVENTS_READ))
            got = take(frame, size);
        if (gone && got >= 0)
            say_back(); /* it was down, and has a frame */
        if (got > 0 || got == -EMSGSIZE)
            return got;
        int error;
        if (got == 0)
            error = take_turns(deadline);
        else if (got == -ENODEV || (got == -EAGAIN && gone))
            error = wait_for_return(deadline); /* a packet socket says only once that it is gone */
        else if (deadline <= DEADLINE_NOW)
            error = -ETIMEDOUT;
        else {
            events_exhausted(source, EVENTS_READ);
            error = wait_to_read(deadline);
        }
        if (error)
            return error;
    }
}

ptrdiff_t frames_receive(void *frame, size_t size, int64_t deadline)
{
    return one_receiver(&receiving, receive, frame, size, deadline);
}

/* ---- sending ---- */

/* The first `size` bytes of the views. */
static void copy(uint8_t *to, size_t size, const struct view *views)
{
    for (; size > 0; views++) {
        size_t part = views->size < size ? views->size : size;
        if (part > 0)
            memcpy(to, views->bytes, part);
        to += part;
        size -= part;
    }
}

/* The views from byte `done` on; returns how many vectors that took, 0 if they do not suffice. */
static size_t gather(struct iovec *vectors, size_t room, const struct view *views, size_t count, size_t done)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (done >= views[i].size) {
            done -= views[i].size;
            continue;
        }
        if (used == room)
            return 0;
        vectors[used].iov_base = (char *)(uintptr_t)views[i].bytes + done;
        vectors[used++].iov_len = views[i].size - done;
        done = 0;
    }
    return used;
}

/* What the host needs to know to divide a segment of TCP, whose headers are in scratch; false: it is none. */
static bool divide(offload_header *header, const struct checksum_place *place, size_t size)
{
    size_t end = place->start + (scratch[place->start + 12] >> 4) * 4u, most = FRAME_HEADER + device.mtu;
    if (place->protocol != 6 || place->end != size || end < place->start + 20 || end >= most)
        return false;
    header->gso_type = place->version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
    header->hdr_len = (uint16_t)end;
    header->gso_size = (uint16_t)(most - end);
    return true;
}

/*
 * Decides who computes the checksum.  The host: the headers are in scratch, up to the field, which holds the sum of the
 * pseudo-header, and their size is returned.  Nobody has to: 0.  We did: the size of the frame, all of which is in scratch.
 * A frame that is too long and cannot be divided: SIZE_MAX.
 */
static size_t prepare(offload_header *header, const struct view *views, size_t size)
{
    struct checksum_place place;
    size_t have = size < HEADERS ? size : HEADERS;
    copy(scratch, have, views);
    enum checksum_kind kind = checksum_find(scratch, have, size, &place);
    if (size > FRAME_HEADER + device.mtu && (kind != CHECKSUM_FOUND || !divide(header, &place, size)))
        return SIZE_MAX;
    if (kind == CHECKSUM_FOUND && place.end == size) { /* the host sums up to the end of the frame */
        header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        header->csum_start = (uint16_t)place.start;
        header->csum_offset = (uint16_t)place.field;
        memcpy(scratch + place.start + place.field, &place.pseudo, 2);
        return place.start + place.field + 2;
    }
    if (kind != CHECKSUM_FOUND && kind != CHECKSUM_MORE)
        return 0;
    copy(scratch, size, views);
    if (checksum_find(scratch, size, size, &place) == CHECKSUM_FOUND)
        checksum_fill(scratch, &place);
    return size;
}

/* One attempt: 0 or an errno value. */
static int put(const struct view *views, size_t count, size_t size)
{
    offload_header header = {0};
    struct iovec vectors[GATHERED + 2];
    size_t used = 0, done = 0;
    if (device.header)
        vectors[used++] = (struct iovec){&header, sizeof header};
    if (device.offload)
        done = prepare(&header, views, size);
    if (done == SIZE_MAX)
        return EMSGSIZE;
    if (done > 0)
        vectors[used++] = (struct iovec){scratch, done};
    if (done < size) {
        size_t rest = gather(vectors + used, GATHERED, views, count, done);
        if (rest == 0) { /* too many pieces: as one */
            uint8_t field[2];
            memcpy(field, scratch + (done ? done - 2 : 0), 2);
            copy(scratch, size, views);
            if (done > 0)
                memcpy(scratch + done - 2, field, 2);
            used = device.header;
            vectors[used] = (struct iovec){scratch, size};
            rest = 1;
        }
        used += rest;
    }
    return writev(descriptor, vectors, (int)used) < 0 ? errno : 0;
}

/* Waits in the row of those that want to send, of which the first is armed. */
static int wait_to_send(int64_t deadline)
{
    struct sender self = {.task = task_self()}, **at = &senders;
    while (*at)
        at = &(*at)->next;
    *at = &self;
    events_arm(source, EVENTS_WRITE, senders->task);
    int error = task_park(deadline);
    for (at = &senders; *at != &self; at = &(*at)->next)
        ;
    *at = self.next;
    events_arm(source, EVENTS_WRITE, senders ? senders->task : NULL);
    return error;
}

/* Whoever had the edge and does not need it, or found room, lets the next one try. */
static int leave(int result)
{
    if (senders)
        task_wake(senders->task);
    return result;
}

/* The frame is lost, as on a wire that is not plugged in.  Says why once; no room in the host's queues is nothing special. */
static void lose(int error)
{
    if (is_gone(error)) {
        say_gone();
        return;
    }
    if (!down && error != ENOBUFS && error != ENOMEM) {
        log_write(LOG_LEVEL_WARNING, device.component, "%s takes no frames: %s", device.name,
                  error == EIO || error == ENETDOWN ? "it is down" : strerror(error));
        down = true;
    }
}

int frames_send(const struct view *views, size_t count, int64_t deadline)
{
    size_t size = views_size(views, count);
    if (size > (device.offload ? FRAME_DIVIDED_MOST : FRAME_HEADER + device.mtu))
        return -EMSGSIZE;
    if (size < FRAME_HEADER)
        return -EINVAL;
    int error;
    while ((error = put(views, count, size)) != 0) {
        if (error == EINTR)
            continue;
        if (error == EMSGSIZE)
            return leave(-EMSGSIZE);
        if (error != EAGAIN) {
            lose(error);
            return leave(0);
        }
        if (deadline <= DEADLINE_NOW)
            return -ETIMEDOUT;
        error = wait_to_send(deadline);
        if (error)
            return leave(error);
    }
    if (down)
        log_write(LOG_LEVEL_NOTICE, device.component, "%s takes frames again", device.name);
    down = false;
    return leave(0);
}
