/*
 * steps.c - one step of an input.
 *
 * A step with a packet starts with a byte of ENVELOPE_...: what is done to it that no honest sender does.
 */
#include "steps.h"

#include <string.h>

enum {
    ENVELOPE_EXTRA = 1,     /* IPv4 options, or an IPv6 extension header: kind, size, bytes */
    ENVELOPE_FLIP = 2,      /* how many, and for each an offset and what is added there by exclusive or */
    ENVELOPE_CUT = 4,       /* to a size, as the last thing */
    ENVELOPE_LENGTHS = 8,   /* lengths stay wrong */
    ENVELOPE_SUMS = 16,     /* sums stay wrong */
    ENVELOPE_FRAGMENTS = 32, /* a size in units of 8 bytes, and how they go */
    ENVELOPE_STRANGE = 64,  /* addresses that are strange, padding */
    ENVELOPE_TWICE = 128,
};
enum { STRANGE_BROADCAST = 1, STRANGE_OWN = 2, STRANGE_GROUP = 4, STRANGE_PADDING = 8, STRANGE_OTHER = 16 };
enum { PIECES_BACKWARDS = 1, PIECES_OVERLAP = 2, PIECES_LACK = 4, PIECES_TWICE = 8 };

uint8_t take8(struct cursor *c)
{
    if (!c->left)
        return 0;
    c->left--;
    return *c->at++;
}

uint16_t take16(struct cursor *c)
{
    unsigned low = take8(c);
    return (uint16_t)(low | take8(c) << 8);
}

struct cursor take_part(struct cursor *c, size_t size)
{
    struct cursor part = {c->at, size < c->left ? size : c->left};
    c->at += part.left;
    c->left -= part.left;
    return part;
}

/* ---- the envelope ---- */

struct envelope {
    unsigned options, strange;
    struct extra extra;
};

static struct envelope take_envelope(struct cursor *c)
{
    struct envelope e = {.options = take8(c)};
    if (e.options & ENVELOPE_STRANGE)
        e.strange = take8(c);
    if (e.options & ENVELOPE_EXTRA) {
        e.extra.kind = take8(c);
        struct cursor part = take_part(c, take8(c));
        e.extra.bytes = part.at;
        e.extra.size = part.left;
    }
    return e;
}

static void begin(struct packet *p, const struct envelope *e, unsigned version, uint8_t protocol, const uint8_t *from, const uint8_t *to)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
    packet_link(p, e->strange & STRANGE_BROADCAST ? all : image_mac, peer_mac, version == 4 ? TYPE_IPV4 : TYPE_IPV6);
    if (e->strange & STRANGE_OWN)
        from = image_address(version, 0);
    if (e->strange & STRANGE_GROUP)
        to = image_address(version, version == 4 ? 1 : 3);
    if (e->strange & STRANGE_OTHER)
        to = image_address(version, version == 4 ? 3 : 1);
    packet_ip(p, version, protocol, from, to, e->extra);
}

static void queue_pieces(const struct packet *whole, size_t step, unsigned how)
{
    struct packet piece;
    unsigned count = 0;
    size_t overlap = how & PIECES_OVERLAP ? 8 : 0;
    uint32_t number;
    world_random(&number, sizeof number);
    while (count < 32 && packet_fragment(&piece, whole, step, overlap, count, number))
        count++;
    for (unsigned i = 0; i < count; i++) {
        unsigned index = how & PIECES_BACKWARDS ? count - 1 - i : i;
        if ((how & PIECES_LACK) && index == (how >> 4) % count)
            continue;
        packet_fragment(&piece, whole, step, overlap, index, number);
        world_queue(&piece);
        if (how & PIECES_TWICE)
            world_queue(&piece);
    }
}

static void send(struct packet *p, const struct envelope *e, struct cursor *c)
{
    unsigned flips = e->options & ENVELOPE_FLIP ? take8(c) % 4 + 1 : 0;
    for (; flips > 0; flips--) {
        size_t at = LINK + take16(c) % 512;
        uint8_t with = take8(c);
        if (at < p->size)
            p->bytes[at] ^= with;
    }
    packet_mend(p, !(e->options & ENVELOPE_LENGTHS), !(e->options & ENVELOPE_SUMS));
    peers_sent(p);
    if (e->strange & STRANGE_PADDING)
        packet_fill(p, 20);
    if (e->options & ENVELOPE_CUT) {
        size_t size = take16(c);
        if (size < p->size)
            p->size = size;
    }
    if (e->options & ENVELOPE_FRAGMENTS || p->size > WORLD_FRAME) {
        size_t step = 8u * (1 + (e->options & ENVELOPE_FRAGMENTS ? take8(c) % 180 : 179));
        queue_pieces(p, step, e->options & ENVELOPE_FRAGMENTS ? take8(c) : 0);
    } else
        world_queue(p);
    if (e->options & ENVELOPE_TWICE)
        world_queue(p);
}

/* ---- TCP ---- */

enum { TO_NEW = 0x80, TO_VERSION6 = 0x40, SEQUENCE_RECEIVED = 1, SEQUENCE_FAR = 2, ACKNOWLEDGE_FAR = 4, HAS_OPTIONS = 8, HAS_DATA = 16, URGENT = 32,
       WINDOW = 64 };

static void add_tcp_options(struct packet *p, struct cursor *c, const struct connection *to)
{
    size_t before = p->size;
    unsigned which = take8(c);
    if (which & 1) {
        packet_add16(p, 0x0204);
        packet_add16(p, take16(c));
    }
    if (which & 2) {
        packet_add8(p, 1);
        packet_add16(p, 0x0303);
        packet_add8(p, take8(c));
    }
    if (which & 4)
        packet_add16(p, 0x0402);
    if (which & 8) {
        packet_add16(p, 0x080a);
        packet_add32(p, (uint32_t)(world_now() / 1000000));
        packet_add32(p, (uint32_t)(world_now() / 1000000));
    }
    if (which & 16) {
        packet_add16(p, 0x050a);
        packet_add32(p, to->image_next - take16(c));
        packet_add32(p, to->image_next - take8(c));
    }
    if (which & 32) {
        struct cursor part = take_part(c, take8(c) % 41);
        packet_add(p, part.at, part.left);
    }
    size_t size = p->size - before;
    if (size > 40)
        p->size = before + 40;
    while ((p->size - before) % 4)
        packet_add8(p, 0);
}

static uint32_t distance(struct cursor *c, bool far)
{
    int32_t value = (int16_t)take16(c);
    return (uint32_t)(far ? value * 65536 : value);
}

static void step_tcp(struct cursor c)
{
    static const uint16_t ports[4] = {7, 80, 81, 443};
    struct envelope e = take_envelope(&c);
    unsigned which = take8(&c), flags = take8(&c), how = take8(&c);
    struct connection *to = peers_connection(which);
    if (which & TO_NEW)
        to = peers_new_connection(which & TO_VERSION6 ? 6 : 4, which & 3, (uint16_t)(1000 + which % 64), ports[which >> 2 & 3]);
    if (!to->used)
        return;
    struct packet p;
    begin(&p, &e, to->version, TCP, to->remote, to->local);
    size_t header = p.size;
    packet_add16(&p, to->remote_port);
    packet_add16(&p, to->local_port);
    packet_add32(&p, (how & SEQUENCE_RECEIVED ? to->received : to->sent) + (how & SEQUENCE_FAR || how >= 128 ? distance(&c, how & SEQUENCE_FAR) : 0));
    packet_add32(&p, flags & ACK ? to->image_next + (how & ACKNOWLEDGE_FAR || how >= 128 ? distance(&c, how & ACKNOWLEDGE_FAR) : 0) : 0);
    packet_add8(&p, 0);
    packet_add8(&p, flags);
    packet_add16(&p, how & WINDOW ? take16(&c) : 0xffff);
    packet_add16(&p, 0);
    packet_add16(&p, how & URGENT ? take16(&c) : 0);
    if (how & HAS_OPTIONS)
        add_tcp_options(&p, &c, to);
    p.bytes[header + 12] = (uint8_t)((p.size - header) / 4 << 4);
    if (how & HAS_DATA)
        packet_fill(&p, take16(&c) % 3000);
    send(&p, &e, &c);
}

/* ---- datagrams ---- */

enum { VERSION6 = 1, QUOTE = 2 };

static void step_udp(struct cursor c)
{
    static const uint16_t ports[] = {7, 68, 67, 53, 80, 49152};
    struct envelope e = take_envelope(&c);
    unsigned how = take8(&c), port = take8(&c), version = how & VERSION6 ? 6 : 4;
    struct packet p;
    begin(&p, &e, version, UDP, peer_address(version, how >> 2), image_address(version, how >> 5));
    packet_add16(&p, (unsigned)(5000 + port / 8));
    packet_add16(&p, ports[port % 6]);
    packet_add32(&p, 0);
    if (how & QUOTE)
        packet_add(&p, c.at, c.left);
    else
        packet_fill(&p, take16(&c) % 3900);
    send(&p, &e, &c);
}

static void step_icmp(struct cursor c, unsigned version)
{
    struct envelope e = take_envelope(&c);
    unsigned how = take8(&c), type = take8(&c), code = take8(&c);
    struct packet p;
    begin(&p, &e, version, version == 4 ? ICMP : ICMPV6, peer_address(version, how >> 2), image_address(version, how >> 5));
    packet_add8(&p, type);
    packet_add8(&p, code);
    packet_add16(&p, 0);
    packet_add32(&p, how & VERSION6 ? (uint32_t)take16(&c) << 16 | take16(&c) : take16(&c));
    size_t size = take16(&c) % 3900;
    if (version == 6 && type >= 130 && type <= 132) /* a group of listeners, or all */
        packet_add(&p, code ? image_address(6, 2) : peer_address(6, 6), 16);
    if (how & QUOTE) {
        struct cursor quote = peers_last_packet();
        packet_add(&p, quote.at, quote.left < size ? quote.left : size);
    } else
        packet_fill(&p, size);
    send(&p, &e, &c);
}

/* A fragment that belongs to no packet in particular. */
static void step_fragment(struct cursor c)
{
    struct envelope e = take_envelope(&c);
    unsigned how = take8(&c), version = how & VERSION6 ? 6 : 4, place = take16(&c), size = take16(&c) % 1460;
    struct packet p;
    begin(&p, &e, version, version == 4 ? UDP : 44, peer_address(version, how >> 2 & 3), image_address(version, 0));
    if (version == 4)
        put16(p.bytes + LINK + 6, (place & 0x1fff) | (how & QUOTE ? 0x2000 : 0));
    else {
        packet_add16(&p, how & 0x40 ? ICMPV6 << 8 : UDP << 8);
        packet_add16(&p, place << 3 | (how & QUOTE ? 1 : 0));
        packet_add32(&p, how >> 4 & 3);
    }
    if (version == 4)
        put16(p.bytes + LINK + 4, how >> 4 & 3);
    packet_fill(&p, size);
    send(&p, &e, &c);
}

/* ---- finding each other ---- */

static void step_arp(struct cursor c)
{
    struct envelope e = take_envelope(&c);
    unsigned how = take8(&c);
    struct packet p;
    build_arp(&p, how & 1 ? 1 : 2, peer_address(4, how >> 1), how & 0x80 ? peer_address(4, how >> 4) : image_address(4, 0));
    send(&p, &e, &c);
}

static void step_neighbour(struct cursor c)
{
    struct envelope e = take_envelope(&c);
    unsigned how = take8(&c), type = take8(&c), target = take8(&c);
    struct packet p;
    if (type % 8 == 0) {
        struct cursor body = take_part(&c, take8(&c));
        build_router_advertisement(&p, body);
        send(&p, &e, &c);
        return;
    }
    begin(&p, &e, 6, ICMPV6, peer_address(6, how), image_address(6, how >> 3));
    packet_add8(&p, 132 + type % 8);
    packet_add8(&p, 0);
    packet_add16(&p, 0);
    packet_add8(&p, how & 0xe0);
    packet_add(&p, (const uint8_t[3]){0}, 3);
    if (type % 8 >= 3)
        packet_add(&p, target & 0x80 ? peer_address(6, target) : image_address(6, target), 16);
    if (type % 8 == 5)
        packet_add(&p, peer_address(6, target >> 3), 16);
    struct cursor options = take_part(&c, take8(&c));
    if (options.left)
        packet_add(&p, (const uint8_t[]){type % 8 == 3 ? 1 : 2, 1, 2, 0, 0, 0, 0, 1}, 8);
    packet_add(&p, options.at, options.left ? options.left - 1 : 0);
    send(&p, &e, &c);
}

static void step_dhcp(struct cursor c)
{
    struct envelope e = take_envelope(&c);
    struct cursor body = take_part(&c, take8(&c));
    struct packet p;
    build_dhcp(&p, body);
    send(&p, &e, &c);
}

static void step_raw(struct cursor c)
{
    unsigned how = take8(&c);
    struct packet p = {0};
    packet_add(&p, c.at, c.left < WORLD_FRAME + 100 ? c.left : WORLD_FRAME + 100);
    struct parts parts = packet_parts(p.bytes, p.size);
    if ((how & RAW_ACKNOWLEDGE) && parts.transport && parts.protocol == TCP && parts.end - parts.transport >= 20) {
        uint8_t *tcp = p.bytes + parts.transport;
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            struct connection *to = peers_connection(i);
            if (to->used && to->remote_port == get16(tcp) && to->local_port == get16(tcp + 2))
                put32(tcp + 8, to->image_next + get32(tcp + 8));
        }
    }
    packet_mend(&p, how & RAW_MEND_LENGTHS, how & RAW_MEND_SUMS);
    peers_sent(&p);
    world_queue(&p);
}

/* ---- time and actions ---- */

static void step_time(struct cursor c)
{
    static const uint32_t milliseconds[] = {1, 10, 100, 250, 500, 1000, 1500, 3000, 6000, 15000, 30000, 61000, 120000, 300000, 600000, 7200000};
    unsigned which = take8(&c);
    world_pass(milliseconds[which % 16] * INT64_C(1000000), which & 16);
}

static void step_action(struct cursor c)
{
    struct action action = {.kind = take8(&c) % ACT_KINDS};
    unsigned how = take8(&c);
    action.flow = take8(&c);
    action.remote = how & (REMOTES - 1);
    action.version6 = how & 0x80;
    action.size = take16(&c);
    world_set_action(&action);
}

void step_run(unsigned kind, struct cursor rest)
{
    switch ((enum step_kind)(kind % STEP_KINDS)) {
    case STEP_RAW: step_raw(rest); break;
    case STEP_TCP: step_tcp(rest); break;
    case STEP_UDP: step_udp(rest); break;
    case STEP_ICMP: step_icmp(rest, 4); break;
    case STEP_ICMPV6: step_icmp(rest, 6); break;
    case STEP_ARP: step_arp(rest); break;
    case STEP_NEIGHBOUR: step_neighbour(rest); break;
    case STEP_DHCP: step_dhcp(rest); break;
    case STEP_FRAGMENT: step_fragment(rest); break;
    case STEP_TIME: step_time(rest); break;
    case STEP_ACTION: step_action(rest); break;
    default: break;
    }
}
