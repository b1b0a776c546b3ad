/*
 * xen_suspend.c - the domain is saved, and goes on as another one: what Xen had of it is made again.
 *
 * Memory, the processor and the addresses of shared pages are as they were.  Xen's page, the grants and the event channels are new and empty,
 * and so is the connection to the store; its ring and the console's are where they were, and may have other channels.  Devices
 * have other ends that know nothing yet: whoever drives one is told (xen_bus.h).
 */
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/xen.h>
#include <ukc/xen_bus.h>
#include <ukc/xen_store.h>

SMALL_BEGIN

enum { SCHED_SHUTDOWN = 2, REASON_SUSPEND = 2 };

/* What differs between a domain and another one that goes on from the same file: Xen's time. */
static volatile uint64_t generation[2];

const volatile void *machine_generation(void)
{
    return generation;
}

/* The call returns 0 in the domain that goes on elsewhere, and 1 where its saving was called off, or it was saved and goes on as well. */
bool xen_suspend(void)
{
    static const uint32_t reason = REASON_SUSPEND;
    int64_t before = xen_now();
    if (xen_call(XEN_SCHED_OP, SCHED_SHUTDOWN, &reason) != 0)
        return false;
    xen_share_again();
    xen_time_goes_on(before);
    xen_grants_again();
    xen_console_again();
    xen_store_again();
    generation[0]++;
    generation[1] = machine_tsc();
    xen_devices_tell(XEN_NEWS_RESUMED);
    return true;
}

SMALL_END
