/* virtio_net.h - a network card of the machine; the contract is libs/signatures/netif.h. */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct netif_info;

int virtio_net_start(void);
void virtio_net_stop(void);
int virtio_net_info(struct netif_info *info);
ptrdiff_t virtio_net_receive(void *frame, size_t size, int64_t deadline);
int virtio_net_send(const struct view *views, size_t count, int64_t deadline);

#endif
