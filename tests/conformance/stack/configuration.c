/* configuration.c - what the stack says of its addresses is true. */
#include "conformance.h"

static const char *it_becomes_ready(int)
{
    int at_once = stack_ready(DEADLINE_NOW);
    EXPECT(at_once == 0 || at_once == -ETIMEDOUT);
    EXPECT(stack_ready(SOON) == 0);
    EXPECT(stack_ready(DEADLINE_NOW) == 0);
    return NULL;
}

/* Only the bytes of its family are set. */
static bool is_address(const struct ip_address *address)
{
    static const uint8_t none[16];
    return address->family == IP_V6 || (address->family == IP_V4 && memcmp(address->bytes + 4, none, 12) == 0 && address->zone == 0);
}

static bool is_link_local(const struct ip_address *address)
{
    return address->family == IP_V6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

static const char *its_configuration_is_well_formed(int family)
{
    struct stack_configuration c;
    memset(&c, 0xff, sizeof c);
    EXPECT(stack_configuration(&c) == 0);
    EXPECT(c.address_count <= STACK_ADDRESSES_MOST && c.router_count <= 2 && c.server_count <= STACK_SERVERS_MOST);
    for (unsigned i = 0; i < c.address_count; i++) {
        EXPECT(is_address(&c.addresses[i]) && c.prefixes[i] > 0);
        EXPECT(c.prefixes[i] <= (c.addresses[i].family == IP_V4 ? 32 : 128));
        EXPECT(i == 0 || c.addresses[i - 1].family <= c.addresses[i].family); /* IPv4 first */
        EXPECT(is_link_local(&c.addresses[i]) == (c.addresses[i].zone != 0));
    }
    for (unsigned i = 0; i < c.router_count; i++)
        EXPECT(is_address(&c.routers[i]));
    for (unsigned i = 0; i < c.server_count; i++)
        EXPECT(is_address(&c.servers[i]));
    (void)family;
    return NULL;
}

/* Each address that it says it has is its own: one can listen there, connect to it, and come from it. */
static const char *its_addresses_are_its_own(int family)
{
    struct stack_configuration c;
    EXPECT(stack_ready(SOON) == 0 && stack_configuration(&c) == 0);
    for (unsigned i = 0; i < c.address_count; i++) {
        struct pair p = {.at = {.address = c.addresses[i]}};
        struct endpoint peer;
        if (c.addresses[i].family != family || is_link_local(&c.addresses[i]))
            continue;
        EXPECT(stack_listen(&p.listener, &p.at, 0) == 0 && stack_listener_local(p.listener, &p.at) == 0);
        PASS(pair_connect(&p));
        EXPECT(stack_peer(p.server, &peer) == 0 && ip_equal(&peer.address, &c.addresses[i]));
        EXPECT(say(p.client, "me", SOON) == 2 && hears(p.server, "me"));
        pair_close(&p);
    }
    return NULL;
}

const struct check configuration_checks[] = {
    CHECK(it_becomes_ready),
    CHECK(its_configuration_is_well_formed),
    CHECK(its_addresses_are_its_own),
    {},
};
