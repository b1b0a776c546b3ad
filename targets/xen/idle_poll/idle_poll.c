/*
 * idle_poll.c - sleeps in Xen until an event channel is told of, or until the deadline: one hypercall (SCHEDOP_poll), which takes
 * the channels and the end of the wait.
 *
 * Interrupts stay off for ever.  A channel's bit is what the hypervisor keeps until somebody looks, so nothing is lost between a driver's look at its
 * ring and its arming.
 */
#include "idle_poll.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>
#include <ukc/xen.h>
#include <ukc/xen_bus.h>
#include <ukc/xen_store.h>

#include "clock.h"
#include "keys.h"

enum { SOURCES = 64, STATUS_TOO_LATE = 124 };

struct idle_poll_source {
    void *cookie;
    uint32_t event; /* 0: none any more, or never claimed */
    bool claimed, taken;
    bool due; /* told of since the last look */
};

static struct idle_poll_source sources[SOURCES], *sources_end = sources; /* behind the last one that was ever claimed */

int idle_poll_claim_message(struct idle_poll_source **, struct interrupt_message *)
{
    return -ENOSPC;
}

int idle_poll_claim_line(struct idle_poll_source **source, unsigned line)
{
    if (line == 0 || line >= XEN_EVENTS)
        return -ENODEV;
    for (struct idle_poll_source *s = sources; s < sources + SOURCES; s++)
        if (!s->claimed) {
            *s = (struct idle_poll_source){.claimed = true, .event = line};
            sources_end = s < sources_end ? sources_end : s + 1;
            *source = s;
            return 0;
        }
    return -ENOSPC;
}

void idle_poll_release(struct idle_poll_source *source)
{
    *source = (struct idle_poll_source){};
}

bool idle_poll_taken(struct idle_poll_source *source)
{
    bool taken = source->taken;
    source->taken = false;
    return taken;
}

void idle_poll_arm(struct idle_poll_source *source, void *cookie)
{
    source->cookie = cookie;
}

/* ---- the toolstack's wish (docs/misc/xenstore-paths.pandoc: control/shutdown) ---- */

static struct idle_poll_source *store;
static bool stopping; /* asked to, and not told yet */
static bool told;     /* drivers were: tasks may be able to run */
static int64_t stop_by = DEADLINE_NEVER; /* when it has to have stopped */

static void listen(void)
{
    static const char *const features[] = {"control/feature-poweroff", "control/feature-reboot", "control/feature-suspend"};
    if (xen_store_watch("control/shutdown", "shutdown") != 0)
        return;
    xen_store_watch(XEN_MEMORY_TARGET, "memory");
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        xen_store_write(XEN_STORE_ALONE, features[i], "1");
}

int idle_poll_start(void)
{
    if (xen_store_event() && idle_poll_claim_line(&store, xen_store_event()) == 0)
        listen();
    return 0;
}

/* Whoever waits looks again. */
static void tell_all(void)
{
    told = true;
    for (struct idle_poll_source *s = sources; s < sources_end; s++)
        s->taken = s->due = s->claimed;
}

/* Afterwards the channels of the store and the console may have other numbers, and those of devices are gone, until their drivers claim new ones. */
static void suspend(void)
{
    uint32_t store_before = xen_store_event(), console_before = xen_console_event();
    if (!xen_suspend())
        return;
    uint32_t store_now = xen_store_event(), console_now = xen_console_event();
    for (struct idle_poll_source *s = sources; s < sources_end; s++)
        s->event = s->event == store_before ? store_now : s->event == console_before ? console_now : 0;
    tell_all();
    listen();
}

/* Once it has been told, its time runs; a second wish does not lengthen it. */
static void tell_to_stop(void)
{
    stopping = false;
    if (KEY_STOP_TIME > 0 && stop_by == DEADLINE_NEVER)
        stop_by = clock_now() + KEY_STOP_TIME * NANOSECONDS_PER_SECOND;
}

static void end_if_late(void)
{
    static const char message[] = "told to stop, and still running when the time for it was over (the key 'stop_time'): it is ended\n";
    if (stop_by == DEADLINE_NEVER || clock_now() < stop_by)
        return;
    machine_print(message, sizeof message - 1);
    machine_end(STATUS_TOO_LATE);
}

enum { WISH_MOST = 16 };

/* What was asked is answered by taking it away.  Where that is not allowed it is done all the same. */
static int take_wish(uint32_t transaction, void *wish)
{
    int got = xen_store_read(transaction, "control/shutdown", wish, WISH_MOST);
    if (got <= 0)
        return got ? got : -ENOENT;
    return xen_store_write(transaction, "control/shutdown", "") == -EAGAIN ? -EAGAIN : 0;
}

/* Together: a wish that comes in between is not taken away unread, and one that was withdrawn is not fulfilled.  Who changes it is heard of again. */
static void read_wish(void)
{
    char wish[WISH_MOST];
    if (xen_store_write_together(take_wish, wish) != 0)
        return;
    if (strcmp(wish, "suspend") == 0)
        suspend();
    bool restart = strcmp(wish, "reboot") == 0;
    if (restart)
        xen_restart();
    stopping |= restart || strcmp(wish, "poweroff") == 0 || strcmp(wish, "halt") == 0;
}

/* ---- memory that the toolstack wants the domain to have ---- */

static int64_t balloon_again = DEADLINE_NEVER; /* when it is tried again: what was in use may be free, and what Xen had not it may have */

static void balloon(void)
{
    balloon_again = xen_balloon() ? DEADLINE_NEVER : clock_now() + NANOSECONDS_PER_SECOND;
}

/* A few, and the rest with the next look: who may write a key that is watched, as a device's other end may, would keep tasks from running for ever. */
static void look_at_store(void)
{
    enum { TURN = 8 };
    char token[32];
    for (unsigned turn = 0; xen_store_changed(token, sizeof token); turn++) {
        if (strcmp(token, "shutdown") == 0)
            read_wish();
        if (strcmp(token, "memory") == 0)
            balloon();
        if (strcmp(token, XEN_DEVICES_TOKEN) == 0) {
            xen_devices_tell(XEN_NEWS_STORE);
            tell_all();
        }
        if (turn == TURN) {
            told = true;
            return;
        }
    }
}

/* A bit is taken for all sources of its channel. */
static void mark(void)
{
    for (struct idle_poll_source *s = sources; s < sources_end; s++)
        if (s->event && xen_event_taken(s->event))
            for (struct idle_poll_source *other = sources; other < sources_end; other++)
                if (other->event == s->event)
                    other->taken = other->due = true;
}

static int gather(void **woken, size_t capacity)
{
    size_t count = 0;
    told = false;
    end_if_late();
    mark();
    if (store) /* what it told while it was asked something is there already */
        look_at_store();
    if (balloon_again != DEADLINE_NEVER && clock_now() >= balloon_again)
        balloon();
    for (struct idle_poll_source *s = sources; s < sources_end; s++) {
        if (s->due && s->cookie) {
            if (count == capacity)
                break; /* the rest with the next call */
            woken[count++] = s->cookie;
            s->cookie = NULL;
        }
        s->due = false;
    }
    if (count == 0 && stopping) {
        tell_to_stop();
        return -ECANCELED;
    }
    return (int)count;
}

/* The channels that somebody waits for: those are enough, because every other one is looked at before the next sleep anyway. */
static unsigned awaited(uint32_t *events)
{
    unsigned count = 0;
    for (const struct idle_poll_source *s = sources; s < sources_end; s++)
        if (s->event && (s->cookie || s == store))
            events[count++] = s->event;
    return count;
}

static bool anybody_waits(void)
{
    for (const struct idle_poll_source *s = sources; s < sources_end; s++)
        if (s->cookie)
            return true;
    return false;
}

int idle_poll_wait(int64_t deadline, void **woken, size_t capacity)
{
    uint32_t events[SOURCES];
    int count = gather(woken, capacity);
    if (count != 0 || told || deadline <= DEADLINE_NOW)
        return count;
    if (deadline == DEADLINE_NEVER && !anybody_waits()) {
        static const char message[] = "deadlock: every task waits, and nothing outside can wake one\n";
        machine_print(message, sizeof message - 1);
        return -EDEADLK;
    }
    deadline = deadline < balloon_again ? deadline : balloon_again;
    deadline = deadline < stop_by ? deadline : stop_by;
    int64_t left = deadline == DEADLINE_NEVER ? 0 : deadline - clock_now();
    if (left >= 0)
        xen_event_wait(events, awaited(events), left ? xen_now() + left : 0);
    return gather(woken, capacity);
}
