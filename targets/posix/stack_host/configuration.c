/* configuration.c - addresses, routers and name servers that the host has. */
#include "stack_host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

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
    if (now->address_count == STACK_ADDRESSES_MOST)
        return;
    now->addresses[now->address_count] = address;
    now->prefixes[now->address_count++] = (uint8_t)bits;
}

/* Of interfaces that are up; the loopback ones are known to everybody. */
static void find_addresses(struct stack_configuration *now, const struct ifaddrs *all, int family)
{
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_netmask && i->ifa_addr->sa_family == family && (i->ifa_flags & IFF_UP) && !(i->ifa_flags & IFF_LOOPBACK))
            add_address(now, i);
}

/* resolv.conf(5): lines "nameserver ADDRESS". */
static void find_servers(struct stack_configuration *now)
{
    char line[512], text[128];
    FILE *f = fopen("/etc/resolv.conf", "re");
    if (!f)
        return;
    while (now->server_count < STACK_SERVERS_MOST && fgets(line, sizeof line, f)) {
        struct ip_address *a = &now->servers[now->server_count];
        if (sscanf(line, " nameserver %127s", text) != 1)
            continue;
        *a = (struct ip_address){.family = strchr(text, ':') ? IP_V6 : IP_V4};
        char *zone = strchr(text, '%');
        if (zone) {
            *zone = '\0';
            a->zone = if_nametoindex(zone + 1);
        }
        now->server_count += inet_pton(a->family == IP_V6 ? AF_INET6 : AF_INET, text, a->bytes) == 1;
    }
    fclose(f);
}

/* proc(5), /proc/net/route: the default route has destination and mask 0; the gateway's bytes as the machine stores them. */
static void find_routers(struct stack_configuration *now)
{
    char line[512];
    uint32_t destination, gateway;
    FILE *f = fopen("/proc/net/route", "re");
    while (f && now->router_count < 1 && fgets(line, sizeof line, f))
        if (sscanf(line, "%*s %8x %8x", &destination, &gateway) == 2 && destination == 0 && gateway != 0) {
            struct ip_address *a = &now->routers[now->router_count++];
            a->family = IP_V4;
            memcpy(a->bytes, &gateway, 4);
        }
    if (f)
        fclose(f);
}

int stack_host_configuration(struct stack_configuration *now)
{
    struct ifaddrs *all;
    *now = (struct stack_configuration){};
    if (getifaddrs(&all) != 0)
        return -errno;
    find_addresses(now, all, AF_INET);
    find_addresses(now, all, AF_INET6);
    freeifaddrs(all);
    find_routers(now);
    find_servers(now);
    return 0;
}

int stack_host_ready(int64_t)
{
    return 0;
}
