/*
 * requests.c - requests of a disk and their answers (xen/include/public/io/blkif.h).
 *
 * What is transferred is copied through pages that the other end may use for as long as the disk is open: it sees nothing else of the image, and
 * changes nothing that was looked at.  So it may keep them mapped ("persistent grants"), and there is one way, whatever it offers.
 *
 * Each call waits for its own requests.  Calls are in a row: the first has the interrupt, collects for all, and hands it on when it leaves; room is
 * given in that order too.
 */
#include "disk.h"
#include "interrupt.h"
#include "keys.h"
#include "pages.h"
#include "task.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/xen.h>
#include <ukc/xen_front.h>

enum { BUFFERS = KEY_BUFFERS, SLOTS = 32, NO_PAGE = UINT16_MAX };
enum { STATUS_UNSUPPORTED = -2, STATUS_OK = 0 };
static const int64_t LOOK = 20 * NANOSECONDS_PER_MILLISECOND;

struct segment {
    uint32_t grant;
    uint8_t first, last; /* of the page's units */
    uint16_t padding;
};
struct request {
    uint8_t operation, segments;
    uint16_t handle;
    uint32_t padding;
    uint64_t id, at; /* in units */
    union {
        struct segment segment[SEGMENTS];
        uint64_t count; /* discard: units */
    };
};
/* One whose segments are in a page of their own. */
struct indirect_request {
    uint8_t operation, real;
    uint16_t segments;
    uint32_t padding;
    uint64_t id, at;
    uint16_t handle, padding2;
    uint32_t grants[8];
};
struct answer {
    uint64_t id;
    uint8_t operation, padding;
    int16_t status;
};
union slot {
    struct request request;
    struct indirect_request indirect;
    struct answer answer;
};
_Static_assert(sizeof(union slot) == 112 && offsetof(struct request, segment) == 24 && offsetof(struct indirect_request, grants) == 28 &&
                   offsetof(struct answer, status) == 10 && sizeof(struct xen_front_head) + SLOTS * sizeof(union slot) <= PAGE,
               "as the protocol has it for 64 bits");

/* A call of the signature's. */
struct call {
    struct task *task;
    struct call *next;
    unsigned pending; /* of its requests */
    int result;
    bool starving; /* waits for room */
};

/* A request that the other end has; its id is its place. */
struct part {
    struct call *call; /* NULL: none */
    char *to;          /* of a read */
    size_t size;
    uint16_t pages; /* the first of all; the others follow in page_after */
    uint16_t data;  /* the first that has data */
    enum operation operation;
    /* What the other end has been asked for: all of it, unless it is one that takes fewer pages than an earlier one did. */
    uint64_t at, left; /* bytes: from where, until the end of all */
    uint16_t piece;    /* the first page */
    unsigned piece_pages;
};

static struct xen_front ring;
static char *ring_page, *memory;
static int ring_grant = -1, grants[BUFFERS];
static unsigned granted;
static uint16_t page_after[BUFFERS], free_page;
static unsigned free_pages, free_parts;
static struct part parts[SLOTS];
static struct call *calls;
static struct interrupt_source *source;

static volatile union slot *slot(uint32_t index)
{
    return (volatile union slot *)(ring.head + 1) + index % SLOTS;
}

static char *page_of(uint16_t page)
{
    return memory + (size_t)page * PAGE;
}

/* ---- set-up ---- */

static int grant_page(const char *page)
{
    return xen_grant(disk.device.domain, page, false);
}

static int grant_all(void)
{
    memset(ring_page, 0, PAGE);
    ring = xen_front_open(ring_page);
    ring_grant = grant_page(ring_page);
    for (granted = 0; ring_grant >= 0 && granted < BUFFERS; granted++)
        if ((grants[granted] = grant_page(page_of((uint16_t)granted))) < 0)
            return grants[granted];
    return ring_grant < 0 ? ring_grant : 0;
}

static int open_memory(void)
{
    ring_page = pages_allocate(PAGE);
    memory = pages_allocate((size_t)BUFFERS * PAGE);
    if (!ring_page || !memory)
        return -ENOMEM;
    memset(memory, 0, (size_t)BUFFERS * PAGE); /* what was there is nobody else's business */
    free_page = NO_PAGE;
    for (unsigned page = 0; page < BUFFERS; page++) {
        page_after[page] = free_page;
        free_page = (uint16_t)page;
    }
    free_pages = BUFFERS;
    free_parts = SLOTS;
    return grant_all();
}

/* Memory that the other end still has is lost to the image: nothing else may come to lie there. */
static void close_memory(void)
{
    bool kept = false;
    for (unsigned i = 0; i < granted; i++)
        kept |= !xen_grant_end(grants[i]);
    if (memory && !kept)
        pages_free(memory, (size_t)BUFFERS * PAGE);
    if (ring_page && (ring_grant < 0 || xen_grant_end(ring_grant)))
        pages_free(ring_page, PAGE);
    ring_page = memory = NULL;
    granted = 0;
    ring_grant = -1;
}

static void release(void)
{
    if (source)
        interrupt_release(source);
    source = NULL;
}

static int claim(int error, int *grant)
{
    *grant = ring_grant;
    return error ? error : interrupt_claim_line(&source, disk.event);
}

int requests_open(int *grant)
{
    close_memory();
    return claim(open_memory(), grant);
}

void requests_forget(void)
{
    granted = 0;
    ring_grant = -1;
}

/* Pages stay what they are: data to be written, and places for data to be read. */
int requests_open_again(int *grant)
{
    release();
    return claim(grant_all(), grant);
}

/* ---- pages ---- */

static uint16_t take_page(uint16_t before)
{
    uint16_t page = free_page;
    free_page = page_after[page];
    page_after[page] = before;
    free_pages--;
    return page;
}

/* A chain of them, in order. */
static uint16_t take_pages(unsigned count)
{
    uint16_t first = NO_PAGE;
    while (count-- > 0)
        first = take_page(first);
    return first;
}

static void give_pages(uint16_t first)
{
    while (first != NO_PAGE) {
        uint16_t page = first;
        first = page_after[page];
        page_after[page] = free_page;
        free_page = page;
        free_pages++;
    }
}

/* ---- putting ---- */

static void put_segment(volatile struct segment *to, uint16_t page, size_t size)
{
    to->grant = (uint32_t)grants[page];
    to->first = 0;
    to->last = (uint8_t)((size < PAGE ? size : PAGE) / UNIT - 1);
}

static void put_segments(volatile struct segment *to, uint16_t page, unsigned pages, size_t size)
{
    for (; pages > 0; pages--, page = page_after[page], size -= PAGE)
        put_segment(to++, page, size);
}

static void put_direct(enum operation operation, unsigned id, uint64_t at, uint16_t page, unsigned pages, uint64_t size)
{
    volatile struct request *r = &slot(ring.put)->request;
    r->operation = (uint8_t)operation;
    r->segments = (uint8_t)pages; /* of a discard: its flags, and there are none */
    r->handle = (uint16_t)disk.number;
    r->id = id;
    r->at = at / UNIT;
    if (operation == OPERATION_DISCARD)
        r->count = size / UNIT;
    else
        put_segments(r->segment, page, pages, (size_t)size);
}

static void put_indirect(enum operation operation, unsigned id, uint64_t at, uint16_t list, uint16_t page, unsigned pages, size_t size)
{
    volatile struct indirect_request *r = &slot(ring.put)->indirect;
    r->operation = OPERATION_INDIRECT;
    r->real = (uint8_t)operation;
    r->segments = (uint16_t)pages;
    r->handle = (uint16_t)disk.number;
    r->id = id;
    r->at = at / UNIT;
    r->grants[0] = (uint32_t)grants[list];
    put_segments((volatile struct segment *)(void *)page_of(list), page, pages, size);
}

/* What is left of it, or as many pages as the other end takes. */
static void put_piece(unsigned id)
{
    struct part *part = &parts[id];
    uint64_t size = part->left, pages = part->operation <= OPERATION_WRITE ? (size + PAGE - 1) / PAGE : 0;
    if (pages > disk.pages_most) {
        pages = disk.pages_most;
        size = pages * PAGE;
    }
    part->piece_pages = (unsigned)pages;
    if (pages > SEGMENTS)
        put_indirect(part->operation, id, part->at, part->pages, part->piece, (unsigned)pages, (size_t)size);
    else
        put_direct(part->operation, id, part->at, part->piece, (unsigned)pages, size);
    uint32_t before = ring.put++;
    if (xen_front_show(&ring, before))
        xen_event_send(disk.event);
}

void requests_repeat(void)
{
    for (unsigned id = 0; id < SLOTS; id++)
        if (parts[id].call)
            put_piece(id);
}

/* ---- answers ---- */

static void wake_starving(void)
{
    struct call *call = calls;
    while (call && !call->starving)
        call = call->next;
    if (call)
        task_wake(call->task);
}

static void finish(struct part *part, int result)
{
    struct call *call = part->call;
    size_t left = part->to && !result ? part->size : 0;
    char *to = part->to;
    for (uint16_t page = part->data; left > 0; page = page_after[page]) {
        size_t size = left < PAGE ? left : PAGE;
        memcpy(to, page_of(page), size);
        to += size;
        left -= size;
    }
    give_pages(part->pages);
    *part = (struct part){};
    free_parts++;
    if (result && !call->result)
        call->result = result;
    call->pending--;
    task_wake(call->task);
}

static void answered(unsigned id, int result)
{
    struct part *part = &parts[id];
    uint64_t size = (uint64_t)part->piece_pages * PAGE;
    if (result || part->piece_pages == 0 || size >= part->left) {
        finish(part, result);
        return;
    }
    for (; part->piece_pages > 0; part->piece_pages--)
        part->piece = page_after[part->piece];
    part->at += size;
    part->left -= size;
    put_piece(id);
}

static int result_of(int16_t status)
{
    return status == STATUS_OK ? 0 : status == STATUS_UNSUPPORTED ? -ENOTSUP : -EIO;
}

/* Whether there were any. */
static bool collect(void)
{
    int count = disk.open ? xen_front_answers(&ring) : 0;
    for (int i = 0; i < count; i++) {
        volatile struct answer *answer = &slot(ring.taken++)->answer;
        uint64_t id = answer->id;
        int16_t status = answer->status;
        if (id >= SLOTS || !parts[id].call) {
            count = -1;
            break;
        }
        answered((unsigned)id, result_of(status));
    }
    if (count < 0)
        disk_broken();
    else if (count > 0)
        wake_starving();
    return count != 0;
}

void requests_settle(void)
{
    int64_t end = xen_now() + NANOSECONDS_PER_SECOND;
    while (disk.open && free_parts < SLOTS && xen_now() < end)
        if (!collect()) {
            xen_event_taken(disk.event);
            xen_event_wait(&disk.event, 1, xen_now() + LOOK);
        }
}

void requests_fail(void)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (parts[i].call)
            finish(&parts[i], -EIO);
    for (struct call *call = calls; call; call = call->next)
        task_wake(call->task);
    release();
}

/* ---- waiting ---- */

/* The first of the row is told of the next answer.  False: there is one already. */
static bool arm(void)
{
    interrupt_arm(source, calls->task);
    return xen_front_arm(&ring);
}

/* A task that was cancelled cannot park, and what the disk has begun cannot be taken back: the image sleeps as a whole. */
static void sleep_alone(void)
{
    xen_event_taken(disk.event);
    if (disk.open && xen_front_arm(&ring))
        xen_event_wait(&disk.event, 1, xen_now() + LOOK);
}

/* Returns when something may have changed. */
static void wait(const struct call *call)
{
    if (!disk_ready() || collect() || !disk.open || (call == calls && !arm()))
        return;
    if (task_park(DEADLINE_NEVER) == -ECANCELED)
        sleep_alone();
}

static void enter(struct call *call)
{
    struct call **at = &calls;
    while (*at)
        at = &(*at)->next;
    *at = call;
}

static void leave(struct call *call)
{
    struct call **at = &calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (source && !calls)
        interrupt_arm(source, NULL);
    else if (calls && (!disk.open || (at == &calls && !arm())))
        task_wake(calls->task);
    wake_starving();
}

/* ---- requests ---- */

/* Who came first is served first.  How many pages a request of the call's may have; `wanted` may be 0. */
static bool has_room(const struct call *call, uint64_t wanted, unsigned *pages)
{
    for (const struct call *before = calls; before != call; before = before->next)
        if (before->starving)
            return false;
    unsigned most = free_pages <= SEGMENTS || disk.pages_most <= SEGMENTS ? free_pages : free_pages - 1; /* one for the list of the others */
    most = most < disk.pages_most ? most : disk.pages_most;
    *pages = wanted < most ? (unsigned)wanted : most;
    return free_parts > 0 && (*pages > 0 || wanted == 0);
}

static void fill(uint16_t page, const char *from, size_t size)
{
    for (size_t part; size > 0; page = page_after[page], size -= part) {
        part = size < PAGE ? size : PAGE;
        if (!from) {
            memset(page_of(page), 0, part);
            continue;
        }
        memcpy(page_of(page), from, part);
        from += part;
    }
}

static void submit(struct call *call, enum operation operation, uint64_t at, char *buffer, uint64_t size, unsigned pages)
{
    unsigned id = 0;
    while (parts[id].call)
        id++;
    uint16_t page = take_pages(pages), all = page;
    if (operation == OPERATION_WRITE)
        fill(page, buffer, (size_t)size);
    if (pages > SEGMENTS)
        all = take_page(page); /* for the list of the others */
    parts[id] = (struct part){.call = call, .to = operation == OPERATION_READ ? buffer : NULL, .size = (size_t)size, .pages = all, .data = page,
                              .operation = operation, .at = at, .left = size, .piece = page};
    free_parts--;
    call->pending++;
    put_piece(id);
}

/* The next request, if there is room: how many bytes it is about. */
static uint64_t submit_next(struct call *call, enum operation operation, uint64_t at, char *buffer, uint64_t size)
{
    bool data = operation <= OPERATION_WRITE;
    uint64_t wanted = data ? (size + PAGE - 1) / PAGE : 0;
    unsigned pages;
    if (!has_room(call, wanted, &pages))
        return 0;
    uint64_t part = data && pages < wanted ? (uint64_t)pages * PAGE : size;
    submit(call, operation, at, buffer, part, pages);
    return part;
}

int requests_run(enum operation operation, uint64_t at, void *buffer, uint64_t size)
{
    struct call call = {.task = task_self()};
    char *next = buffer;
    enter(&call);
    for (uint64_t part; !call.result && size > 0; at += part, size -= part) {
        if (!disk_ready())
            call.result = -EIO;
        else if ((part = submit_next(&call, operation, at, next, size)) > 0)
            next = next ? next + part : NULL;
        else
            call.starving = true, wait(&call), part = 0;
    }
    call.starving = false;
    while (call.pending > 0)
        wait(&call);
    leave(&call);
    return call.result;
}
