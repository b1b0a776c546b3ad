/*
 * send.c - frames to the other end: each is copied into a piece of granted memory, so that the caller's views are the caller's again at once.
 */
#include "card.h"
#include "interrupt.h"
#include "keys.h"
#include "netfront.h"
#include "pages.h"
#include "task.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/senders.h>
#include <ukc/xen.h>

enum { PIECE = 2048, PIECES = KEY_SEND_BUFFERS, PAGES = (PIECES + 1) / 2 };

struct request {
    uint32_t grant;
    uint16_t offset, flags, id, size;
};
struct answer {
    uint16_t id;
    int16_t status;
};
union slot {
    struct request request;
    struct answer answer;
};
_Static_assert(sizeof(union slot) == 12 && MTU_MOST + ETHERNET <= PIECE, "as the protocol has it");

static struct ring ring;
static char *memory;
static int grants[PAGES];
static bool sent[PIECES];
static uint16_t free_pieces[PIECES];
static unsigned free_count;
static struct interrupt_source *source;
static struct sender *senders; /* who waits for room; the first is armed */

static volatile union slot *slot(uint32_t index)
{
    return (volatile union slot *)(ring.head + 1) + index % SLOTS;
}

void send_close(void)
{
    ring_close(&ring);
    unshare(memory, PAGES, grants);
    memory = NULL;
}

void send_release(void)
{
    if (source)
        interrupt_release(source);
    source = NULL;
}

int send_open(int *grant)
{
    send_release();
    int error = ring_open(&ring);
    if (!error)
        error = interrupt_claim_line(&source, card.event);
    if (error)
        return error;
    memory = share(PAGES, grants, true);
    if (!memory)
        return -ENOMEM;
    memset(sent, 0, sizeof sent);
    for (free_count = 0; free_count < PIECES; free_count++)
        free_pieces[free_count] = (uint16_t)(PIECES - 1 - free_count);
    *grant = ring.grant;
    return 0;
}

/* Takes back what was sent: 0 or -EIO. */
static int reclaim(void)
{
    int count = ring_answers(&ring);
    if (count < 0)
        return card_broken();
    for (; count > 0; count--) {
        uint16_t id = slot(ring.taken)->answer.id;
        ring.taken++;
        if (id >= PIECES || !sent[id])
            return card_broken();
        sent[id] = false;
        free_pieces[free_count++] = id;
    }
    return 0;
}

/* One attempt: 0, -EAGAIN, -EIO. */
static int put(const struct view *views, size_t count, size_t size)
{
    int error = card.open ? 0 : card_again();
    if (error == -EAGAIN)
        return 0; /* lost, as without a cable */
    if (!error && free_count == 0)
        error = reclaim();
    if (error)
        return error;
    if (free_count == 0)
        return -EAGAIN;
    uint16_t id = free_pieces[--free_count];
    char *to = memory + (size_t)id * PIECE;
    for (size_t i = 0; i < count; i++) {
        if (views[i].size > 0)
            memcpy(to, views[i].bytes, views[i].size);
        to += views[i].size;
    }
    volatile struct request *r = &slot(ring.put)->request;
    r->grant = (uint32_t)grants[id / 2];
    r->offset = (uint16_t)(id % 2 * PIECE);
    r->flags = 0;
    r->id = id;
    r->size = (uint16_t)size;
    sent[id] = true;
    ring.put++;
    ring_show(&ring);
    return 0;
}

/* ---- waiting for room ---- */

static void arm_first(void)
{
    if (source)
        interrupt_arm(source, senders ? senders->task : NULL);
    if (senders && (!card.open || !ring_arm(&ring)))
        task_wake(senders->task);
}

void send_wake(void)
{
    senders_wake(senders);
}

int netfront_send(const struct view *views, size_t count, int64_t deadline)
{
    size_t size = views_size(views, count);
    if (size > ETHERNET + card.mtu)
        return -EMSGSIZE;
    if (size < ETHERNET)
        return -EINVAL;
    int error;
    while ((error = put(views, count, size)) == -EAGAIN) {
        error = deadline <= DEADLINE_NOW ? -ETIMEDOUT : senders_wait(&senders, arm_first, deadline);
        if (error)
            break;
    }
    if (senders)
        task_wake(senders->task); /* who had the interrupt and does not need it lets the next one try */
    return error;
}
