/* plan.h - which addresses the host's end is to have; private to this folder. */
#ifndef NETIF_TAP_PLAN_H
#define NETIF_TAP_PLAN_H

#include <stdbool.h>
#include <string.h>

#include "keys.h"

enum { MTU_IPV6 = 1280 }; /* no IPv6 below (RFC 8200, 5) */

static inline bool plan_ipv4(void)
{
    static const unsigned char none[4];
    return memcmp(KEY_HOST_IPV4_BYTES, none, 4) != 0;
}

static inline bool plan_ipv6(void)
{
    static const unsigned char none[16];
    return KEY_MTU >= MTU_IPV6 && memcmp(KEY_HOST_IPV6_BYTES, none, 16) != 0;
}

#endif
