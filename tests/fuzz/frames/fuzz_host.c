/* fuzz_host.c - hands everything on to the world (world.h), which is outside the image. */
#include "fuzz_host.h"

#include <errno.h>
#include <ukc/deadline.h>

static void *receiver, *actor; /* cookies of who waits for a frame, and for an action */
static struct action action;
static bool has_action;
static unsigned looks;

enum { LOOKS = 64, LOOK_TIME = 1000 }; /* a program that only looks would never see time go by */

/* ---- actions ---- */

bool fuzz_host_get(struct action *next)
{
    bool there = has_action;
    *next = action;
    has_action = false;
    return there;
}

void fuzz_host_notify(void *cookie)
{
    actor = cookie;
}

/* ---- the cable ---- */

void fuzz_host_await(void *cookie)
{
    receiver = cookie;
}

/* ---- the console: nobody reads it ---- */

int fuzz_host_write(const void *bytes, size_t size)
{
    (void)bytes, (void)size;
    return 0;
}

ptrdiff_t fuzz_host_read(void *buffer, size_t size, int64_t deadline)
{
    (void)buffer, (void)size, (void)deadline;
    return 0;
}

ptrdiff_t fuzz_host_read_line(char *line, size_t size, int64_t deadline)
{
    (void)line, (void)size, (void)deadline;
    return -ENODATA;
}

/* ---- time and chance ---- */

int64_t fuzz_host_now(void)
{
    return world_now();
}

int64_t fuzz_host_wall(void)
{
    return world_now();
}

int64_t fuzz_host_resolution(void)
{
    return 1;
}

void fuzz_host_fill(void *bytes, size_t size)
{
    world_random(bytes, size);
}

/* ---- waiting ---- */

static int hand_back(void **woken, void **cookie)
{
    *woken = *cookie;
    *cookie = NULL;
    return 1;
}

int fuzz_host_wait(int64_t deadline, void **woken, size_t capacity)
{
    (void)capacity;
    bool looking = deadline <= world_now();
    if (looking && ++looks < LOOKS)
        return 0;
    looks = 0;
    switch (world_turn(looking ? world_now() + LOOK_TIME : deadline, receiver, actor)) {
    case TURN_FRAME: return hand_back(woken, &receiver);
    case TURN_ACTION:
        world_action(&action);
        has_action = true;
        return hand_back(woken, &actor);
    case TURN_STOP: return -ECANCELED;
    default: return 0;
    }
}
