/*
 * netif.h - a network interface that carries Ethernet frames.
 *
 * Pull-style: a stack asks for frames when it wants one, and nothing is
 * called from an interrupt.  Frames start with the destination address and carry no
 * frame check sequence (IEEE 802.3, 3.1.1).
 *
 * Errors are negative errno values.
 */
#ifndef NETIF_H
#define NETIF_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct netif_info {
    uint8_t mac[6];
    uint16_t mtu; /* bytes of payload, without the 14 bytes of header */
};

int netif_info(struct netif_info *info);

/*
 * Waits for a frame and copies it; returns its size.  -EMSGSIZE: it was
 * longer than `size` and is lost; -ETIMEDOUT, -ECANCELED, -EBUSY when another task is receiving.
 */
ptrdiff_t netif_receive(void *frame, size_t size, int64_t deadline);

/* Sends one frame gathered from views, which are the caller's again when it returns.  0, -EMSGSIZE, -ETIMEDOUT, -ECANCELED. */
int netif_send(const struct view *views, size_t count, int64_t deadline);

#endif
