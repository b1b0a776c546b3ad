/* xen_ring.c - a page that the toolstack shares with the domain from its start: the console's, the store's. */
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/xen.h>

SMALL_BEGIN

volatile void *xen_shared_ring(enum xen_parameter page, enum xen_parameter channel, uint32_t *event)
{
    const uint64_t pages = UINT64_C(1) << 35; /* up to where addresses reach: map.c */
    if (!xen_is_there())
        return NULL;
    uint64_t number = xen_parameter(page);
    *event = (uint32_t)xen_parameter(channel);
    if (!number || number >= pages || !*event || *event >= XEN_EVENTS || !machine_map(number * MACHINE_PAGE, MACHINE_PAGE, MACHINE_WRITE))
        return NULL;
    return (volatile void *)(uintptr_t)(number * MACHINE_PAGE);
}

SMALL_END
