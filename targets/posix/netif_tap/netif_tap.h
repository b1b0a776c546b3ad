/* netif_tap.h - a tap device of the host; the contract is libs/signatures/netif.h. */
#ifndef NETIF_TAP_H
#define NETIF_TAP_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct netif_info;

int netif_tap_start(void);
void netif_tap_stop(void);
int netif_tap_info(struct netif_info *info);
ptrdiff_t netif_tap_receive(void *frame, size_t size, int64_t deadline);
int netif_tap_send(const struct view *views, size_t count, int64_t deadline);

#endif
