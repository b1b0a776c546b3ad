/* switch_port.c - frames between a stack and the simulation: see targets/posix/switch/README.md. */
#include "switch_port.h"

#include "switch_link.h"
#include "task.h"

#include <errno.h>
#include <stdbool.h>
#include <ukc/deadline.h>
#include <ukc/one_receiver.h>

enum { HEADER = 14, TAG = 4 };

static bool receiving;

int switch_port_info(struct netif_info *info)
{
    *info = (struct netif_info){0};
    switch_link_identity(info->mac, &info->mtu);
    return 0;
}

static ptrdiff_t receive(void *frame, size_t size, int64_t deadline)
{
    for (;;) {
        ptrdiff_t got = switch_link_take(frame, size);
        if (got != 0)
            return got;
        if (deadline <= DEADLINE_NOW)
            return -ETIMEDOUT;
        switch_link_notify(task_self());
        int error = task_park(deadline);
        switch_link_notify(NULL);
        if (error)
            return error;
    }
}

ptrdiff_t switch_port_receive(void *frame, size_t size, int64_t deadline)
{
    return one_receiver(&receiving, receive, frame, size, deadline);
}

int switch_port_send(const struct view *views, size_t count, int64_t deadline)
{
    (void)deadline; /* there is always room: what the cable cannot carry, the switch loses */
    uint8_t mac[6];
    uint16_t mtu;
    size_t size = 0;
    switch_link_identity(mac, &mtu);
    for (size_t i = 0; i < count; i++)
        if (views[i].size > HEADER + TAG + (size_t)mtu || (size += views[i].size) > HEADER + TAG + (size_t)mtu)
            return -EMSGSIZE;
    if (size < HEADER)
        return -EMSGSIZE;
    switch_link_put(views, count, size);
    return 0;
}
