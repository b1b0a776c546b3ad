/*
 * network.c - see network.h.
 *
 * Jitter does not change the order of frames from one host to another: only
 * those that are reordered on purpose leave it.
 */
#include "network.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE = 1 << 16, PROBES = 8 }; /* of the addresses that the switch has learnt */
enum { SMALLEST = 60, OVERHEAD = 24 }; /* bytes of a frame on the cable (IEEE 802.3, 3 and 4.2): padding; preamble, check sequence, gap */

struct cable {
    int64_t free; /* when its last frame has left it */
    int64_t waiting;
};

struct learnt {
    uint8_t mac[6];
    bool used;
    uint32_t port;
};

struct network {
    const struct settings *settings;
    struct queue *queue;
    struct trace *trace;
    network_receiver *receiver;
    void *context;
    struct chance chance;
    struct cable *up, *down; /* by host */
    int64_t *latest;         /* arrivals from each host to each, for jitter */
    struct learnt *table;
    uint64_t sent;
};

struct network *network_new(const struct settings *settings, struct queue *queue, struct trace *trace, network_receiver *receiver, void *context)
{
    struct network *n = memory_get(1, sizeof *n);
    *n = (struct network){.settings = settings, .queue = queue, .trace = trace, .receiver = receiver, .context = context};
    chance_start(&n->chance, settings->seed);
    n->up = memory_get(settings->hosts, sizeof *n->up);
    n->down = memory_get(settings->hosts, sizeof *n->down);
    if (settings->jitter > 0)
        n->latest = memory_get((size_t)settings->hosts * settings->hosts, sizeof *n->latest);
    n->table = memory_get(TABLE, sizeof *n->table);
    return n;
}

void network_free(struct network *n)
{
    free(n->up);
    free(n->down);
    free(n->latest);
    free(n->table);
    free(n);
}

/* ---- the table of addresses ---- */

static size_t slot_of(const uint8_t *mac)
{
    uint64_t key = 0;
    memcpy(&key, mac, 6);
    return (size_t)(key * 0x9e3779b97f4a7c15u >> 40) % TABLE;
}

/* Where the address is, or where it would go; a full neighbourhood forgets its first. */
static struct learnt *find(struct network *n, const uint8_t *mac)
{
    size_t first = slot_of(mac);
    for (size_t i = 0; i < PROBES; i++) {
        struct learnt *entry = &n->table[(first + i) % TABLE];
        if (!entry->used || memcmp(entry->mac, mac, 6) == 0)
            return entry;
    }
    n->table[first].used = false;
    return &n->table[first];
}

static void learn(struct network *n, const uint8_t *mac, uint32_t port)
{
    if (mac[0] & 1)
        return;
    struct learnt *entry = find(n, mac);
    memcpy(entry->mac, mac, 6);
    entry->used = true;
    entry->port = port;
}

/* ---- cables ---- */

static int64_t duration(const struct settings *s, const struct frame *frame)
{
    int64_t bytes = (frame->size < SMALLEST ? SMALLEST : frame->size) + OVERHEAD;
    return bytes * 8 * 1000000000 / s->rate;
}

/* Puts the frame on a cable and says when it has left it; NEVER if there are too many already. */
static int64_t enter(struct network *n, struct cable *cable, int64_t now, const struct frame *frame)
{
    if (cable->waiting >= n->settings->queue)
        return NEVER;
    cable->waiting++;
    cable->free = (cable->free > now ? cable->free : now) + duration(n->settings, frame);
    return cable->free;
}

/* ---- between the cables ---- */

static void at_host(struct network *n, int64_t now, uint32_t to, struct frame *frame)
{
    n->receiver(n->context, now, to, frame);
}

static void at_port(struct network *n, int64_t now, uint32_t to, struct frame *frame)
{
    if (n->settings->rate == 0) {
        at_host(n, now, to, frame);
        return;
    }
    int64_t time = enter(n, &n->down[to], now, frame);
    if (time != NEVER) {
        queue_add(n->queue, time, AT_HOST, to, frame);
        return;
    }
    trace_frame(n->trace, TRACE_OVERFLOWED, now, to, frame);
    frame_drop(frame);
}

/* Takes the reference and returns another frame. */
static struct frame *corrupt(struct network *n, int64_t now, uint32_t to, struct frame *frame)
{
    struct frame *changed = frame_new(frame->number, frame->from, frame->bytes, frame->size);
    uint64_t bit = chance_below(&n->chance, (uint64_t)frame->size * 8);
    changed->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    trace_frame(n->trace, TRACE_CORRUPTED, now, to, changed);
    frame_drop(frame);
    return changed;
}

/* When a copy that is at the switch now comes to the receiver's port. */
static int64_t arrival(struct network *n, int64_t now, uint32_t to, const struct frame *frame)
{
    const struct settings *s = n->settings;
    int64_t time = now + s->delay;
    if (s->jitter > 0) {
        int64_t *latest = &n->latest[(size_t)frame->from * s->hosts + to];
        time += (int64_t)chance_below(&n->chance, (uint64_t)s->jitter + 1);
        *latest = time = time > *latest ? time : *latest;
    }
    if (chance_happens(&n->chance, s->reorder)) {
        trace_frame(n->trace, TRACE_REORDERED, now, to, frame);
        time += 1 + (int64_t)chance_below(&n->chance, (uint64_t)s->hold);
    }
    return time;
}

/* Takes the reference. */
static void forward(struct network *n, int64_t now, uint32_t to, struct frame *frame)
{
    const struct settings *s = n->settings;
    if (chance_happens(&n->chance, s->loss)) {
        trace_frame(n->trace, TRACE_LOST, now, to, frame);
        frame_drop(frame);
        return;
    }
    int copies = 1;
    if (chance_happens(&n->chance, s->duplicate)) {
        trace_frame(n->trace, TRACE_DUPLICATED, now, to, frame);
        copies = 2;
        frame_share(frame);
    }
    for (; copies > 0; copies--) {
        struct frame *copy = chance_happens(&n->chance, s->corrupt) ? corrupt(n, now, to, frame) : frame;
        int64_t time = arrival(n, now, to, copy);
        if (time == now)
            at_port(n, now, to, copy);
        else
            queue_add(n->queue, time, AT_PORT, to, copy);
    }
}

static void at_switch(struct network *n, int64_t now, uint32_t from, struct frame *frame)
{
    learn(n, frame->bytes + 6, from);
    struct learnt *known = find(n, frame->bytes);
    if (known->used && !(frame->bytes[0] & 1)) {
        if (known->port != from)
            forward(n, now, known->port, frame_share(frame));
    } else {
        n->trace->count[TRACE_FLOODED]++;
        for (uint32_t to = 0; to < n->settings->hosts; to++)
            if (to != from)
                forward(n, now, to, frame_share(frame));
    }
    frame_drop(frame);
}

/* ---- entry points ---- */

void network_send(struct network *n, int64_t now, uint32_t host, const void *bytes, size_t size)
{
    struct frame *frame = frame_new(n->sent++, host, bytes, size);
    trace_frame(n->trace, TRACE_SENT, now, host, frame);
    if (n->settings->rate == 0) {
        at_switch(n, now, host, frame);
        return;
    }
    int64_t time = enter(n, &n->up[host], now, frame);
    if (time != NEVER) {
        queue_add(n->queue, time, AT_SWITCH, host, frame);
        return;
    }
    trace_frame(n->trace, TRACE_OVERFLOWED, now, host, frame);
    frame_drop(frame);
}

void network_pass(struct network *n, const struct passage *p)
{
    switch (p->place) {
    case AT_SWITCH:
        n->up[p->port].waiting--;
        at_switch(n, p->time, p->port, p->frame);
        return;
    case AT_PORT: at_port(n, p->time, p->port, p->frame); return;
    case AT_HOST:
        n->down[p->port].waiting--;
        at_host(n, p->time, p->port, p->frame);
        return;
    }
}
