/*
 * receive.c - frames from the other end, which copies each into pages that it was granted.
 *
 * A frame of one page is copied out at once.  One of several, or with segments that were joined, is collected first; what says that they were stands
 * in an answer's place behind the first, for the request that was asked there (netif.h, "Guest receive").
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
#include <ukc/joined.h>
#include <ukc/one_receiver.h>
#include <ukc/xen.h>

enum { BUFFERS = KEY_RECEIVE_BUFFERS, TURN = 64 /* frames that nobody wants, after which others run */ };
enum { JOINED_PAGES = (JOINED_MOST + PAGE - 1) / PAGE + 1 /* the first may begin anywhere */ };

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
    struct extra extra;
};
_Static_assert(sizeof(union slot) == 8, "as the protocol has it");

static struct ring ring;
static char *memory;
static int grants[BUFFERS];
static bool given[BUFFERS], receiving;
static uint16_t asked[SLOTS]; /* with which buffer, in each place of the ring */
static struct joined joined;
/* A frame that is being collected. */
static struct {
    bool begun, is_bad, extra_comes, more_comes;
    uint16_t flags;     /* of its first part */
    struct extra extra; /* type 0: none */
} parts;
static struct interrupt_source *source;
static struct task *waiting;

static volatile union slot *slot(uint32_t index)
{
    return (volatile union slot *)(ring.front.head + 1) + index % SLOTS;
}

bool receive_can_join(void)
{
    return BUFFERS >= JOINED_PAGES + 1;
}

static void forget(void)
{
    joined_begin(&joined);
    parts.begun = false;
}

void receive_close(void)
{
    forget();
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
    receive_release();
    int error = ring_open(&ring, card.receive_event);
    if (!error)
        error = interrupt_claim_line(&source, ring.event);
    if (error)
        return error;
    memory = share(BUFFERS, grants, false);
    *grant = ring.grant;
    return memory ? 0 : -ENOMEM;
}

static void give(unsigned id)
{
    given[id] = true;
    asked[ring.front.put % SLOTS] = (uint16_t)id;
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

static void give_back(unsigned id)
{
    give(id);
    if (ring.front.put - ring.shown >= BUFFERS / 4)
        ring_show(&ring);
}

/* ---- frames of several parts ---- */

static void give_empty(void)
{
    for (char *page; (page = joined_empty(&joined)) != NULL;)
        give_back((unsigned)((page - memory) / PAGE));
}

/* The next segment of those that were joined; as take(). */
static ptrdiff_t take_segment(void *frame, size_t size)
{
    size_t got = joined_next(&joined, frame, size, ETHERNET + card.mtu);
    if (!got)
        joined_drop(&joined);
    give_empty();
    return got ? (ptrdiff_t)got : -EMSGSIZE;
}

/* All of a frame that is one of the wire; as take(). */
static ptrdiff_t take_whole(void *frame, size_t size)
{
    size_t got = joined_size(&joined);
    if (got <= size)
        joined_copy(&joined, frame, got);
    give_empty();
    if (got > size || got < ETHERNET)
        return got > size ? -EMSGSIZE : 0;
    return parts.flags & (BLANK | VALID) || checksum_verify(frame, got) != CHECKSUM_BAD ? (ptrdiff_t)got : 0;
}

/* What was collected; as take(). */
static ptrdiff_t take_parts(void *frame, size_t size)
{
    const struct extra *extra = &parts.extra;
    parts.begun = false;
    if (joined_size(&joined) > JOINED_MOST)
        return card_broken();
    if (!parts.is_bad && extra->type == 0)
        return take_whole(frame, size);
    bool is_tcp = extra->division == SEGMENTS_TCP4 || extra->division == SEGMENTS_TCP6;
    if (!parts.is_bad && is_tcp && parts.flags & (BLANK | VALID) && joined_open(&joined, extra->division == SEGMENTS_TCP4 ? 4 : 6, ETHERNET + card.mtu))
        return take_segment(frame, size);
    give_empty();
    return 0;
}

/* What stands in an answer's place: false, no such thing was agreed on. */
static bool add_extra(uint32_t index)
{
    const volatile struct extra *from = &slot(index)->extra;
    const struct extra extra = {.type = from->type, .flags = from->flags, .division = from->division};
    unsigned id = asked[index % SLOTS];
    if (extra.type != EXTRA_SEGMENTS || !card.joins || !given[id])
        return false;
    parts.extra = extra;
    parts.extra_comes = extra.flags & EXTRA_MORE;
    given[id] = false;
    give_back(id);
    return true;
}

/* False: it cannot be. */
static bool add_answer(const struct answer *a)
{
    if (!parts.begun) {
        joined_begin(&joined);
        parts.begun = true;
        parts.is_bad = false;
        parts.flags = a->flags;
        parts.extra_comes = a->flags & EXTRA;
        parts.extra.type = 0;
    } else if (a->flags & EXTRA)
        return false;
    parts.is_bad |= a->status <= 0;
    parts.more_comes = a->flags & MORE;
    size_t size = a->status > 0 ? (size_t)a->status : 0;
    bool added = joined_add(&joined, memory + (size_t)a->id * PAGE, a->offset, a->offset + size);
    return added && (joined.count < BUFFERS || !parts.more_comes); /* nothing could come any more */
}

/* ---- frames ---- */

/* The next answer, or what stands in its place: a frame's size; 0: nothing to hand on; -EAGAIN, -EMSGSIZE, -EIO. */
static ptrdiff_t take(void *frame, size_t size)
{
    if (joined_waits(&joined))
        return take_segment(frame, size);
    int count = xen_front_answers(&ring.front);
    if (count <= 0)
        return count ? card_broken() : -EAGAIN;
    uint32_t index = ring.front.taken++;
    if (parts.begun && parts.extra_comes) {
        if (!add_extra(index))
            return card_broken();
        return parts.extra_comes || parts.more_comes ? 0 : take_parts(frame, size);
    }
    const struct answer a = {slot(index)->answer.id, slot(index)->answer.offset, slot(index)->answer.flags, slot(index)->answer.status};
    if (a.id >= BUFFERS || !given[a.id] || (a.status > 0 && a.offset + a.status > PAGE))
        return card_broken();
    given[a.id] = false;
    if (parts.begun || a.flags & (MORE | EXTRA)) {
        if (!add_answer(&a))
            return card_broken();
        return parts.extra_comes || parts.more_comes ? 0 : take_parts(frame, size);
    }
    ptrdiff_t got = a.status >= ETHERNET ? a.status : 0;
    if (got > 0 && (size_t)got <= size)
        memcpy(frame, memory + (size_t)a.id * PAGE + a.offset, (size_t)got);
    give_back(a.id);
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
