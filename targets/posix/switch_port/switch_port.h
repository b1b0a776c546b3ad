/* switch_port.h - a network interface of a simulated host; the contract is libs/signatures/netif.h. */
#ifndef SWITCH_PORT_H
#define SWITCH_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

#include "netif.h"

int switch_port_info(struct netif_info *info);
ptrdiff_t switch_port_receive(void *frame, size_t size, int64_t deadline);
int switch_port_send(const struct view *views, size_t count, int64_t deadline);

#endif
