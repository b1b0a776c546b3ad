/* clock_xen.c - Xen's time (xen_time.c), and the date of its start (xen.h, struct shared_info). */
#include "clock_xen.h"

#include <ukc/deadline.h>
#include <ukc/xen.h>

/* From 1 on: 0 is DEADLINE_NOW.  A correction may set Xen's time back a little; what was told once holds. */
int64_t clock_xen_now(void)
{
    static int64_t last = 1;
    int64_t now = xen_time_of(xen_now()) + 1;
    if (now > last)
        last = now;
    return last;
}

int64_t clock_xen_wall(void)
{
    volatile struct xen_shared *shared = xen_shared();
    uint32_t version;
    int64_t start;
    do {
        version = shared->wall_version;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        uint64_t seconds = (uint64_t)shared->wall_seconds_high << 32 | shared->wall_seconds;
        start = (int64_t)(seconds * (uint64_t)NANOSECONDS_PER_SECOND + shared->wall_nanoseconds);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } while ((version & 1) || version != shared->wall_version);
    return start + xen_now();
}

int64_t clock_xen_resolution(void)
{
    return 1;
}
