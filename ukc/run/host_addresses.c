/*
 * host_addresses.c - addresses of the image's that this host has itself.
 *
 * A host that has the image's address itself answers in its place, or nobody does: packets to it never leave the host.
 */
#include "hypervisor.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <string.h>

/* Whether this is the address, as text. */
static bool is_address(const struct sockaddr *at, const char *text)
{
    unsigned char bytes[16];
    if (!at || !*text)
        return false;
    if (at->sa_family == AF_INET)
        return inet_pton(AF_INET, text, bytes) == 1 && memcmp(bytes, &((const struct sockaddr_in *)(const void *)at)->sin_addr, 4) == 0;
    return at->sa_family == AF_INET6 && inet_pton(AF_INET6, text, bytes) == 1 &&
           memcmp(bytes, &((const struct sockaddr_in6 *)(const void *)at)->sin6_addr, 16) == 0;
}

/* An address that an argument sets is not that of the plan. */
static bool is_argument(const struct project *p, const char *key)
{
    for (size_t k = 0; k < p->i->passed_count; k++)
        if (string_starts(p->i->passed[k], "--") && strstr(p->i->passed[k], key))
            return true;
    return false;
}

static void check(struct project *p, const struct ifaddrs *all, const char *text, const char *key)
{
    for (const struct ifaddrs *at = all; at && !is_argument(p, key); at = at->ifa_next)
        if (is_address(at->ifa_addr, text)) {
            diag_warning(p->d, SPAN_NONE, "the image is to be %s, which is this host's own address, on '%s': from here it cannot be reached", text, at->ifa_name);
            diag_help(p->d, "another address for the image: ukc configure --set %s=...; or, as root, take it from the host: ip addr del %s dev %s", key, text,
                      at->ifa_name);
            return;
        }
}

void host_addresses_check(struct project *p, const struct guest *g)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0)
        return;
    for (size_t k = 0; k < g->cards.count; k++) {
        const struct guest_card *card = &g->cards.items[k];
        if (!card->tap || (k > 0 && string_equal(card->network.image, card[-1].network.image)))
            continue;
        check(p, all, card->network.image, "address");
        check(p, all, card->network.image6, "address6");
    }
    freeifaddrs(all);
}
