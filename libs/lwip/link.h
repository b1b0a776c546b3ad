/* link.h - between lwIP and the network interface, and the interface to itself. */
#ifndef LWIP_LINK_H
#define LWIP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/netif.h"

extern struct netif link_netif;

/* Asks the interface what it is and adds it to lwIP's, without addresses.  A negative errno value. */
int link_start(void);
void link_stop(void);

/* Receives frames, in a task of its own until that is cancelled. */
void link_run(void *unused);

/* Delivers what the image sent to itself, and sends what burst.c has kept.  After every operation that may have sent something, and not from lwIP's callbacks. */
void link_loop(void);

/* DHCP expects an answer. */
bool link_dhcp_waits(void);

#endif
