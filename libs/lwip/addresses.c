/* addresses.c - what the image is called on the network, fixed by keys or learnt. */
#include "addresses.h"

#include "keys.h"
#include "log.h"
#include "netif.h"
#include "lwip.h"
#include "stack.h"
#include "task.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <ukc/deadline.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/nd6_priv.h"

#include "hooks.h"
#include "link.h"

#define HOSTNAME_MOST 253 /* RFC 1035 2.3.4; lwipopts.h has the room for it */

/* ---- forms ---- */

bool addresses_to_lwip(ip_addr_t *to, const struct ip_address *from)
{
    memset(to, 0, sizeof *to);
#if LWIP_IPV4 && LWIP_IPV6
    if (from->family == IP_ANY)
        IP_SET_TYPE(to, IPADDR_TYPE_ANY);
#endif
#if LWIP_IPV4
    if (from->family == IP_V4) {
        memcpy(&ip_2_ip4(to)->addr, from->bytes, 4);
        IP_SET_TYPE(to, IPADDR_TYPE_V4);
    }
#endif
#if LWIP_IPV6
    if (from->family == IP_V6) {
        memcpy(ip_2_ip6(to)->addr, from->bytes, 16);
        ip6_addr_set_zone(ip_2_ip6(to), (u8_t)from->zone);
        IP_SET_TYPE(to, IPADDR_TYPE_V6);
    }
#endif
    return from->family == IP_ANY || (from->family == IP_V4 && LWIP_IPV4) || (from->family == IP_V6 && LWIP_IPV6);
}

struct ip_address addresses_from_lwip(const ip_addr_t *from)
{
    struct ip_address to = {0};
#if LWIP_IPV4
    if (IP_IS_V4_VAL(*from)) {
        to.family = IP_V4;
        memcpy(to.bytes, &ip_2_ip4(from)->addr, 4);
    }
#endif
#if LWIP_IPV6
    if (IP_IS_V6_VAL(*from)) {
        to.family = IP_V6;
        memcpy(to.bytes, ip_2_ip6(from)->addr, 16);
        to.zone = ip6_addr_has_scope(ip_2_ip6(from), IP6_UNKNOWN) ? ip6_addr_zone(ip_2_ip6(from)) : 0;
    }
#endif
    return to;
}

/* ---- name servers ---- */

/* Those from DHCP have IPv4 addresses, those that routers advertise IPv6 addresses. */
enum { FROM_DHCP, FROM_ROUTERS };
static ip_addr_t learnt[2][DNS_MAX_SERVERS];

#if LWIP_DNS
/* The part of lwIP's resolver that DHCP and neighbour discovery use: resolving names is another component's. */
void dns_init(void)
{
}

void dns_tmr(void)
{
}

void dns_setserver(u8_t number, const ip_addr_t *server)
{
    if (number >= DNS_MAX_SERVERS)
        return;
    if (!server)
        ip_addr_set_zero(&learnt[FROM_ROUTERS][number]); /* neighbour discovery: its time is over */
    else
        ip_addr_copy(learnt[IP_IS_V4(server) ? FROM_DHCP : FROM_ROUTERS][number], *server);
}

/* For neighbour discovery. */
const ip_addr_t *dns_getserver(u8_t number)
{
    return &learnt[FROM_ROUTERS][number < DNS_MAX_SERVERS ? number : 0];
}
#endif

static void add_server(struct stack_configuration *now, const struct ip_address *server)
{
    if (now->server_count < STACK_SERVERS_MOST)
        now->servers[now->server_count++] = *server;
}

static void find_servers(struct stack_configuration *now)
{
#if KEY_SERVERS_COUNT
    static const uint8_t fixed[][4] = KEY_SERVERS_BYTES;
    for (size_t i = 0; i < KEY_SERVERS_COUNT; i++)
        add_server(now, &(struct ip_address){.family = IP_V4, .bytes = {fixed[i][0], fixed[i][1], fixed[i][2], fixed[i][3]}});
#endif
#if KEY_SERVERS6_COUNT
    static const uint8_t fixed6[][16] = KEY_SERVERS6_BYTES;
    for (size_t i = 0; i < KEY_SERVERS6_COUNT; i++) {
        struct ip_address server = ip_v6(fixed6[i]);
        add_server(now, &server);
    }
#endif
    for (size_t i = 0; i < 2 * DNS_MAX_SERVERS; i++) {
        const ip_addr_t *found = &learnt[i / DNS_MAX_SERVERS][i % DNS_MAX_SERVERS];
        struct ip_address server = addresses_from_lwip(found);
        if (!ip_addr_isany(found))
            add_server(now, &server);
    }
}

/* ---- what there is now ---- */

static void add_address(struct stack_configuration *now, const ip_addr_t *address, unsigned prefix)
{
    if (now->address_count == STACK_ADDRESSES_MOST)
        return;
    now->addresses[now->address_count] = addresses_from_lwip(address);
    now->prefixes[now->address_count++] = (uint8_t)prefix;
}

static void add_router(struct stack_configuration *now, const ip_addr_t *router)
{
    if (now->router_count < 2 && !ip_addr_isany(router))
        now->routers[now->router_count++] = addresses_from_lwip(router);
}

#if LWIP_IPV6
static ip6_addr_t router6;

/* Where packets go that are for none of our networks: lwIP asks before it looks at the routers that announced themselves. */
const ip6_addr_t *addresses_router6(struct netif *netif, const ip6_addr_t *destination)
{
    (void)destination;
    return netif == &link_netif && !ip6_addr_isany(&router6) ? &router6 : NULL;
}
#endif

int lwip_configuration(struct stack_configuration *now)
{
    *now = (struct stack_configuration){0};
#if LWIP_IPV4
    if (!ip4_addr_isany(netif_ip4_addr(&link_netif)))
        add_address(now, netif_ip_addr4(&link_netif), (unsigned)__builtin_popcount(netif_ip4_netmask(&link_netif)->addr));
    add_router(now, netif_ip_gw4(&link_netif));
#endif
#if LWIP_IPV6
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&link_netif, i)))
            add_address(now, netif_ip_addr6(&link_netif, i), 64);
    ip_addr_t router = {0};
    ip_addr_copy_from_ip6(router, router6);
    add_router(now, &router);
    for (size_t i = 0; i < LWIP_ND6_NUM_ROUTERS; i++)
        if (default_router_list[i].neighbor_entry) {
            ip_addr_copy_from_ip6(router, default_router_list[i].neighbor_entry->next_hop_address);
            add_router(now, &router);
        }
#endif
    find_servers(now);
    return 0;
}

bool addresses_ours(const ip_addr_t *address)
{
    if (ip_addr_isany(address))
        return true;
    struct netif *netif;
    NETIF_FOREACH(netif) {
#if LWIP_IPV4
        /* all of 127.0.0.0/8 is */
        if (IP_IS_V4(address) && (ip4_addr_eq(ip_2_ip4(address), netif_ip4_addr(netif)) || ip4_addr_isloopback(ip_2_ip4(address))))
            return true;
#endif
#if LWIP_IPV6
        if (IP_IS_V6(address) && netif_get_ip6_addr_match(netif, ip_2_ip6(address)) >= 0)
            return true;
#endif
    }
    return false;
}

/* ---- waiting for addresses ---- */

static struct waiting {
    struct task *task;
    struct waiting *next;
} *waiting;

static void wake_all(void)
{
    for (struct waiting *w = waiting; w; w = w->next)
        task_wake(w->task);
}

static int wait_for_change(int64_t deadline)
{
    struct waiting self = {task_self(), waiting};
    waiting = &self;
    int error = task_park(deadline);
    struct waiting **at = &waiting;
    while (*at != &self)
        at = &(*at)->next;
    *at = self.next;
    return error;
}

/* An address that others can be reached with. */
static bool have(int family)
{
#if LWIP_IPV4
    if (family == IP_V4)
        return !ip4_addr_isany(netif_ip4_addr(&link_netif));
#endif
#if LWIP_IPV6
    for (s8_t i = 0; family == IP_V6 && i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&link_netif, i)) && !ip6_addr_islinklocal(netif_ip6_addr(&link_netif, i)))
            return true;
#endif
    return false;
}

static bool configured(int family)
{
    return family == IP_V4 ? LWIP_IPV4 : family == IP_V6 ? LWIP_IPV6 && link_netif.mtu >= 1280 : false;
}

int addresses_wait(int family, int64_t deadline)
{
    if (!configured(family))
        return -EAFNOSUPPORT;
    int error = 0;
    while (!error && !have(family))
        error = wait_for_change(deadline);
    return error;
}

int lwip_ready(int64_t deadline)
{
    int error = configured(IP_V4) ? addresses_wait(IP_V4, deadline) : 0;
    if (!error && configured(IP_V6))
        error = addresses_wait(IP_V6, deadline);
    return error;
}

static void tell(const char *what, const ip_addr_t *address, unsigned prefix)
{
    char text[IP_TEXT_SIZE];
    struct ip_address ip = addresses_from_lwip(address);
    ip_format(text, &ip);
    if (prefix)
        log_write(LOG_LEVEL_NOTICE, KEY_LOG_NAME, "%s %s/%u", what, text, prefix);
    else
        log_write(LOG_LEVEL_NOTICE, KEY_LOG_NAME, "%s %s", what, text);
}

static void changed(struct netif *netif, netif_nsc_reason_t reason, const netif_ext_callback_args_t *args)
{
    if (netif != &link_netif)
        return;
#if LWIP_IPV4
    if (reason & LWIP_NSC_IPV4_ADDRESS_CHANGED) {
        if (ip4_addr_isany(netif_ip4_addr(netif)))
            log_write(LOG_LEVEL_WARNING, KEY_LOG_NAME, "no IPv4 address any more");
        else
            tell("address", netif_ip_addr4(netif), (unsigned)__builtin_popcount(netif_ip4_netmask(netif)->addr));
    }
    if (reason & LWIP_NSC_IPV4_GATEWAY_CHANGED && !ip4_addr_isany(netif_ip4_gw(netif)))
        tell("router", netif_ip_gw4(netif), 0);
#endif
#if LWIP_IPV6
    if (reason & LWIP_NSC_IPV6_ADDR_STATE_CHANGED) {
        s8_t i = args->ipv6_addr_state_changed.addr_index;
        u8_t before = args->ipv6_addr_state_changed.old_state, after = netif_ip6_addr_state(netif, i);
        if (!ip6_addr_isvalid(before) && ip6_addr_isvalid(after))
            tell("address", netif_ip_addr6(netif, i), 64);
        else if (ip6_addr_isduplicated(after))
            tell("another host has the address", netif_ip_addr6(netif, i), 0);
        else if (ip6_addr_isvalid(before) && !ip6_addr_isvalid(after))
            tell("no longer valid: address", netif_ip_addr6(netif, i), 0);
    }
#endif
    (void)args;
    wake_all();
}

/* ---- start ---- */

/* -EINVAL, and said why: the key's name and the format are literals. */
#define refuse(key, why, ...) (log_write(LOG_LEVEL_ERROR, KEY_LOG_NAME, "the key '" key "' " why __VA_OPT__(, ) __VA_ARGS__), -EINVAL)

/* Whether the link's other end is called so. */
[[maybe_unused]] static bool is_others(const struct netif_info *info, unsigned family, const uint8_t *bytes)
{
    for (size_t i = 0; i < info->other_count; i++)
        if (info->others[i].family == family && memcmp(info->others[i].bytes, bytes, family == IP_V4 ? 4 : 16) == 0)
            return true;
    return false;
}

#if LWIP_IPV4
/* Why a host cannot have it (RFC 1122 3.2.1.3), or NULL. */
static const char *fault_of_address(const uint8_t bytes[4], unsigned prefix)
{
    uint32_t address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    uint32_t host = prefix < 31 ? UINT32_MAX >> prefix : 0; /* RFC 3021: two addresses are two hosts */
    if (!address)
        return "is no address";
    if (bytes[0] == 127)
        return "is an address of the loopback network";
    if (bytes[0] >> 4 == 14)
        return "is the address of a group";
    if (address == UINT32_MAX || (host && (address & host) == host))
        return "is the address of everyone in its network";
    return host && !(address & host) ? "is the address of its network, not of a host" : NULL;
}

#if LWIP_DHCP
/* RFC 1123 2.1, and what some networks add to it. */
static bool is_hostname(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t size = strlen(name);
    return size <= HOSTNAME_MOST && strspn(name, letters) == size;
}

static const char *fault_of_offer(const ip4_addr_t *address, const ip4_addr_t *mask)
{
    struct netif_info info;
    uint32_t host = ~lwip_ntohl(mask->addr);
    uint8_t bytes[4];
    memcpy(bytes, &address->addr, 4);
    if (host & (host + 1))
        return "comes with a mask that has holes";
    if (netif_info(&info) == 0 && is_others(&info, IP_V4, bytes))
        return "is an address of the other end of the link";
    return fault_of_address(bytes, 32u - (unsigned)__builtin_popcount(host));
}

int addresses_offered(const ip4_addr_t *address, const ip4_addr_t *mask)
{
    static bool said; /* once until there is a good one: the server may repeat it for ever */
    const char *fault = fault_of_offer(address, mask);
    if (fault && !said) {
        const uint8_t *bytes = (const uint8_t *)&address->addr;
        log_write(LOG_LEVEL_WARNING, KEY_LOG_NAME, "not taken from a DHCP server: %u.%u.%u.%u %s", bytes[0], bytes[1], bytes[2], bytes[3], fault);
    }
    said = fault;
    return !fault;
}
#else
/* An address with 32 bits is in a network with nobody else: its router is beyond, and asked for all the same. */
static int check_router(const uint8_t address[4], const uint8_t router[4], unsigned prefix)
{
    static const uint8_t none[4];
    if (memcmp(router, none, 4) == 0)
        return 0;
    if (memcmp(router, address, 4) == 0)
        return refuse("router", "is the image's own address: give that of a router, or 0.0.0.0 if there is none");
    for (unsigned bit = 0; prefix < 32 && bit < prefix; bit++)
        if ((router[bit / 8] ^ address[bit / 8]) >> (7 - bit % 8) & 1)
            return refuse("router", "is %s, which is not in the network of the key 'address', %s: give a router that is, or 0.0.0.0 if there is none",
                          KEY_ROUTER, KEY_ADDRESS);
    const char *fault = fault_of_address(router, prefix);
    return fault ? refuse("router", "%s: give that of a router, or 0.0.0.0 if there is none", fault) : 0;
}
#endif

static int start_ipv4([[maybe_unused]] const struct netif_info *info)
{
#if LWIP_DHCP
    if (!is_hostname(KEY_HOSTNAME))
        return refuse("hostname", "is no name of a host: up to 253 letters, digits, '-', '_' and '.'");
    if (*KEY_HOSTNAME)
        netif_set_hostname(&link_netif, KEY_HOSTNAME);
    return dhcp_start(&link_netif) == ERR_OK ? 0 : -ENOMEM;
#else
    ip4_addr_t address, mask, router;
    const char *fault = fault_of_address(KEY_ADDRESS_BYTES, KEY_ADDRESS_LENGTH);
    if (fault)
        return refuse("address", "%s", fault);
    if (is_others(info, IP_V4, KEY_ADDRESS_BYTES))
        return refuse("address", "is %s, which the other end of the link has, there or elsewhere: give one of the two another address", KEY_ADDRESS);
    int error = check_router(KEY_ADDRESS_BYTES, KEY_ROUTER_BYTES, KEY_ADDRESS_LENGTH);
    if (error)
        return error;
    memcpy(&address.addr, KEY_ADDRESS_BYTES, 4);
    mask.addr = lwip_htonl(KEY_ADDRESS_LENGTH ? UINT32_MAX << (32 - KEY_ADDRESS_LENGTH) : 0);
    memcpy(&router.addr, KEY_ROUTER_BYTES, 4);
    netif_set_addr(&link_netif, &address, &mask, &router);
    return 0;
#endif
}
#endif

#if LWIP_IPV6
#if KEY_IPV6 == KEY_IPV6_STATIC
static int check_router6(const uint8_t address[16], const uint8_t router[16])
{
    ip6_addr_t it = {0};
    memcpy(it.addr, router, 16);
    if (ip6_addr_isany(&it))
        return 0;
    if (memcmp(router, address, 16) == 0)
        return refuse("router6", "is the image's own address: give that of a router, or :: for those that advertise themselves");
    if (ip6_addr_isloopback(&it) || ip6_addr_ismulticast(&it) || ip6_addr_isipv4mappedipv6(&it))
        return refuse("router6", "is not the address of a host: give that of a router, or :: for those that advertise themselves");
    if (!ip6_addr_islinklocal(&it) && memcmp(router, address, 8) != 0)
        return refuse("router6", "is %s, which is not in the network of the key 'address6', %s: "
                      "give a router that is, a link-local address, or :: for those that advertise themselves", KEY_ROUTER6, KEY_ADDRESS6);
    return 0;
}
#endif

static int start_ipv6([[maybe_unused]] const struct netif_info *info)
{
    if (!configured(IP_V6)) {
        log_write(LOG_LEVEL_WARNING, KEY_LOG_NAME, "no IPv6: it needs frames of 1280 bytes, and the interface carries %u", link_netif.mtu);
        return 0;
    }
    netif_create_ip6_linklocal_address(&link_netif, 1);
#if KEY_IPV6 == KEY_IPV6_STATIC
    ip6_addr_t address = {0};
    s8_t index = -1;
    memcpy(address.addr, KEY_ADDRESS6_BYTES, 16);
    if (ip6_addr_isany(&address) || ip6_addr_isloopback(&address) || ip6_addr_ismulticast(&address) || ip6_addr_isipv4mappedipv6(&address))
        return refuse("address6", "is not the address of a host");
    if (is_others(info, IP_V6, KEY_ADDRESS6_BYTES))
        return refuse("address6", "is %s, which the other end of the link has, there or elsewhere: give one of the two another address", KEY_ADDRESS6);
    int error = check_router6(KEY_ADDRESS6_BYTES, KEY_ROUTER6_BYTES);
    if (error)
        return error;
    if (KEY_ADDRESS6_LENGTH != 64)
        log_write(LOG_LEVEL_WARNING, KEY_LOG_NAME, "IPv6 networks have 64 bits here, not %u", (unsigned)KEY_ADDRESS6_LENGTH);
    if (netif_add_ip6_address(&link_netif, &address, &index) != ERR_OK || index < 0)
        return -EINVAL;
    netif_ip6_addr_set_state(&link_netif, index, IP6_ADDR_PREFERRED); /* whoever fixed it knows that it is free */
    memcpy(router6.addr, KEY_ROUTER6_BYTES, 16);
    ip6_addr_assign_zone(&router6, IP6_UNICAST, &link_netif);
#else
    netif_set_ip6_autoconfig_enabled(&link_netif, 1);
#endif
    return 0;
}
#endif

static netif_ext_callback_t callback;

int addresses_start(void)
{
    struct netif_info info;
    int error = netif_info(&info);
    if (error)
        return error;
    memset(learnt, 0, sizeof learnt);
    waiting = NULL;
    netif_add_ext_callback(&callback, changed);
#if LWIP_IPV4
    error = start_ipv4(&info);
#endif
#if LWIP_IPV6
    if (!error)
        error = start_ipv6(&info);
#endif
    return error;
}

/* What goes now goes because the image ends: no loss to be warned of. */
void addresses_stop(void)
{
    netif_remove_ext_callback(&callback);
#if LWIP_DHCP
    if (dhcp_supplied_address(&link_netif))
        tell("given back: address", netif_ip_addr4(&link_netif), (unsigned)__builtin_popcount(netif_ip4_netmask(&link_netif)->addr));
    dhcp_release_and_stop(&link_netif);
#endif
}
