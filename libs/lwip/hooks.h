/* hooks.h - where lwIP asks us; included by its sources. */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include "lwip/ip_addr.h"

struct netif;
struct tcp_pcb;

/* Whether there is room for one more connection that nobody has accepted. */
int listener_has_room(const struct tcp_pcb *pcb);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, options1, options2, p) \
    ((pcb)->state != LISTEN || listener_has_room(pcb) ? ERR_OK : ERR_MEM)

u32_t secret_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote, u16_t remote_port);

#if LWIP_DHCP
/* Whether a host can have an address that a DHCP server offers (patches/offers.patch); mask: all ones if none came. */
int addresses_offered(const ip4_addr_t *address, const ip4_addr_t *mask);
#endif

#if LWIP_IPV6
const ip6_addr_t *addresses_router6(struct netif *netif, const ip6_addr_t *destination);
#define LWIP_HOOK_ND6_GET_GW addresses_router6
#endif

#endif
