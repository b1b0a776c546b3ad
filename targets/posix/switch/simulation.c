/*
 * simulation.c - the loop over what comes next: first frames that arrive at a
 * time, then the hosts whose turn it is then, so that a host hears of all that came with it.
 */
#include "simulation.h"

#include "expand.h"
#include "host.h"
#include "memory.h"
#include "network.h"
#include "output.h"
#include "queue.h"
#include "trace.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WALL INT64_C(1767225600000000000) /* 2026-01-01T00:00:00Z, at virtual time 0 */
enum { REPEATS = 100000 };                /* turns of a host that no time separates */

struct simulation {
    const struct settings *settings;
    struct queue queue;
    struct turns turns;
    struct trace trace;
    struct network *network;
    struct host *hosts;
    size_t alive, needed; /* hosts that have not ended; of them those that do not serve */
    size_t failed;
    int64_t now, limit;
    bool stopping;
    int output;
};

static volatile sig_atomic_t interrupted;

void simulation_interrupt(void)
{
    interrupted = 1;
}

/* ---- hosts ---- */

static void send_frame(void *context, uint32_t host, const uint8_t *frame, size_t size)
{
    struct simulation *s = context;
    network_send(s->network, s->now, host, frame, size);
}

static int64_t round_up(int64_t time, int64_t multiple)
{
    return multiple == 0 || time % multiple == 0 ? time : time + multiple - time % multiple;
}

static void receive_frame(void *context, int64_t now, uint32_t number, struct frame *frame)
{
    struct simulation *s = context;
    struct host *host = &s->hosts[number];
    if (host->state != HOST_ALIVE) {
        trace_frame(&s->trace, TRACE_ABSENT, now, number, frame);
        frame_drop(frame);
        return;
    }
    trace_frame(&s->trace, TRACE_RECEIVED, now, number, frame);
    if (host->inbox_count == host->inbox_room)
        host->inbox = memory_grow(host->inbox, &host->inbox_room, sizeof *host->inbox);
    host->inbox[host->inbox_count++] = frame;
    turns_hasten(&s->turns, number, round_up(now, s->settings->coalesce));
}

static void stop_all(struct simulation *s)
{
    s->stopping = true;
    s->limit = s->settings->grace > NEVER - s->now ? NEVER : s->now + s->settings->grace;
    for (uint32_t i = 0; i < s->settings->hosts; i++) {
        s->hosts[i].stop = true;
        if (s->hosts[i].state != HOST_ENDED)
            turns_set(&s->turns, i, s->now);
    }
}

static void host_ended(struct simulation *s, uint32_t number)
{
    struct host *host = &s->hosts[number];
    turns_set(&s->turns, number, NEVER);
    output_show(number + 1);
    trace_end(&s->trace, s->now, number, host->status);
    s->alive--;
    s->needed -= !host->group->serves;
    if (host->failure[0]) {
        s->failed++;
        fflush(stdout);
        fprintf(stderr, "ukc-switch: host %u (%s) %s, at %" PRId64 ".%09" PRId64 " s\n", host->number, host->group->image, host->failure,
                s->now / 1000000000, s->now % 1000000000);
    }
    if (s->needed == 0 && !s->stopping)
        stop_all(s);
}

/* A program that asks again and again for a turn at the same time would make time stand still. */
static bool makes_progress(struct simulation *s, struct host *host)
{
    host->repeated = host->last_turn == s->now ? host->repeated + 1 : 0;
    host->last_turn = s->now;
    if (host->repeated < REPEATS)
        return true;
    host_kill(host, "goes on and on without waiting for time to go by, and was killed");
    return false;
}

static void take_turn(struct simulation *s, uint32_t number)
{
    struct host *host = &s->hosts[number];
    struct host_report report;
    bool goes_on;
    s->trace.count[TRACE_TURNS]++;
    if (host->state == HOST_NEW)
        goes_on = host_start(host, s->settings, s->now, WALL, s->output, &report, send_frame, s);
    else
        goes_on = makes_progress(s, host) && host_turn(host, s->settings, s->now, &report, send_frame, s);
    if (!goes_on) {
        host_ended(s, number);
        return;
    }
    s->trace.count[TRACE_UNREAD] += report.unread;
    output_show(number + 1);
    turns_hasten(&s->turns, number, report.deadline > s->now ? report.deadline : s->now);
}

/* ---- the loop ---- */

/* Nothing will happen, or the time is over: the first time all are asked to stop, then they are killed. */
static void give_up(struct simulation *s, const char *why)
{
    if (!s->stopping) {
        stop_all(s);
        return;
    }
    for (uint32_t i = 0; i < s->settings->hosts; i++)
        if (s->hosts[i].state != HOST_ENDED) {
            host_kill(&s->hosts[i], why);
            host_ended(s, i);
        }
}

static void run(struct simulation *s)
{
    while (s->alive > 0) {
        int64_t frame = queue_time(&s->queue), turn = turns_time(&s->turns), next = frame < turn ? frame : turn;
        if (interrupted && !s->stopping) {
            stop_all(s);
        } else if (next > s->limit) {
            s->now = s->limit;
            give_up(s, "did not stop when it was asked to, and was killed");
        } else if (next == NEVER) {
            fprintf(stderr, "ukc-switch: nothing can happen any more: %zu hosts wait for ever\n", s->alive);
            s->failed++;
            give_up(s, "waits for ever, and was killed");
        } else {
            s->now = next;
            s->trace.count[TRACE_EVENTS]++;
            if (frame <= turn) {
                struct passage passage = queue_take(&s->queue);
                network_pass(s->network, &passage);
            } else
                take_turn(s, turns_take(&s->turns));
        }
    }
}

/* ---- beginning and end ---- */

static bool add_hosts(struct simulation *s)
{
    uint32_t number = 0;
    for (size_t g = 0; g < s->settings->group_count; g++) {
        const struct group *group = &s->settings->groups[g];
        for (uint32_t i = 0; i < group->count; i++, number++) {
            const char *reason;
            struct expand_names names = {.n = number + 1, .i = i + 1, .hosts = s->settings->hosts};
            struct host *host = &s->hosts[number];
            *host = (struct host){.number = number + 1, .group = group, .link = -1, .last_turn = -1,
                                  .arguments = expand(group->arguments, &names, &reason)};
            if (!host->arguments) {
                fprintf(stderr, "ukc-switch: %s:%s: %s\n", group->image, group->arguments, reason);
                return false;
            }
            turns_set(&s->turns, number, number * s->settings->stagger);
            s->alive++;
            s->needed += !group->serves;
        }
    }
    return true;
}

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool report(struct simulation *s, double real)
{
    printf("hosts %u\nhosts.failed %zu\ntime %" PRId64 ".%09" PRId64 "\n", s->settings->hosts, s->failed, s->now / 1000000000,
           s->now % 1000000000);
    char hash[TRACE_HASH];
    bool written = trace_close(&s->trace, hash);
    trace_print(&s->trace, hash);
    written = fflush(stdout) == 0 && written;
    fprintf(stderr, "ukc-switch: %.2f s, %.0f events/s, %.0f turns/s\n", real, (double)s->trace.count[TRACE_EVENTS] / real,
            (double)s->trace.count[TRACE_TURNS] / real);
    return written;
}

static void dispose(struct simulation *s)
{
    while (queue_time(&s->queue) != NEVER)
        frame_drop(queue_take(&s->queue).frame);
    queue_dispose(&s->queue);
    turns_dispose(&s->turns);
    network_free(s->network);
    for (uint32_t i = 0; i < s->settings->hosts; i++)
        free(s->hosts[i].arguments);
    free(s->hosts);
    host_unlisten();
    close(s->output);
}

int simulation_run(const struct settings *settings)
{
    struct simulation s = {.settings = settings, .limit = settings->until};
    s.output = output_open(settings->quiet);
    if (s.output < 0 || !trace_open(&s.trace, settings->record, WALL))
        return 3;
    s.hosts = memory_get(settings->hosts, sizeof *s.hosts);
    turns_init(&s.turns, settings->hosts);
    s.network = network_new(settings, &s.queue, &s.trace, receive_frame, &s);
    int status = 2;
    if (add_hosts(&s)) {
        if (s.needed == 0)
            s.needed = 1; /* all serve: until the time is over, or somebody interrupts */
        double began = seconds();
        run(&s);
        status = !report(&s, seconds() - began) ? 3 : s.failed > 0 ? 1 : 0;
    }
    dispose(&s);
    return status;
}
