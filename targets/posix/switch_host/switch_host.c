/*
 * switch_host.c - a host in a simulation: whatever it does takes no time, and time
 * goes by only while all its tasks wait.
 *
 * Random bytes are a ChaCha20 stream with a key from the switch.  Whoever
 * knows the simulation's seed knows them: they are for simulations only.
 */
#include "switch_host.h"

#include "chacha.h"
#include "exchange.h"
#include "keys.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <unistd.h>

/* A program that only looks, over and over, would never see time go by: each so many looks take a microsecond. */
enum { LOOKS = 64, LOOK_TIME = 1000 };

static struct welcome self;
static struct chacha random_stream;
static int64_t now;
static void *waiting; /* cookie of who waits for a frame */
static bool stop_pending;
static unsigned looks;

int switch_host_start(void)
{
    int error = exchange_open(KEY_SOCKET, &self);
    if (error)
        return error;
    chacha_start(&random_stream, self.random);
    now = self.now;
    waiting = NULL;
    stop_pending = false;
    looks = 0;
    return 0;
}

void switch_host_stop(void)
{
    exchange_close();
}

/* ---- the cable ---- */

void switch_host_identity(uint8_t mac[6], uint16_t *mtu)
{
    memcpy(mac, self.mac, sizeof self.mac);
    *mtu = self.mtu;
}

ptrdiff_t switch_host_take(void *frame, size_t size)
{
    size_t have;
    const uint8_t *bytes = exchange_first(&have);
    if (!bytes)
        return 0;
    if (have <= size)
        memcpy(frame, bytes, have);
    exchange_drop();
    return have <= size ? (ptrdiff_t)have : -EMSGSIZE;
}

void switch_host_notify(void *cookie)
{
    waiting = cookie;
}

void switch_host_put(const struct view *views, size_t count, size_t size)
{
    uint8_t *at = exchange_frame(size);
    for (size_t i = 0; i < count; at += views[i].size, i++)
        if (views[i].size > 0)
            memcpy(at, views[i].bytes, views[i].size);
}

/* ---- time and chance ---- */

int64_t switch_host_now(void)
{
    return now;
}

int64_t switch_host_wall(void)
{
    return self.wall + now;
}

int64_t switch_host_resolution(void)
{
    return 1;
}

void switch_host_fill(void *bytes, size_t size)
{
    chacha_fill(&random_stream, bytes, size);
}

/* ---- waiting ---- */

static int hand_back(void **woken)
{
    size_t size;
    if (!waiting || !exchange_first(&size))
        return 0;
    woken[0] = waiting;
    waiting = NULL;
    return 1;
}

static int deadlock(void)
{
    static const char message[] = "deadlock: every task waits, and nothing outside can wake one\n";
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written;
    return -EDEADLK;
}

int switch_host_wait(int64_t deadline, void **woken, size_t capacity)
{
    (void)capacity; /* at least 2: one is enough */
    bool looking = deadline <= now, stop;
    int count = hand_back(woken);
    if (count > 0 || (looking && ++looks < LOOKS))
        return count;
    if (stop_pending) {
        stop_pending = false;
        return -ECANCELED;
    }
    if (deadline == DEADLINE_NEVER && !waiting)
        return deadlock();
    looks = 0;
    now = exchange_turn(looking ? now + LOOK_TIME : deadline, &stop);
    stop_pending |= stop;
    count = hand_back(woken);
    if (count == 0 && stop_pending) {
        stop_pending = false;
        return -ECANCELED;
    }
    return count;
}
