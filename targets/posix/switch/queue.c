/* queue.c - two binary heaps; that of the hosts knows where each host is in it. */
#include "queue.h"

#include "memory.h"

#include <stdlib.h>

/* ---- frames ---- */

static bool earlier(const struct passage *a, const struct passage *b)
{
    return a->time != b->time ? a->time < b->time : a->sequence < b->sequence;
}

void queue_add(struct queue *queue, int64_t time, enum place place, uint32_t port, struct frame *frame)
{
    if (queue->count == queue->room)
        queue->heap = memory_grow(queue->heap, &queue->room, sizeof *queue->heap);
    struct passage added = {.time = time, .sequence = queue->sequence++, .place = place, .port = port, .frame = frame};
    size_t at = queue->count++;
    for (size_t up; at > 0 && earlier(&added, &queue->heap[up = (at - 1) / 2]); at = up)
        queue->heap[at] = queue->heap[up];
    queue->heap[at] = added;
}

int64_t queue_time(const struct queue *queue)
{
    return queue->count > 0 ? queue->heap[0].time : NEVER;
}

struct passage queue_take(struct queue *queue)
{
    struct passage first = queue->heap[0], last = queue->heap[--queue->count];
    size_t at = 0;
    for (size_t down; (down = 2 * at + 1) < queue->count; at = down) {
        if (down + 1 < queue->count && earlier(&queue->heap[down + 1], &queue->heap[down]))
            down++;
        if (!earlier(&queue->heap[down], &last))
            break;
        queue->heap[at] = queue->heap[down];
    }
    queue->heap[at] = last;
    return first;
}

void queue_dispose(struct queue *queue)
{
    free(queue->heap);
    *queue = (struct queue){0};
}

/* ---- turns ---- */

static bool before(const struct turns *turns, uint32_t a, uint32_t b)
{
    const struct turn *x = &turns->turn[a], *y = &turns->turn[b];
    return x->time != y->time ? x->time < y->time : x->sequence < y->sequence;
}

static void place_at(struct turns *turns, size_t at, uint32_t host)
{
    turns->heap[at] = host;
    turns->turn[host].position = (uint32_t)at;
}

/* Puts the host where it belongs, from position `at` on, which is free. */
static void settle(struct turns *turns, size_t at, uint32_t host)
{
    for (size_t up; at > 0 && before(turns, host, turns->heap[up = (at - 1) / 2]); at = up)
        place_at(turns, at, turns->heap[up]);
    for (size_t down; (down = 2 * at + 1) < turns->count; at = down) {
        if (down + 1 < turns->count && before(turns, turns->heap[down + 1], turns->heap[down]))
            down++;
        if (!before(turns, turns->heap[down], host))
            break;
        place_at(turns, at, turns->heap[down]);
    }
    place_at(turns, at, host);
}

void turns_init(struct turns *turns, size_t hosts)
{
    *turns = (struct turns){.heap = memory_get(hosts, sizeof *turns->heap), .turn = memory_get(hosts, sizeof *turns->turn)};
    for (size_t i = 0; i < hosts; i++)
        turns->turn[i].time = NEVER;
}

void turns_set(struct turns *turns, uint32_t host, int64_t time)
{
    struct turn *turn = &turns->turn[host];
    bool was = turn->time != NEVER;
    turn->time = time;
    turn->sequence = turns->sequence++;
    if (time != NEVER)
        settle(turns, was ? turn->position : turns->count++, host);
    else if (was) {
        uint32_t last = turns->heap[--turns->count];
        if (last != host)
            settle(turns, turn->position, last);
    }
}

void turns_hasten(struct turns *turns, uint32_t host, int64_t time)
{
    if (time < turns->turn[host].time)
        turns_set(turns, host, time);
}

int64_t turns_time(const struct turns *turns)
{
    return turns->count > 0 ? turns->turn[turns->heap[0]].time : NEVER;
}

uint32_t turns_take(struct turns *turns)
{
    uint32_t first = turns->heap[0];
    turns_set(turns, first, NEVER);
    return first;
}

void turns_dispose(struct turns *turns)
{
    free(turns->heap);
    free(turns->turn);
    *turns = (struct turns){0};
}
