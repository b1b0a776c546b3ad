/* netif_packet.h - an existing interface of the host; the contract is libs/signatures/netif.h. */
#ifndef NETIF_PACKET_H
#define NETIF_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct netif_info;

int netif_packet_start(void);
void netif_packet_stop(void);
int netif_packet_info(struct netif_info *info);
ptrdiff_t netif_packet_receive(void *frame, size_t size, int64_t deadline);
int netif_packet_send(const struct view *views, size_t count, int64_t deadline);

#endif
