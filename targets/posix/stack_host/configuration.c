/* configuration.c - addresses, routers and name servers that the host has. */
#include "stack_host.h"

#include "host_files.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <ukc/may_open.h>

#include "keys.h"

static unsigned bits_of(const uint8_t *mask, size_t size)
{
    unsigned bits = 0;
    for (size_t i = 0; i < size; i++)
        bits += (unsigned)__builtin_popcount(mask[i]);
    return bits;
}

static void add_address(struct stack_configuration *now, const struct ifaddrs *i)
{
    struct ip_address address = {};
    unsigned bits;
    if (i->ifa_addr->sa_family == AF_INET) {
        address.family = IP_V4;
        memcpy(address.bytes, &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr, 4);
        bits = bits_of((const uint8_t *)&((struct sockaddr_in *)(void *)i->ifa_netmask)->sin_addr, 4);
    } else {
        const struct sockaddr_in6 *in6 = (const void *)i->ifa_addr;
        address.family = IP_V6;
        memcpy(address.bytes, &in6->sin6_addr, 16);
        address.zone = IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) ? in6->sin6_scope_id : 0;
        bits = bits_of((const uint8_t *)&((struct sockaddr_in6 *)(void *)i->ifa_netmask)->sin6_addr, 16);
    }
    now->addresses[now->address_count] = address;
    now->prefixes[now->address_count++] = (uint8_t)bits;
}

/* Of interfaces that are up; the loopback ones are known to everybody. */
static bool is_of(const struct ifaddrs *i, int family)
{
    return i->ifa_addr && i->ifa_netmask && i->ifa_addr->sa_family == family && (i->ifa_flags & IFF_UP) && !(i->ifa_flags & IFF_LOOPBACK);
}

static unsigned count_addresses(const struct ifaddrs *all, int family)
{
    unsigned count = 0;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        count += is_of(i, family);
    return count;
}

static void find_addresses(struct stack_configuration *now, const struct ifaddrs *all, int family, unsigned most)
{
    for (const struct ifaddrs *i = all; i && now->address_count < most; i = i->ifa_next)
        if (is_of(i, family))
            add_address(now, i);
}

static void read_file(const char *path, void (*read)(FILE *, struct stack_configuration *), struct stack_configuration *now)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return; /* it says nothing */
    read(f, now);
    fclose(f);
}

int stack_host_configuration(struct stack_configuration *now)
{
    struct ifaddrs *all;
    *now = (struct stack_configuration){};
    if (getifaddrs(&all) != 0)
        return -errno;
    /* when there are too many, half of the room is for each family */
    unsigned v6 = count_addresses(all, AF_INET6), half = STACK_ADDRESSES_MOST / 2;
    find_addresses(now, all, AF_INET, STACK_ADDRESSES_MOST - (v6 < half ? v6 : half));
    find_addresses(now, all, AF_INET6, STACK_ADDRESSES_MOST);
    freeifaddrs(all);
    MAY_OPEN("r /proc/net/route");
    MAY_OPEN("r /proc/net/ipv6_route");
    read_file("/proc/net/route", host_router_v4, now);
    read_file("/proc/net/ipv6_route", host_router_v6, now);
    read_file(KEY_RESOLV_CONF, host_servers, now);
    return 0;
}

int stack_host_ready(int64_t)
{
    return 0;
}
