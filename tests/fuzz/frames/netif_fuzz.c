/* netif_fuzz.c - an interface that is as the input says: its MTU, whether it computes checksums, when it has no room. */
#include "netif_fuzz.h"

#include "cable.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <ukc/deadline.h>

int netif_fuzz_info(struct netif_info *info)
{
    *info = (struct netif_info){.mac = {2, 0, 0, 0, 0, 2}, .mtu = (uint16_t)world_mtu()};
    info->divides = world_divides();
    info->offload = world_offload() ? NETIF_CHECKSUM_SEND | NETIF_CHECKSUM_RECEIVE : 0;
    return 0;
}

ptrdiff_t netif_fuzz_receive(void *frame, size_t size, int64_t deadline)
{
    for (;;) {
        size_t got = world_take(frame, size);
        if (got > size)
            return -EMSGSIZE;
        if (got > 0)
            return (ptrdiff_t)got;
        cable_await(task_self());
        int error = task_park(deadline);
        cable_await(NULL);
        if (error)
            return error;
    }
}

int netif_fuzz_send(const struct view *views, size_t count, int64_t deadline)
{
    if (deadline > DEADLINE_NOW)
        world_fail("the stack waits in netif_send");
    if (world_full())
        return -ETIMEDOUT;
    world_put(views, count);
    return 0;
}
