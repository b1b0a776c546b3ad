/*
 * epoll_loop.c - readiness of descriptors by one edge-triggered epoll.
 *
 * A descriptor is registered once for both directions.  epoll remembers a
 * source by index and generation, so that an event of a descriptor that lives on
 * elsewhere (in a child process, say) after its source is gone is not taken for another's.
 * Sources are never given back to malloc before stop, only to a free list.
 */
#include "epoll_loop.h"

#include "clock.h"
#include "keys.h"
#include "signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <ukc/deadline.h>
#include <ukc/syscall_arch.h>
#include <unistd.h>

enum { BATCH = 256, SLAB = 64 };

struct epoll_loop_source {
    int descriptor;
    uint32_t index, generation;
    bool ready[2], final[2]; /* final: end of stream or error, ready for good */
    void *cookie[2];
    struct epoll_loop_source *next_free;
};

/* Never the data of a source: its generation is odd, those of sources in use are even. */
static const uint64_t stop_request = UINT64_MAX;

static int epoll = -1;
static struct epoll_loop_source **slabs;
static size_t slab_count;
static struct epoll_loop_source *free_sources;
static size_t armed; /* cookies handed in */
static bool stop_pending;
static bool coarse; /* the kernel has no epoll_pwait2 (Linux before 5.11) */

/* ---- sources ---- */

static bool more_sources(void)
{
    struct epoll_loop_source **larger = realloc(slabs, (slab_count + 1) * sizeof *slabs);
    if (!larger)
        return false;
    slabs = larger;
    struct epoll_loop_source *slab = calloc(SLAB, sizeof *slab);
    if (!slab)
        return false;
    for (size_t i = SLAB; i-- > 0;) {
        slab[i].index = (uint32_t)(slab_count * SLAB + i);
        slab[i].generation = 1;
        slab[i].next_free = free_sources;
        free_sources = &slab[i];
    }
    slabs[slab_count++] = slab;
    return true;
}

static struct epoll_loop_source *source_of(uint64_t data)
{
    uint32_t index = (uint32_t)data, generation = (uint32_t)(data >> 32);
    if (index / SLAB >= slab_count)
        return NULL;
    struct epoll_loop_source *source = &slabs[index / SLAB][index % SLAB];
    return source->generation == generation ? source : NULL;
}

int epoll_loop_watch(struct epoll_loop_source **out, int descriptor)
{
    if (!free_sources && !more_sources())
        return -ENOMEM;
    struct epoll_loop_source *source = free_sources;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.u64 = (uint64_t)(source->generation + 1) << 32 | source->index,
    };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        return -errno;
    free_sources = source->next_free;
    source->generation++;
    source->descriptor = descriptor;
    source->ready[EVENTS_READ] = source->ready[EVENTS_WRITE] = true;
    source->final[EVENTS_READ] = source->final[EVENTS_WRITE] = false;
    source->cookie[EVENTS_READ] = source->cookie[EVENTS_WRITE] = NULL;
    *out = source;
    return 0;
}

static void release(struct epoll_loop_source *source)
{
    epoll_loop_arm(source, EVENTS_READ, NULL);
    epoll_loop_arm(source, EVENTS_WRITE, NULL);
    source->generation++;
    source->next_free = free_sources;
    free_sources = source;
}

void epoll_loop_unwatch(struct epoll_loop_source *source)
{
    struct epoll_event unused = {0};
    epoll_ctl(epoll, EPOLL_CTL_DEL, source->descriptor, &unused);
    release(source);
}

/* Closing the last descriptor of a file also takes it out of epoll (epoll(7)). */
void epoll_loop_close(struct epoll_loop_source *source)
{
    close(source->descriptor);
    release(source);
}

bool epoll_loop_ready(const struct epoll_loop_source *source, enum events_direction direction)
{
    return source->ready[direction];
}

void epoll_loop_exhausted(struct epoll_loop_source *source, enum events_direction direction)
{
    source->ready[direction] = source->final[direction];
}

void epoll_loop_arm(struct epoll_loop_source *source, enum events_direction direction, void *cookie)
{
    armed += (cookie != NULL) - (size_t)(source->cookie[direction] != NULL);
    source->cookie[direction] = cookie;
}

/* ---- waiting ---- */

/* What epoll said about one direction; returns the number of cookies stored: 0 or 1. */
static size_t mark(struct epoll_loop_source *source, enum events_direction direction, bool ready, bool final, void **woken)
{
    if (!ready && !final)
        return 0;
    source->ready[direction] = true;
    source->final[direction] |= final;
    void *cookie = source->cookie[direction];
    if (!cookie)
        return 0;
    *woken = cookie;
    epoll_loop_arm(source, direction, NULL);
    return 1;
}

static int kernel_wait(int64_t deadline, struct epoll_event *events, int capacity)
{
    if (deadline == DEADLINE_NEVER)
        return epoll_wait(epoll, events, capacity, -1);
    int64_t left = deadline <= DEADLINE_NOW ? 0 : deadline - clock_now();
    if (left <= 0)
        return epoll_wait(epoll, events, capacity, 0);
#ifdef SYS_epoll_pwait2
    if (!coarse) {
        struct timespec timeout = {left / NANOSECONDS_PER_SECOND, left % NANOSECONDS_PER_SECOND};
        /* musl has no function for it, and its syscall() could make any call: the image would have no filter (seccomp.c) */
        int count = (int)__syscall6(SYS_epoll_pwait2, epoll, (long)(uintptr_t)events, capacity, (long)(uintptr_t)&timeout, 0, 0);
        if (count != -ENOSYS)
            return count < 0 ? (errno = -count, -1) : count;
        coarse = true;
    }
#endif
    int64_t milliseconds = left / NANOSECONDS_PER_MILLISECOND + 1;
    return epoll_wait(epoll, events, capacity, milliseconds > 3600000 ? 3600000 : (int)milliseconds);
}

static int deadlock(void)
{
    static const char message[] = "deadlock: every task waits, and nothing outside can wake one\n";
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written;
    return -EDEADLK;
}

int epoll_loop_wait(int64_t deadline, void **woken, size_t capacity)
{
    static struct epoll_event events[BATCH]; /* static: not on the stack of every task that ever waits */
    if (stop_pending) {
        stop_pending = false;
        return -ECANCELED;
    }
    if (deadline == DEADLINE_NEVER && armed == 0)
        return deadlock();
    size_t most = capacity / 2 < BATCH ? capacity / 2 : BATCH;
    int count = kernel_wait(deadline, events, (int)most);
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    size_t stored = 0;
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == stop_request) {
            stop_pending |= signals_taken();
            continue;
        }
        struct epoll_loop_source *source = source_of(events[i].data.u64);
        if (!source)
            continue;
        uint32_t what = events[i].events;
        bool gone = what & (EPOLLHUP | EPOLLERR);
        stored += mark(source, EVENTS_READ, what & EPOLLIN, gone || what & EPOLLRDHUP, woken + stored);
        stored += mark(source, EVENTS_WRITE, what & EPOLLOUT, gone, woken + stored);
    }
    if (stored == 0 && stop_pending) {
        stop_pending = false;
        return -ECANCELED;
    }
    return (int)stored;
}

/* ---- start and stop ---- */

int epoll_loop_start(void)
{
    if (getenv("UKC_SWITCH")) { /* switch_host/protocol.h: ukc-switch would wait for it in vain */
        fputs("epoll_loop: this image is no host for ukc-switch: configure it with '--set net=native --set link=switch', and build it\n", stderr);
        return -ENOTSUP;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return -errno;
#if KEY_SIGNALS
    int descriptor = signals_open();
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = stop_request};
    int error = descriptor < 0 ? descriptor : epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
    if (error) {
        epoll_loop_stop();
        return error;
    }
#endif
    return 0;
}

void epoll_loop_stop(void)
{
    signals_close();
    if (epoll >= 0)
        close(epoll);
    epoll = -1;
    for (size_t i = 0; i < slab_count; i++)
        free(slabs[i]);
    free(slabs);
    slabs = NULL;
    free_sources = NULL;
    slab_count = armed = 0;
    stop_pending = false;
}
