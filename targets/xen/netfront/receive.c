/*
 * receive.c - frames from the other end, which copies each into a page that it was granted.
 */
#include "card.h"
#include "interrupt.h"
#include "keys.h"
#include "netfront.h"
#include "pages.h"
#include "task.h"

#include <errno.h>
#include <string.h>
#include <ukc/checksum.h>
#include <ukc/deadline.h>
#include <ukc/one_receiver.h>
#include <ukc/xen.h>

enum { BUFFERS = KEY_RECEIVE_BUFFERS, TURN = 64 /* frames that nobody wants, after which others run */ };
enum { BLANK = 1, VALID = 2, MORE = 4, EXTRA = 8 }; /* flags: no checksum; a good one; the frame goes on in the next buffer; a slot with something else follows */

struct request {
    uint16_t id, padding;
    uint32_t grant;
};
struct answer {
    uint16_t id, offset, flags;
    int16_t status; /* bytes, or an error */
};
union slot {
    struct request request;
    struct answer answer;
};
_Static_assert(sizeof(union slot) == 8, "as the protocol has it");

static struct ring ring;
static char *memory;
static int grants[BUFFERS];
static bool given[BUFFERS], receiving;
static bool skipping; /* the rest of a frame of several buffers, which nobody agreed on */
static struct interrupt_source *source;
static struct task *waiting;

static volatile union slot *slot(uint32_t index)
{
    return (volatile union slot *)(ring.front.head + 1) + index % SLOTS;
}

void receive_close(void)
{
    ring_close(&ring);
    unshare(memory, BUFFERS, grants);
    memory = NULL;
}

void receive_release(void)
{
    if (source)
        interrupt_release(source);
    source = NULL;
}

int receive_open(int *grant)
{
    skipping = false;
    receive_release();
    int error = ring_open(&ring);
    if (!error)
        error = interrupt_claim_line(&source, card.event);
    if (error)
        return error;
    memory = share(BUFFERS, grants, false);
    *grant = ring.grant;
    return memory ? 0 : -ENOMEM;
}

static void give(unsigned id)
{
    given[id] = true;
    slot(ring.front.put)->request.grant = (uint32_t)grants[id];
    slot(ring.front.put)->request.id = (uint16_t)id;
    ring.front.put++;
}

void receive_begin(void)
{
    for (unsigned i = 0; i < BUFFERS; i++)
        give(i);
    ring_show(&ring);
}

/* One frame: its size; 0: nothing to hand on; -EAGAIN, -EMSGSIZE, -EIO. */
static ptrdiff_t take(void *frame, size_t size)
{
    int count = xen_front_answers(&ring.front);
    if (count <= 0)
        return count ? card_broken() : -EAGAIN;
    const struct answer a = {slot(ring.front.taken)->answer.id, slot(ring.front.taken)->answer.offset, slot(ring.front.taken)->answer.flags, slot(ring.front.taken)->answer.status};
    ring.front.taken++;
    if (a.id >= BUFFERS || !given[a.id] || (a.flags & EXTRA) || (a.status > 0 && a.offset + a.status > PAGE))
        return card_broken();
    given[a.id] = false;
    bool whole = !skipping && !(a.flags & MORE);
    skipping = a.flags & MORE;
    ptrdiff_t got = whole && a.status >= ETHERNET ? a.status : 0;
    if (got > 0 && (size_t)got <= size)
        memcpy(frame, memory + (size_t)a.id * PAGE + a.offset, (size_t)got);
    give(a.id);
    if (ring.front.put - ring.shown >= BUFFERS / 4)
        ring_show(&ring);
    if ((size_t)got > size)
        return -EMSGSIZE;
    return a.flags & (BLANK | VALID) || checksum_verify(frame, (size_t)got) != CHECKSUM_BAD ? got : 0;
}

static int wait(int64_t deadline)
{
    if (card.open)
        ring_show(&ring);
    if (deadline <= DEADLINE_NOW)
        return -ETIMEDOUT;
    if (source)
        interrupt_arm(source, task_self());
    int error = 0;
    if (!card.open || xen_front_arm(&ring.front)) {
        waiting = task_self();
        error = task_park(deadline);
        waiting = NULL;
    }
    if (source)
        interrupt_arm(source, NULL);
    return error;
}

void receive_wake(void)
{
    if (waiting)
        task_wake(waiting);
}

static ptrdiff_t receive(void *frame, size_t size, int64_t deadline)
{
    for (unsigned turn = 1;; turn++) {
        ptrdiff_t got = card.open ? 0 : card_again();
        if (got == -EIO)
            return got;
        if (got == 0)
            got = take(frame, size);
        if (got != 0 && got != -EAGAIN)
            return got;
        int error = 0;
        if (got == -EAGAIN)
            error = wait(deadline);
        else if (turn % TURN == 0 && deadline > DEADLINE_NOW)
            task_yield(); /* cancelled or not: what is there is received first */
        else if (turn % TURN == 0)
            error = -ETIMEDOUT;
        if (error)
            return error;
    }
}

ptrdiff_t netfront_receive(void *frame, size_t size, int64_t deadline)
{
    return one_receiver(&receiving, receive, frame, size, deadline);
}
