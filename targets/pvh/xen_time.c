/*
 * xen_time.c - Xen's time: what the hypervisor wrote into the shared page, and the ticks of the time stamp counter since (xen.h, struct
 * vcpu_time_info).
 *
 * It is read anew with each call: Xen corrects the rate while the machine runs, and after the machine was moved to another host.
 */
#include <ukc/machine.h>
#include <ukc/xen.h>

static int64_t ahead; /* of Xen's time */

int64_t xen_time_of(int64_t now)
{
    return now + ahead;
}

void xen_time_goes_on(int64_t before)
{
    ahead += before - xen_now();
}

int64_t xen_now(void)
{
    volatile struct xen_time *time = &xen_shared()->processors[0].time;
    uint32_t version;
    uint64_t ticks;
    int64_t now;
    do {
        version = time->version;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        int8_t shift = time->shift;
        ticks = machine_tsc() - time->tsc;
        ticks = shift < 0 ? ticks >> (-shift & 63) : ticks << (shift & 63);
        now = (int64_t)(time->nanoseconds + (uint64_t)((unsigned __int128)ticks * time->multiplier >> 32));
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } while ((version & 1) || version != time->version);
    return now;
}
