/* netif_pcap.h - capture files as a network; the contract is libs/signatures/netif.h. */
#ifndef NETIF_PCAP_H
#define NETIF_PCAP_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

#include "netif.h"

int netif_pcap_start(void);
void netif_pcap_stop(void);

int netif_pcap_info(struct netif_info *info);
ptrdiff_t netif_pcap_receive(void *frame, size_t size, int64_t deadline);
int netif_pcap_send(const struct view *views, size_t count, int64_t deadline);

#endif
