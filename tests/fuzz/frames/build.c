/* build.c - packets of the protocols by which hosts find each other: ARP (RFC 826), ND (RFC 4861, 4862, 8106), DHCP (RFC 2131, 2132). */
#include "steps.h"

#include <string.h>

static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

void build_arp(struct packet *p, unsigned operation, const uint8_t from[4], const uint8_t to[4])
{
    packet_link(p, operation == 1 ? broadcast : image_mac, peer_mac, TYPE_ARP);
    packet_add(p, (const uint8_t[]){0, 1, 8, 0, 6, 4}, 6);
    packet_add16(p, operation);
    packet_add(p, peer_mac, 6);
    packet_add(p, from, 4);
    packet_add(p, operation == 1 ? (const uint8_t[6]){0} : image_mac, 6);
    packet_add(p, to, 4);
}

/* ---- neighbour discovery ---- */

static void begin_icmp6(struct packet *p, const uint8_t *from, const uint8_t *to, unsigned type, unsigned code, uint32_t rest)
{
    packet_link(p, image_mac, peer_mac, TYPE_IPV6);
    packet_ip(p, 6, ICMPV6, from, to, (struct extra){0});
    packet_add8(p, type);
    packet_add8(p, code);
    packet_add16(p, 0);
    packet_add32(p, rest);
}

static void add_link_address(struct packet *p, unsigned type)
{
    packet_add8(p, type);
    packet_add8(p, 1);
    packet_add(p, peer_mac, 6);
}

void build_neighbour_advertisement(struct packet *p, const uint8_t target[16], const uint8_t to[16])
{
    begin_icmp6(p, target, to, 136, 0, 0x60000000);
    packet_add(p, target, 16);
    add_link_address(p, 2);
    packet_mend(p, true, true);
}

static void add_prefix(struct packet *p, struct cursor *c)
{
    unsigned options = take8(c);
    uint32_t lifetime = options & 4 ? take16(c) : 3600;
    packet_add(p, (const uint8_t[]){3, 4, options & 1 ? take8(c) : 64, options & 2 ? take8(c) : 0xc0}, 4);
    packet_add32(p, lifetime);
    packet_add32(p, options & 8 ? take16(c) : lifetime);
    packet_add32(p, 0);
    packet_add(p, peer_address(6, options >> 4), 8);
    packet_add(p, (const uint8_t[8]){0}, 8);
}

/* Options by kind: each well-formed, or as the input has it. */
static void add_options(struct packet *p, struct cursor *c)
{
    while (c->left > 0) {
        unsigned kind = take8(c), lifetime;
        switch (kind % 8) {
        case 0: add_link_address(p, 1); break;
        case 1: add_link_address(p, 2); break;
        case 2: add_prefix(p, c); break;
        case 3: /* MTU */
            packet_add32(p, 0x05010000);
            packet_add32(p, take16(c));
            break;
        case 4: /* name servers */
            lifetime = take16(c);
            packet_add8(p, 25);
            packet_add8(p, kind & 8 ? 5 : 3);
            packet_add16(p, 0);
            packet_add32(p, lifetime);
            packet_add(p, peer_address(6, kind >> 4), 16);
            if (kind & 8)
                packet_add(p, peer_address(6, 1), 16);
            break;
        default: {
            struct cursor part = take_part(c, 1 + kind / 8);
            packet_add(p, part.at, part.left);
        }
        }
    }
}

void build_router_advertisement(struct packet *p, struct cursor rest)
{
    bool plain = !rest.left;
    unsigned flags = take8(&rest), lifetime = plain ? 1800 : take16(&rest);
    begin_icmp6(p, peer_address(6, flags & 1 ? 0 : 5), image_address(6, flags & 2 ? 1 : 3), 134, 0,
                0x40000000 | (flags & 0xf8u) << 16 | lifetime);
    packet_add32(p, flags & 4 ? 5000 : 0);
    packet_add32(p, flags & 4 ? 100 : 0);
    if (plain) {
        static const uint8_t options[] = {0, 2, 0, 4, 0x0e, 0x10};
        rest = (struct cursor){options, sizeof options};
    }
    add_options(p, &rest);
    packet_mend(p, true, true);
}

/* ---- DHCP ---- */

static void add_option(struct packet *p, unsigned code, const uint8_t *bytes, unsigned size)
{
    packet_add8(p, code);
    packet_add8(p, size);
    packet_add(p, bytes, size);
}

static void add_lease(struct packet *p, unsigned seconds)
{
    uint8_t bytes[4];
    put32(bytes, seconds);
    add_option(p, 51, bytes, 4);
}

/* A server's message.  Of what: its type, what to leave out, the address, the lease in seconds; then options as they are. */
void build_dhcp(struct packet *p, struct cursor rest)
{
    unsigned type = take8(&rest), without = take8(&rest), address = take8(&rest), lease = take16(&rest);
    static const uint8_t mask[4] = {255, 255, 255, 0};
    packet_link(p, image_mac, peer_mac, TYPE_IPV4);
    packet_ip(p, 4, UDP, peer_address(4, 0), image_address(4, address & 0x80 ? 3 : 0), (struct extra){0});
    packet_add16(p, 67);
    packet_add16(p, 68);
    packet_add32(p, 0);
    packet_add(p, (const uint8_t[]){2, 1, 6, 0}, 4);
    packet_add32(p, peers_dhcp_number());
    packet_add(p, (const uint8_t[8]){0}, 8);
    packet_add(p, (const uint8_t[]){10, 0, 0, (uint8_t)(2 + address % 8)}, 4);
    packet_add(p, (const uint8_t[8]){0}, 8);
    packet_add(p, image_mac, 6);
    packet_add(p, (const uint8_t[202]){0}, 202);
    if (without & 0x40) { /* options go on in the fields of names */
        packet_add(p, (const uint8_t[]){0x63, 0x82, 0x53, 0x63}, 4);
        add_option(p, 52, &(uint8_t){3}, 1);
        packet_add(p, (const uint8_t[]){6, 4, 10, 0, 0, 9}, 6);
        put32(p->bytes + LINK + 28 + 44, 0x0604c000);
        put32(p->bytes + LINK + 28 + 108, 0x0608c000);
    } else
        packet_add(p, (const uint8_t[]){0x63, 0x82, 0x53, 0x63}, 4);
    if (!(without & 1))
        add_option(p, 53, &(uint8_t){(uint8_t)type}, 1);
    if (!(without & 2))
        add_option(p, 54, peer_address(4, 0), 4);
    if (!(without & 4))
        add_lease(p, lease ? lease : 3600);
    if (!(without & 8))
        add_option(p, 1, mask, 4);
    if (!(without & 16))
        add_option(p, 3, peer_address(4, 0), 4);
    if (!(without & 32))
        add_option(p, 6, (const uint8_t[]){10, 0, 0, 9, 10, 0, 0, 1}, 8);
    packet_add(p, rest.at, rest.left);
    if (!(without & 128))
        packet_add8(p, 255);
    packet_mend(p, true, true);
}
