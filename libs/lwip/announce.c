/*
 * announce.c - tells the link where the image's addresses are: a gratuitous ARP request (RFC 5227, 3), unsolicited neighbour
 * advertisements (RFC 4861, 7.2.6), and the groups that it belongs to (RFC 2710).
 */
#include "announce.h"

#include "link.h"
#include "timers.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip6.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/nd6.h"

#if LWIP_IPV6
enum { HOP_LIMIT = 255 /* or nobody believes it (7.1.2) */ };

struct advertisement {
    struct na_header head;
    uint8_t type, length, address[6]; /* the option */
};

static void advertise(const ip6_addr_t *address)
{
    struct pbuf *p = pbuf_alloc(PBUF_IP, sizeof(struct advertisement), PBUF_RAM);
    if (!p)
        return;
    struct advertisement *a = p->payload;
    *a = (struct advertisement){.head = {.type = ICMP6_TYPE_NA, .flags = ND6_FLAG_OVERRIDE}, .type = ND6_OPTION_TYPE_TARGET_LLADDR, .length = 1};
    ip6_addr_copy_to_packed(a->head.target_address, *address);
    memcpy(a->address, link_netif.hwaddr, sizeof a->address);
    ip6_addr_t everyone;
    ip6_addr_set_allnodes_linklocal(&everyone);
    ip6_addr_assign_zone(&everyone, IP6_MULTICAST, &link_netif);
    a->head.chksum = ip6_chksum_pseudo(p, IP6_NEXTH_ICMP6, p->tot_len, address, &everyone);
    ip6_output_if(p, address, &everyone, HOP_LIMIT, 0, IP6_NEXTH_ICMP6, &link_netif);
    pbuf_free(p);
}
#endif

void announce(void)
{
    timers_rouse();
#if LWIP_IPV4
    if (!ip4_addr_isany(netif_ip4_addr(&link_netif)))
        etharp_gratuitous(&link_netif);
#endif
#if LWIP_IPV6
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&link_netif, i)))
            advertise(netif_ip6_addr(&link_netif, i));
    mld6_report_groups(&link_netif);
#endif
    link_loop();
}
