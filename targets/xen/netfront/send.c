/*
 * send.c - frames to the other end: each is copied into pieces of granted memory, so that the caller's views are the caller's again at once.
 *
 * A frame takes a request for each of its pieces.  One with a segment of TCP that is to be divided has a slot more, behind the first
 * request, which is answered too (XEN_NETIF_EXTRA_TYPE_GSO).
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
#include <ukc/gather.h>
#include <ukc/senders.h>
#include <ukc/xen.h>

enum { PIECE = 2048, PIECES = KEY_SEND_BUFFERS, PAGES = (PIECES + 1) / 2, PARTS = 18 /* XEN_NETIF_NR_SLOTS_MIN */ };
enum { STATUS_EXTRA = 1 }; /* the answer is to no request */

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
    struct extra extra;
    struct answer answer;
};
_Static_assert(sizeof(union slot) == 12 && MTU_MOST + ETHERNET <= PIECE, "as the protocol has it");

static struct ring ring;
static char *memory;
static int grants[PAGES];
static bool sent[PIECES];
static uint16_t free_pieces[PIECES];
static unsigned free_count, extras; /* extras: slots with something else than a request that are not answered yet */
static struct interrupt_source *source;
static struct sender *senders; /* who waits for room; the first is armed */

static volatile union slot *slot(uint32_t index)
{
    return (volatile union slot *)(ring.front.head + 1) + index % SLOTS;
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
    int error = ring_open(&ring, card.send_event);
    if (!error)
        error = interrupt_claim_line(&source, ring.event);
    if (error)
        return error;
    memory = share(PAGES, grants, true);
    if (!memory)
        return -ENOMEM;
    memset(sent, 0, sizeof sent);
    extras = 0;
    for (free_count = 0; free_count < PIECES; free_count++)
        free_pieces[free_count] = (uint16_t)(PIECES - 1 - free_count);
    *grant = ring.grant;
    return 0;
}

static unsigned parts_most(void)
{
    return PIECES / 2 < PARTS ? PIECES / 2 : PARTS;
}

uint32_t send_most(void)
{
    return parts_most() * (uint32_t)PIECE;
}

/* Takes back what was sent: 0 or -EIO. */
static int reclaim(void)
{
    int count = xen_front_answers(&ring.front);
    if (count < 0)
        return card_broken();
    for (; count > 0; count--) {
        const struct answer a = {slot(ring.front.taken)->answer.id, slot(ring.front.taken)->answer.status};
        ring.front.taken++;
        if (a.status == STATUS_EXTRA && extras > 0) {
            extras--;
            continue;
        }
        if (a.id >= PIECES || !sent[a.id])
            return card_broken();
        sent[a.id] = false;
        free_pieces[free_count++] = a.id;
    }
    return 0;
}

/* ---- one frame ---- */

/* What the other end has to know of one, beside its bytes. */
struct frame {
    size_t size;
    uint16_t flags;
    struct extra extra; /* if flags have EXTRA */
};

/* What it needs to divide a segment of TCP; false: it is none. */
static bool divide(struct frame *frame, const uint8_t *bytes, const struct checksum_place *place)
{
    size_t most = ETHERNET + card.mtu, end = checksum_tcp_headers(bytes, place, most);
    if (!card.divides || end == 0)
        return false;
    frame->flags |= EXTRA;
    frame->extra = (struct extra){.type = EXTRA_SEGMENTS, .segment = (uint16_t)(most - end), .division = place->version == 4 ? SEGMENTS_TCP4 : SEGMENTS_TCP6};
    return true;
}

/* In the frame's first piece: the checksum is filled in, or left to the other end, which sums up to the end: what stands behind the datagram goes.  0 or -EMSGSIZE. */
static int prepare(struct frame *frame, uint8_t *bytes)
{
    struct checksum_place place;
    size_t have = frame->size < PIECE ? frame->size : PIECE;
    bool is_long = frame->size > ETHERNET + card.mtu;
    enum checksum_kind kind = checksum_find(bytes, have, frame->size, &place);
    bool fills = place.version == 4 ? card.fills4 : card.fills6;
    if (kind == CHECKSUM_MORE || (is_long && (kind != CHECKSUM_FOUND || !divide(frame, bytes, &place))))
        return -EMSGSIZE;
    if (kind != CHECKSUM_FOUND)
        return 0;
    if (!fills) {
        checksum_fill(bytes, &place);
        return 0;
    }
    memcpy(bytes + place.start + place.field, &place.pseudo, 2);
    frame->flags |= BLANK | VALID;
    frame->size = place.end;
    return 0;
}

/* Free pieces: the n-th that is taken next. */
static uint16_t free_piece(unsigned n)
{
    return free_pieces[free_count - 1 - n];
}

static void request(uint16_t id, uint16_t flags, size_t size)
{
    volatile struct request *r = &slot(ring.front.put++)->request;
    r->grant = (uint32_t)grants[id / 2];
    r->offset = (uint16_t)(id % 2 * PIECE);
    r->flags = flags;
    r->id = id;
    r->size = (uint16_t)size;
    sent[id] = true;
}

/* The first request has the size of all (netif.h, "Guest transmit"). */
static void show(const struct frame *frame)
{
    unsigned count = (unsigned)((frame->size + PIECE - 1) / PIECE);
    for (unsigned i = 0; i < count; i++) {
        uint16_t more = i + 1 < count ? MORE : 0;
        size_t size = i == 0 ? frame->size : i + 1 < count ? PIECE : frame->size - (count - 1) * (size_t)PIECE;
        request(free_piece(i), (uint16_t)(more | (i == 0 ? frame->flags : 0)), size);
        if (i == 0 && frame->flags & EXTRA) {
            volatile struct extra *extra = &slot(ring.front.put++)->extra;
            *extra = frame->extra;
            extras++;
        }
    }
    free_count -= count;
    ring_show(&ring);
}

/* Whether there is room for so many pieces and an extra slot. */
static bool is_room(unsigned count)
{
    return free_count >= count && ring.front.put - ring.front.taken + count + 1 <= SLOTS;
}

/* One attempt: 0, -EAGAIN, -EMSGSIZE, -EIO. */
static int put(const struct view *views, size_t size)
{
    struct gather from = {views, 0};
    struct frame frame = {.size = size};
    unsigned count = (unsigned)((size + PIECE - 1) / PIECE);
    int error = card.open ? 0 : card_again();
    if (error == -EAGAIN)
        return 0; /* lost, as without a cable */
    if (!error && !is_room(count))
        error = reclaim();
    if (error)
        return error;
    if (!is_room(count))
        return -EAGAIN;
    for (size_t i = 0, left = size; i < count; i++, left -= PIECE)
        gather(&from, memory + (size_t)free_piece((unsigned)i) * PIECE, left < PIECE ? left : PIECE);
    error = prepare(&frame, (uint8_t *)memory + (size_t)free_piece(0) * PIECE);
    if (!error)
        show(&frame);
    return error;
}

/* ---- waiting for room ---- */

static void arm_first(void)
{
    if (source)
        interrupt_arm(source, senders ? senders->task : NULL);
    if (senders && (!card.open || !xen_front_arm(&ring.front)))
        task_wake(senders->task);
}

void send_wake(void)
{
    senders_wake(senders);
}

int netfront_send(const struct view *views, size_t count, int64_t deadline)
{
    size_t size = views_size(views, count);
    if (size > ETHERNET + card.mtu && (!card.divides || size > send_most()))
        return -EMSGSIZE;
    if (size < ETHERNET)
        return -EINVAL;
    int error;
    while ((error = put(views, size)) == -EAGAIN) {
        error = deadline <= DEADLINE_NOW ? -ETIMEDOUT : senders_wait(&senders, arm_first, deadline);
        if (error)
            break;
    }
    if (senders)
        task_wake(senders->task); /* who had the interrupt and does not need it lets the next one try */
    return error;
}
