/*
 * timers.c - lwIP's periodic functions, run only while they have something to do.
 *
 * This stands for lwIP's timeouts.c, which would run all of them all the time.
 */
#include "timers.h"

#include "clock.h"
#include "task.h"

#include <errno.h>
#include <stddef.h>
#include <ukc/deadline.h>

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"

#include "link.h"
#include "memory.h"

enum {
    CALM = 2,         /* seconds without a frame, after which the tables of neighbours tick slowly */
    CALM_ANYHOW = 10, /* and while somebody in them is waited for */
    SLOW = 60,        /* seconds of such a slow tick */
    MOST = 30000,     /* seconds that are made up for at once: lwIP counts them in 16 bits */
};
#define MILLISECOND NANOSECONDS_PER_MILLISECOND
#define RETRY MILLISECOND
#define RETRY_MOST (64 * MILLISECOND)

bool timers_dormant, timers_retried;
uint32_t timers_frames;

[[maybe_unused]] static bool something_to_put_together(void);
[[maybe_unused]] static bool reports_to_send(void);

static const struct timer {
    uint32_t interval; /* milliseconds */
    void (*run)(void);
    bool slowly; /* has seconds that may be made up for at once, lwip_seconds of them */
    bool (*needed)(void); /* NULL: always */
} timers[] = {
    {TCP_TMR_INTERVAL, tcp_tmr, false, NULL}, /* a case of its own: tcp_tick */
#if LWIP_ARP
    {ARP_TMR_INTERVAL, etharp_tmr, true, NULL},
#endif
#if LWIP_IPV4 && IP_REASSEMBLY
    {IP_TMR_INTERVAL, ip_reass_tmr, false, something_to_put_together},
#endif
#if LWIP_DHCP
    {DHCP_FINE_TIMER_MSECS, dhcp_fine_tmr, false, link_dhcp_waits},
    {DHCP_COARSE_TIMER_MSECS, dhcp_coarse_tmr, false, NULL},
#endif
#if LWIP_IPV6
    {ND6_TMR_INTERVAL, nd6_tmr, true, NULL},
#endif
#if LWIP_IPV6_REASS
    {IP6_REASS_TMR_INTERVAL, ip6_reass_tmr, false, something_to_put_together},
#endif
#if LWIP_IPV6_MLD
    {MLD6_TMR_INTERVAL, mld6_tmr, false, reports_to_send},
#endif
};
enum { TIMERS = sizeof timers / sizeof timers[0] };

static struct task *sleeper;
static int64_t due[TIMERS], asleep_until, retry_at, retry_after, tcp_stopped_at, last_frame; /* last_frame: when one was last noticed */
static uint32_t frames_seen;
static uint32_t somebody; /* bits: timers to which each second mattered when they last ran */
static bool calm;
static bool tcp_stopped = true;

u32_t lwip_seconds = 1;
u8_t lwip_seconds_matter;

u32_t sys_now(void)
{
    return (u32_t)(clock_now() / MILLISECOND);
}

static int64_t interval(int timer)
{
    return timers[timer].interval * MILLISECOND;
}

/* lwip_init calls it. */
void sys_timeouts_init(void)
{
    int64_t now = clock_now();
    for (int i = 0; i < TIMERS; i++)
        due[i] = now + interval(i);
    retry_at = due[0] = asleep_until = DEADLINE_NEVER;
    retry_after = RETRY;
    timers_retried = false;
    frames_seen = timers_frames = somebody = 0;
    calm = false;
    tcp_stopped = true;
    tcp_stopped_at = last_frame = now;
    timers_dormant = false;
}

static void sooner(int64_t time)
{
    if (time < asleep_until && sleeper) {
        asleep_until = 0; /* once is enough */
        task_wake(sleeper);
    }
}

/* ---- TCP: the first of the timers ---- */

/* The time that passed while the timer stood still, in its ticks. */
static void tcp_catch_up(int64_t now)
{
    int64_t ticks = (now - tcp_stopped_at) / (TCP_SLOW_INTERVAL * MILLISECOND);
    tcp_ticks += (u32_t)ticks;
    tcp_stopped_at += ticks * TCP_SLOW_INTERVAL * MILLISECOND;
}

static void tcp_go(int64_t now)
{
    if (!tcp_stopped)
        return;
    tcp_catch_up(now);
    tcp_stopped = false;
    due[0] = now + interval(0);
    sooner(due[0]);
}

/* Called whenever a connection enters a list. */
void tcp_timer_needed(void)
{
    if (tcp_stopped && (tcp_active_pcbs || tcp_tw_pcbs))
        tcp_go(clock_now());
}

static bool waits_for_something(const struct tcp_pcb *pcb)
{
    return pcb->unsent || pcb->unacked || pcb->ooseq || pcb->refused_data || (pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND)) ||
           (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT && pcb->state != FIN_WAIT_2);
}

static bool needs_time(const struct tcp_pcb *pcb)
{
    return pcb->state == FIN_WAIT_2 || ip_get_option(pcb, SOF_KEEPALIVE);
}

/* Stops the timer when nobody waits; what only has a far deadline is looked at each second. */
static void tcp_tick(int64_t now)
{
    if (tcp_stopped)
        tcp_catch_up(now);
    tcp_tmr();
    if (tcp_stopped)
        tcp_tmr(); /* two of them are one slow tick, which has to be run */
    bool some_time = tcp_tw_pcbs;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (waits_for_something(pcb)) {
            tcp_stopped = false;
            due[0] = now + interval(0);
            return;
        }
        some_time |= needs_time(pcb);
    }
    if (!tcp_stopped)
        tcp_stopped_at = now;
    tcp_stopped = timers_dormant = true;
    due[0] = some_time ? now + NANOSECONDS_PER_SECOND : DEADLINE_NEVER;
}

/* ---- the others ---- */

static bool something_to_put_together(void)
{
    return memory_count_reassembled() != 0;
}

static bool reports_to_send(void)
{
#if LWIP_IPV6_MLD
    struct netif *netif;
    NETIF_FOREACH(netif)
        for (struct mld_group *group = netif_mld6_data(netif); group; group = group->next)
            if (group->timer)
                return true;
#endif
    return false;
}

static void run(int i, int64_t now)
{
    int64_t ticks = (now - due[i]) / interval(i) + 1;
    due[i] += ticks * interval(i);
    lwip_seconds = timers[i].slowly ? (u32_t)(ticks < MOST ? ticks : MOST) : 1;
    lwip_seconds_matter = 0;
    timers[i].run();
    somebody = (somebody & ~(UINT32_C(1) << i)) | (uint32_t)lwip_seconds_matter << i;
}

/* When to look at a timer next. */
static int64_t next(int i)
{
    if (i == 0)
        return due[0];
    if (calm && timers[i].slowly) {
        timers_dormant = true;
        return due[i] + SLOW * NANOSECONDS_PER_SECOND;
    }
    return !timers[i].needed || timers[i].needed() ? due[i] : DEADLINE_NEVER;
}

static void run_due(int64_t now)
{
    if (due[0] <= now)
        tcp_tick(now);
    for (int i = 1; i < TIMERS; i++)
        if (next(i) <= now)
            run(i, now);
    if (retry_at <= now) {
        retry_at = DEADLINE_NEVER;
        tcp_txnow();
    }
}

static void count_calm(int64_t now)
{
    if (timers_frames != frames_seen) {
        frames_seen = timers_frames;
        calm = false;
        last_frame = now;
    } else if (now - last_frame >= (somebody ? CALM_ANYHOW : CALM) * NANOSECONDS_PER_SECOND)
        calm = true;
}

static int64_t first(void)
{
    int64_t first = retry_at;
    for (int i = 0; i < TIMERS; i++) {
        int64_t time = next(i);
        if (time < first)
            first = time;
    }
    return first;
}

void timers_run(void *unused)
{
    (void)unused;
    sleeper = task_self();
    int error = 0;
    while (error != -ECANCELED) {
        int64_t now = clock_now();
        count_calm(now);
        run_due(now);
        link_loop();
        asleep_until = first();
        error = task_park(asleep_until);
        asleep_until = 0;
    }
    sleeper = NULL;
}

/* ---- being woken ---- */

void timers_wake_up(void)
{
    int64_t now = clock_now();
    timers_dormant = false;
    tcp_go(now);
    if (!calm)
        return;
    calm = false;
    /* made up for before there is anything new in the tables, which would age by all of it */
    for (int i = 1; i < TIMERS; i++)
        if (timers[i].slowly && due[i] <= now)
            run(i, now);
    timers_look_again();
}

void timers_look_again(void)
{
    sooner(0);
}

void timers_retry_output(void)
{
    if (retry_at != DEADLINE_NEVER)
        return;
    retry_at = clock_now() + retry_after;
    timers_retried = true;
    if (retry_after < RETRY_MOST)
        retry_after *= 2;
    sooner(retry_at);
}

void timers_output_resumed(void)
{
    timers_retried = false;
    retry_after = RETRY;
    if (retry_at == DEADLINE_NEVER)
        return;
    retry_at = clock_now() + RETRY;
    sooner(retry_at);
}
