/*
 * send.c - frames to the card (VIRTIO 1.2, 5.1.6.2).
 *
 * A frame is copied into pieces of memory, behind the header: the caller's views are the caller's again at once.  Pieces that were sent
 * are taken back when they are needed; only who waits for room asks for an interrupt.
 */
#include "card.h"

#include "keys.h"
#include "pages.h"
#include "task.h"
#include "virtio_net.h"

#include <errno.h>
#include <string.h>
#include <ukc/checksum.h>
#include <ukc/deadline.h>
#include <ukc/gather.h>
#include <ukc/senders.h>
#include <ukc/uncleared.h>

enum { PARTS = 34, PIECES = KEY_SEND_BUFFERS, NONE = 0xffff, IP_MOST = 65535 };
static_assert(PARTS * PIECE >= IP_MOST + ETHERNET + (int)sizeof(struct card_header));

static struct virtio_queue *queue;
static char *memory;
static unsigned pieces, free_pieces;
static uint16_t free_first, after[PIECES]; /* the next free piece, or the next of a frame */
static struct sender *senders;             /* who waits for room; the first is armed */

static unsigned parts_most(void)
{
    return PIECES / 2 < PARTS ? PIECES / 2 : PARTS;
}

uint32_t send_most(void)
{
    size_t most = (pieces / 2 < parts_most() ? pieces / 2 : parts_most()) * (size_t)PIECE - sizeof(struct card_header);
    return most > IP_MOST + ETHERNET ? IP_MOST + ETHERNET : (uint32_t)most;
}

int send_open(void)
{
    int error = virtio_queue(card.device, 1, PIECES, parts_most(), &queue);
    if (error)
        return error;
    memory = pages_allocate((size_t)PIECES * PIECE);
    if (!memory)
        return -ENOMEM;
    pieces = free_pieces = virtio_queue_size(queue) < PIECES ? virtio_queue_size(queue) : PIECES;
    for (unsigned i = 1; i < pieces; i++)
        after[i - 1] = (uint16_t)i;
    after[pieces - 1] = NONE;
    free_first = 0;
    senders = NULL;
    return send_most() < ETHERNET + card.mtu ? -ENOMEM : 0;
}

void send_close(void)
{
    if (memory)
        pages_free(memory, (size_t)PIECES * PIECE);
    memory = NULL;
}

/* ---- pieces ---- */

/* Takes back what was sent: 0 or -EIO. */
static int reclaim(void)
{
    void *token;
    size_t written;
    int got;
    while ((got = virtio_collect(queue, &token, &written)) > 0) {
        unsigned first = (unsigned)(((char *)token - memory) / PIECE), last = first;
        for (free_pieces++; after[last] != NONE; free_pieces++)
            last = after[last];
        after[last] = free_first;
        free_first = (uint16_t)first;
    }
    return got < 0 ? card_broken() : 0;
}

/* Copies a frame into free pieces, behind room for the header; returns how many, each a part.  There are enough of them. */
static unsigned fill(struct virtio_part *parts, const struct view *views, size_t size)
{
    struct gather from = {views, 0};
    size_t skip = sizeof(struct card_header), left = size;
    unsigned used = 0;
    for (unsigned at = free_first; left > 0; at = after[at], skip = 0) {
        char *piece = memory + (size_t)at * PIECE;
        size_t part = left < PIECE - skip ? left : PIECE - skip;
        gather(&from, piece + skip, part);
        parts[used++] = (struct virtio_part){piece, skip + part};
        left -= part;
    }
    return used;
}

/* The first `count` free pieces are no longer free. */
static void keep(unsigned count)
{
    unsigned last = free_first;
    for (unsigned i = 1; i < count; i++)
        last = after[last];
    free_first = after[last];
    after[last] = NONE;
    free_pieces -= count;
}

/* ---- one frame ---- */

/* What the device needs to know to divide a segment of TCP; false: it is none. */
static bool divide(struct card_header *header, const uint8_t *frame, const struct checksum_place *place)
{
    size_t most = ETHERNET + card.mtu, end = checksum_tcp_headers(frame, place, most);
    if (!card.divides || end == 0)
        return false;
    header->division = place->version == 4 ? DIVISION_TCP4 : DIVISION_TCP6;
    header->headers = (uint16_t)end;
    header->segment = (uint16_t)(most - end);
    return true;
}

/* Leaves the checksum to the device, which sums up to the end: what stands behind the datagram goes.  0 or -EMSGSIZE. */
static int prepare(struct card_header *header, struct virtio_part *parts, unsigned *used, size_t size)
{
    uint8_t *frame = (uint8_t *)parts[0].bytes + sizeof *header;
    struct checksum_place place;
    enum checksum_kind kind = card.fills ? checksum_find(frame, parts[0].size - sizeof *header, size, &place) : CHECKSUM_NONE;
    if (kind == CHECKSUM_MORE || (size > ETHERNET + card.mtu && (kind != CHECKSUM_FOUND || !divide(header, frame, &place))))
        return -EMSGSIZE;
    if (kind != CHECKSUM_FOUND)
        return 0;
    header->flags = HEADER_CHECKSUM;
    header->checksum_start = (uint16_t)place.start;
    header->checksum_offset = (uint16_t)place.field;
    memcpy(frame + place.start + place.field, &place.pseudo, 2);
    for (size_t excess = size - place.end; excess > 0;) {
        struct virtio_part *last = &parts[*used - 1];
        size_t part = last->size <= excess ? last->size : excess;
        last->size -= part;
        excess -= part;
        *used -= last->size == 0;
    }
    return 0;
}

/* One attempt: 0, -EAGAIN, -EMSGSIZE, -EIO. */
static int put(const struct view *views, size_t size)
{
    struct card_header header = {0};
    UKC_UNCLEARED struct virtio_part parts[PARTS];
    unsigned need = (unsigned)((sizeof header + size + PIECE - 1) / PIECE);
    if (!card.device)
        return -EIO;
    int error = need > free_pieces ? reclaim() : 0;
    if (error)
        return error;
    if (need > free_pieces)
        return -EAGAIN;
    unsigned used = fill(parts, views, size);
    error = prepare(&header, parts, &used, size);
    if (error)
        return error;
    memcpy(parts[0].bytes, &header, sizeof header);
    if (virtio_add(queue, parts, used, 0, parts[0].bytes) != 0)
        return card_broken();
    keep(used);
    virtio_kick(queue);
    return 0;
}

/* ---- waiting for room ---- */

static void arm_first(void)
{
    if (!card.device)
        return;
    if (!senders)
        virtio_arm(queue, NULL);
    else if (!virtio_arm(queue, senders->task))
        task_wake(senders->task);
}

void send_wake(void)
{
    senders_wake(senders);
}

int virtio_net_send(const struct view *views, size_t count, int64_t deadline)
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
