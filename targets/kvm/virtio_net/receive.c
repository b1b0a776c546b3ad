/*
 * receive.c - frames from the card (VIRTIO 1.2, 5.1.6.3, 5.1.6.4).
 *
 * The device has all buffers but those that are being copied out.  They are given back at once, and shown to it some
 * at a time, at the latest before the task waits.  At first it gets what the longest frame takes; with each frame that comes, more,
 * until it has all: an image is ready sooner, and one that is hardly spoken to does not touch all of its memory.
 */
#include "card.h"

#include "clock.h"
#include "keys.h"
#include "log.h"
#include "pages.h"
#include "task.h"
#include "virtio_net.h"

#include <errno.h>
#include <string.h>
#include <ukc/checksum.h>
#include <ukc/deadline.h>
#include <ukc/one_receiver.h>

enum { TURN = 64 /* frames that nobody wants, after which others run */, LINE = 64, FEW = 8 /* buffers, for a card that joins nothing */ };

static struct virtio_queue *queue;
static char *memory;
static size_t memory_size, buffer_size;
static unsigned buffers, given, unshown; /* given: those that the device has had at all */
static bool receiving, told;
static bool news;       /* an interrupt came since the card's status was last looked at */
static int64_t looked;  /* when that was */
static struct task *waiting;
static struct joined joined;

int receive_open(void)
{
    size_t whole = (sizeof(struct card_header) + ETHERNET + card.mtu + LINE - 1) / LINE * LINE;
    buffer_size = card.joins || (card.merges && whole > PIECE) ? PIECE : whole;
    memory_size = (size_t)KEY_RECEIVE_BUFFERS * PIECE;
    receiving = told = news = false;
    looked = -NANOSECONDS_PER_SECOND;
    unshown = 0;
    joined_begin(&joined);
    int error = virtio_queue(card.device, 0, KEY_RECEIVE_BUFFERS, 1, &queue);
    if (error)
        return error;
    memory = pages_allocate(memory_size);
    if (!memory)
        return -ENOMEM;
    size_t fit = memory_size / buffer_size;
    buffers = fit < virtio_queue_size(queue) ? (unsigned)fit : virtio_queue_size(queue);
    if (card.joins && buffers * buffer_size < JOINED_MOST + sizeof(struct card_header)) {
        log_write(LOG_LEVEL_ERROR, "virtio_net", "the network card's queue is too short for segments that it joins: the key 'offload' turns that off");
        return -ENOTSUP;
    }
    return 0;
}

void receive_close(void)
{
    if (memory)
        pages_free(memory, memory_size);
    memory = NULL;
}

static int give(char *buffer)
{
    return virtio_add(queue, &(struct virtio_part){buffer, buffer_size}, 0, 1, buffer);
}

static void show(void)
{
    unshown = 0;
    virtio_kick(queue);
}

void receive_begin(void)
{
    unsigned first = card.joins ? (unsigned)((JOINED_MOST + sizeof(struct card_header)) / buffer_size) + 1 : FEW;
    for (given = 0; given < buffers && given < first; given++)
        give(memory + given * buffer_size);
    show();
}

static int give_back(char *buffer)
{
    int error = give(buffer);
    if (given < buffers && !error)
        error = give(memory + given++ * buffer_size);
    if (++unshown >= given / 4)
        show();
    return error;
}

/* A host that joins segments was not asked to. */
static void say_joined(void)
{
    if (!told)
        log_write(LOG_LEVEL_WARNING, "virtio_net", "the network card delivers segments that were joined, which are lost");
    told = true;
}

/* A frame that is marked was never on a wire, or was verified.  One without a checksum gets it, if the caller is to look at it. */
static bool good(const struct card_header *header, uint8_t *frame, size_t size)
{
    struct checksum_place place;
    if (card.verifies)
        return header->flags & (HEADER_CHECKSUM | HEADER_VALID) || checksum_verify(frame, size) != CHECKSUM_BAD;
    if ((header->flags & HEADER_CHECKSUM) && checksum_find(frame, size, size, &place) == CHECKSUM_FOUND)
        checksum_fill(frame, &place);
    return true;
}

/*
 * Copies what a buffer holds behind `skip` bytes to frame[*total...], as far as it fits, and gives the buffer back.
 * *total counts all of it.
 */
static int empty(char *buffer, size_t skip, size_t written, uint8_t *frame, size_t size, size_t *total)
{
    size_t part = written - skip, room = *total < size ? size - *total : 0;
    size_t fits = part < room ? part : room;
    if (fits > 0)
        memcpy(frame + *total, buffer + skip, fits);
    *total += part;
    return give_back(buffer);
}

/* The next segment of those that were joined; as take(). */
static ptrdiff_t take_segment(uint8_t *frame, size_t size)
{
    size_t got = joined_waits(&joined) ? joined_next(&joined, frame, size, ETHERNET + card.mtu) : 0;
    bool fits = got > 0;
    if (!fits)
        joined_drop(&joined);
    for (char *buffer; (buffer = joined_empty(&joined)) != NULL;)
        if (give_back(buffer) != 0)
            return card_broken();
    return fits ? (ptrdiff_t)got : -EMSGSIZE;
}

/* The host vouches for the checksum (5.1.6.4.1). */
static bool open_joined(const struct card_header *header)
{
    if (header->segment == 0 || !(header->flags & (HEADER_CHECKSUM | HEADER_VALID)) || (header->division != DIVISION_TCP4 && header->division != DIVISION_TCP6))
        return false;
    return joined_open(&joined, header->division == DIVISION_TCP4 ? 4 : 6, ETHERNET + card.mtu);
}

/* A frame in `count` buffers, the first of which is here; as take(). */
static ptrdiff_t take_joined(const struct card_header *header, char *buffer, size_t written, unsigned count, uint8_t *frame, size_t size)
{
    void *next = buffer;
    joined_begin(&joined);
    for (size_t skip = sizeof *header; joined_add(&joined, next, skip, written); skip = 0) {
        if (--count == 0) {
            if (joined_size(&joined) > JOINED_MOST)
                break;
            bool good = open_joined(header);
            ptrdiff_t got = take_segment(frame, size);
            return !good && got == -EMSGSIZE ? 0 : got;
        }
        if (virtio_collect(queue, &next, &written) <= 0)
            break;
    }
    joined_begin(&joined);
    return card_broken();
}

/* One frame: its size; 0: nothing to hand on; -EAGAIN, -EMSGSIZE, -EIO. */
static ptrdiff_t take(uint8_t *frame, size_t size)
{
    if (joined_waits(&joined))
        return take_segment(frame, size);
    struct card_header header;
    void *buffer;
    size_t written, total = 0;
    int got = virtio_collect(queue, &buffer, &written);
    if (got <= 0)
        return got == 0 ? -EAGAIN : card_broken();
    if (written < sizeof header)
        return card_broken();
    memcpy(&header, buffer, sizeof header);
    unsigned count = card.merges ? header.buffers : 1;
    if (count == 0 || count > buffers)
        return card_broken();
    if (card.joins && header.division != DIVISION_NONE)
        return take_joined(&header, buffer, written, count, frame, size);
    int error = empty(buffer, sizeof header, written, frame, size, &total);
    while (!error && --count > 0) { /* they are all there: the device uses them at once (5.1.6.4) */
        if (virtio_collect(queue, &buffer, &written) <= 0)
            return card_broken();
        error = empty(buffer, 0, written, frame, size, &total);
    }
    if (error)
        return card_broken();
    if (header.division != DIVISION_NONE) {
        say_joined();
        return 0;
    }
    if (total > size)
        return -EMSGSIZE;
    return total >= ETHERNET && good(&header, frame, total) ? (ptrdiff_t)total : 0;
}

/* *woken: by the card, or for nothing. */
static int wait(int64_t deadline, bool *woken)
{
    *woken = false;
    show();
    if (deadline <= DEADLINE_NOW)
        return -ETIMEDOUT;
    if (!virtio_arm(queue, task_self()))
        return 0;
    waiting = task_self();
    int error = task_park(deadline);
    waiting = NULL;
    *woken = !error;
    if (card.device)
        virtio_arm(queue, NULL);
    return error;
}

void receive_wake(void)
{
    if (waiting)
        task_wake(waiting);
}

/*
 * An interrupt that brought no frame was about the card itself.  One that brought some may have been about both: since a look is several exits of
 * the machine, there is one a second at most.  Whether the card wants to be announced.
 */
static bool look(bool woken_for_nothing)
{
    int64_t now = clock_now();
    if (!woken_for_nothing && now - looked < NANOSECONDS_PER_SECOND)
        return false;
    news = false;
    looked = now;
    return card_look();
}

static ptrdiff_t receive(void *frame, size_t size, int64_t deadline)
{
    bool woken = false;
    for (unsigned turn = 1;; turn++) {
        if (!card.device)
            return -EIO;
        ptrdiff_t got = take(frame, size);
        if (got > 0 || got == -EMSGSIZE || got == -EIO)
            return got;
        int error = 0;
        if (got == -EAGAIN && news && look(woken))
            return -ENETRESET;
        if (!card.device) /* it broke the rules meanwhile */
            return -EIO;
        if (got == -EAGAIN) {
            error = wait(deadline, &woken);
            news |= woken;
        } else if (turn % TURN == 0 && deadline > DEADLINE_NOW)
            task_yield(); /* cancelled or not: what is there is received first */
        else if (turn % TURN == 0)
            error = -ETIMEDOUT;
        if (error)
            return error;
    }
}

ptrdiff_t virtio_net_receive(void *frame, size_t size, int64_t deadline)
{
    return one_receiver(&receiving, receive, frame, size, deadline);
}
