/* host_files.c - resolv.conf(5), and the routes of proc(5). */
#include "host_files.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <net/route.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 512 };

/* The next line without its end; of one that is too long nothing is left. */
static bool next_line(FILE *f, char line[LINE])
{
    if (!fgets(line, LINE, f))
        return false;
    size_t length = strcspn(line, "\n");
    if (line[length] == '\n') {
        line[length] = '\0';
    } else if (!feof(f)) {
        int c;
        while ((c = getc(f)) != EOF && c != '\n')
            ;
        line[0] = '\0';
    }
    return true;
}

/* An interface by its name or number; 0 if there is none. */
static uint32_t zone_of(const char *text)
{
    char *end;
    uint32_t named = if_nametoindex(text);
    if (named || !isdigit((unsigned char)*text))
        return named;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    return *end || errno || number > UINT32_MAX ? 0 : (uint32_t)number;
}

static bool read_address(char *text, struct ip_address *address)
{
    struct ip_address a = {.family = strchr(text, ':') ? IP_V6 : IP_V4};
    char *zone = strchr(text, '%');
    if (zone) {
        *zone = '\0';
        a.zone = zone_of(zone + 1);
        if (a.zone == 0)
            return false;
    }
    if (inet_pton(a.family == IP_V6 ? AF_INET6 : AF_INET, text, a.bytes) != 1 || (zone && a.family == IP_V4))
        return false;
    *address = a;
    return true;
}

/* Lines "nameserver ADDRESS"; as the C library reads them, the word begins the line. */
void host_servers(FILE *resolv_conf, struct stack_configuration *now)
{
    static const char keyword[] = "nameserver";
    char line[LINE];
    while (now->server_count < STACK_SERVERS_MOST && next_line(resolv_conf, line)) {
        char *text = line + sizeof keyword - 1;
        if (strncmp(line, keyword, sizeof keyword - 1) != 0 || (*text != ' ' && *text != '\t'))
            continue;
        text += strspn(text, " \t");
        text[strcspn(text, " \t\r")] = '\0';
        now->server_count += read_address(text, &now->servers[now->server_count]);
    }
}

static void add_router(struct stack_configuration *now, const struct ip_address *router)
{
    if (router->family && now->router_count < sizeof now->routers / sizeof now->routers[0])
        now->routers[now->router_count++] = *router;
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ...: addresses as the machine stores them. */
void host_router_v4(FILE *route, struct stack_configuration *now)
{
    struct ip_address best = {};
    unsigned long least = ULONG_MAX;
    char line[LINE];
    while (next_line(route, line)) {
        uint32_t destination, gateway, mask;
        unsigned flags;
        unsigned long metric;
        if (sscanf(line, "%*s %8x %8x %4x %*s %*s %10lu %8x", &destination, &gateway, &flags, &metric, &mask) != 5 || destination != 0 ||
            mask != 0 || !(flags & RTF_UP) || !(flags & RTF_GATEWAY) || (flags & RTF_REJECT) || metric >= least)
            continue;
        least = metric;
        best = (struct ip_address){.family = IP_V4};
        memcpy(best.bytes, &gateway, 4);
    }
    add_router(now, &best);
}

static bool read_hex(const char *text, uint8_t bytes[16])
{
    for (int i = 0; i < 16; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        bytes[i] = (uint8_t)byte;
    }
    return true;
}

/* Destination, its length, source, its length, next hop, metric, references, use, flags, interface. */
void host_router_v6(FILE *ipv6_route, struct stack_configuration *now)
{
    static const uint8_t unspecified[16];
    struct ip_address best = {};
    unsigned least = UINT_MAX;
    char line[LINE];
    while (next_line(ipv6_route, line)) {
        char destination[33], hop[33], interface[IF_NAMESIZE];
        unsigned length, metric, flags;
        struct ip_address router = {.family = IP_V6};
        uint8_t to[16];
        if (sscanf(line, "%32s %2x %*s %*s %32s %8x %*s %*s %8x %15s", destination, &length, hop, &metric, &flags, interface) != 6 ||
            strlen(destination) != 32 || strlen(hop) != 32 || !read_hex(destination, to) || !read_hex(hop, router.bytes))
            continue;
        if (length != 0 || memcmp(to, unspecified, 16) != 0 || !(flags & RTF_UP) || !(flags & RTF_GATEWAY) || (flags & RTF_REJECT) ||
            metric >= least)
            continue;
        if (router.bytes[0] == 0xfe && (router.bytes[1] & 0xc0) == 0x80)
            router.zone = if_nametoindex(interface);
        least = metric;
        best = router;
    }
    add_router(now, &best);
}
