/* peers.c - the hosts around the image: what they have heard of it, and what they answer by themselves. */
#include "steps.h"

#include <string.h>

#ifndef FRAMES_DYNAMIC
#define FRAMES_DYNAMIC 0
#endif

const uint8_t image_mac[6] = {2, 0, 0, 0, 0, 2}, peer_mac[6] = {2, 0, 0, 0, 0, 1};

static const uint8_t peers4[REMOTES][4] = {
    {10, 0, 0, 1}, {10, 0, 0, 9}, {192, 0, 2, 7}, {10, 0, 0, 2}, {255, 255, 255, 255}, {224, 0, 0, 1}, {0, 0, 0, 0}, {127, 0, 0, 1},
};

#define FD(last) {0xfd, [15] = last}
#if FRAMES_DYNAMIC
#define IMAGE {0xfd, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, 2}
#else
#define IMAGE FD(2)
#endif
static const uint8_t peers6[REMOTES][16] = {
    FD(1), FD(9), {0x20, 0x01, 0x0d, 0xb8, [15] = 7}, IMAGE, {0xff, 2, [15] = 1}, {0xfe, 0x80, [15] = 1}, {0}, {[15] = 1},
};
static const uint8_t image4[4][4] = {{10, 0, 0, 2}, {10, 0, 0, 255}, {224, 0, 0, 1}, {255, 255, 255, 255}};
static const uint8_t image6[4][16] = {
    IMAGE, {0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, 2}, {0xff, 2, [11] = 1, 0xff, 0, 0, 2}, {0xff, 2, [15] = 1},
};

static struct {
    bool silent;
    struct connection connections[CONNECTIONS];
    unsigned next;
    uint8_t last[1600];
    size_t last_size;
    uint32_t dhcp_number;
} peers;

const uint8_t *peer_address(unsigned version, unsigned which)
{
    return version == 4 ? peers4[which % REMOTES] : peers6[which % REMOTES];
}

const uint8_t *image_address(unsigned version, unsigned which)
{
    return version == 4 ? image4[which % 4] : image6[which % 4];
}

const uint8_t *world_address(bool version6, unsigned remote)
{
    return peer_address(version6 ? 6 : 4, remote);
}

void peers_start(bool silent)
{
    memset(&peers, 0, sizeof peers);
    peers.silent = silent;
}

struct cursor peers_last_packet(void)
{
    return (struct cursor){peers.last, peers.last_size};
}

uint32_t peers_dhcp_number(void)
{
    return peers.dhcp_number;
}

/* ---- connections ---- */

struct connection *peers_connection(unsigned which)
{
    return &peers.connections[which % CONNECTIONS];
}

static struct connection *new_connection(unsigned version, const uint8_t *remote, const uint8_t *local, unsigned remote_port, unsigned local_port)
{
    struct connection *c = &peers.connections[peers.next++ % CONNECTIONS];
    *c = (struct connection){.used = true, .version = version, .remote_port = (uint16_t)remote_port, .local_port = (uint16_t)local_port};
    memcpy(c->remote, remote, version == 4 ? 4 : 16);
    memcpy(c->local, local, version == 4 ? 4 : 16);
    c->sent = c->received = peers.next * 0x10000000u;
    return c;
}

struct connection *peers_new_connection(unsigned version, unsigned remote, uint16_t remote_port, uint16_t local_port)
{
    return new_connection(version, peer_address(version, remote), image_address(version, 0), remote_port, local_port);
}

static struct connection *find(unsigned version, const uint8_t *remote, unsigned remote_port, unsigned local_port)
{
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &peers.connections[i];
        if (c->used && c->version == version && c->remote_port == remote_port && c->local_port == local_port &&
            memcmp(c->remote, remote, version == 4 ? 4 : 16) == 0)
            return c;
    }
    return NULL;
}

/* Of a segment, the sequence numbers that it takes. */
static uint32_t length_of(const uint8_t *bytes, const struct parts *parts)
{
    const uint8_t *tcp = bytes + parts->transport;
    size_t all = parts->end - parts->transport, header = (tcp[12] >> 4) * 4u;
    return (uint32_t)((all > header ? all - header : 0) + (tcp[13] & SYN ? 1 : 0) + (tcp[13] & FIN ? 1 : 0));
}

static bool is_segment(const struct parts *parts)
{
    return parts->transport && !parts->fragment && parts->protocol == TCP && parts->end - parts->transport >= 20;
}

static bool later(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

void peers_sent(const struct packet *p)
{
    struct parts parts = packet_parts(p->bytes, p->size);
    if (!is_segment(&parts))
        return;
    const uint8_t *tcp = p->bytes + parts.transport, *ip = p->bytes + LINK;
    bool v4 = parts.version == 4;
    const uint8_t *from = ip + (v4 ? 12 : 8), *to = ip + (v4 ? 16 : 24);
    struct connection *c = find(parts.version, from, get16(tcp), get16(tcp + 2));
    if (!c && (tcp[13] & SYN))
        c = new_connection(parts.version, from, to, get16(tcp), get16(tcp + 2));
    if (!c)
        return;
    uint32_t end = get32(tcp + 4) + length_of(p->bytes, &parts);
    if ((tcp[13] & SYN) || (later(end, c->sent) && end - c->sent < 65536))
        c->sent = end;
}

static void segment_received(const uint8_t *bytes, const struct parts *parts)
{
    const uint8_t *tcp = bytes + parts->transport, *ip = bytes + LINK;
    bool v4 = parts->version == 4;
    const uint8_t *from = ip + (v4 ? 12 : 8), *to = ip + (v4 ? 16 : 24);
    struct connection *c = find(parts->version, to, get16(tcp + 2), get16(tcp));
    if (!c)
        c = new_connection(parts->version, to, from, get16(tcp + 2), get16(tcp));
    uint32_t end = get32(tcp + 4) + length_of(bytes, parts);
    if ((tcp[13] & SYN) || later(end, c->image_next))
        c->image_next = end;
    if (tcp[13] & ACK)
        c->received = get32(tcp + 8);
}

/* ---- answers ---- */

static bool is_peer(unsigned version, const uint8_t *address)
{
    for (unsigned i = 0; i < 3; i++)
        if (memcmp(peer_address(version, i), address, version == 4 ? 4 : 16) == 0)
            return true;
    return version == 6 && memcmp(peers6[5], address, 16) == 0;
}

static void answer_arp(const uint8_t *bytes)
{
    struct packet p;
    const uint8_t *arp = bytes + LINK;
    if (get16(arp + 6) != 1 || !is_peer(4, arp + 24))
        return;
    build_arp(&p, 2, arp + 24, arp + 14);
    world_queue(&p);
}

static void answer_icmp6(const uint8_t *bytes, const struct parts *parts)
{
    struct packet p;
    const uint8_t *icmp = bytes + parts->transport;
    if (icmp[0] == 135 && parts->end - parts->transport >= 24 && is_peer(6, icmp + 8)) {
        build_neighbour_advertisement(&p, icmp + 8, bytes + LINK + 8);
        world_queue(&p);
    } else if (icmp[0] == 133) {
        build_router_advertisement(&p, (struct cursor){0});
        world_queue(&p);
    }
}

static void dhcp_received(const uint8_t *bytes, const struct parts *parts)
{
    const uint8_t *dhcp = bytes + parts->transport + 8;
    size_t size = parts->end - parts->transport - 8;
    if (size < 240)
        return;
    peers.dhcp_number = get32(dhcp + 4);
    uint8_t type = 0;
    for (size_t at = 240; at + 2 < size && dhcp[at] != 255; at += 2 + dhcp[at + 1])
        if (dhcp[at] == 53)
            type = dhcp[at + 2];
    if (peers.silent || (type != 1 && type != 3))
        return;
    struct packet p;
    uint8_t answer = type == 1 ? 2 : 5;
    build_dhcp(&p, (struct cursor){&answer, 1});
    world_queue(&p);
}

void peers_received(const uint8_t *bytes, size_t size)
{
    struct parts parts = packet_parts(bytes, size);
    if (size - LINK <= sizeof peers.last && parts.version) {
        memcpy(peers.last, bytes + LINK, size - LINK);
        peers.last_size = size - LINK;
    }
    if (is_segment(&parts))
        segment_received(bytes, &parts);
    else if (parts.transport && !parts.fragment && parts.protocol == UDP && get16(bytes + parts.transport + 2) == 67)
        dhcp_received(bytes, &parts);
    if (peers.silent)
        return;
    if (!parts.version)
        answer_arp(bytes);
    else if (parts.transport && parts.version == 6 && parts.protocol == ICMPV6 && !parts.fragment)
        answer_icmp6(bytes, &parts);
}
