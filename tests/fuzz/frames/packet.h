/*
 * packet.h - frames are built, mended, cut into fragments, and verified.
 *
 * A packet is written front to back with wrong lengths and sums, which packet_mend fills in from what it finds
 * in the frame: so that it also mends frames that were mutated or come from a capture.
 */
#ifndef FRAMES_PACKET_H
#define FRAMES_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINK = 14, /* bytes of the Ethernet header */
    PACKET_MOST = 4096, /* larger than a frame: to be cut into fragments */
    TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd,
    ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58,
};
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct packet {
    size_t size;
    uint8_t bytes[PACKET_MOST];
};

/* Where the parts of a frame are. */
struct parts {
    unsigned version;   /* of IP; 0: neither */
    bool fragment;
    uint8_t protocol;   /* after extension headers */
    size_t transport;   /* offset; 0: there is none, or it is not known */
    size_t end;         /* of the IP packet, by its own length */
};

uint16_t get16(const uint8_t *at);
uint32_t get32(const uint8_t *at);
void put16(uint8_t *at, unsigned value);
void put32(uint8_t *at, uint32_t value);

/* Append; what does not fit is left out. */
void packet_add(struct packet *p, const void *bytes, size_t size);
void packet_add8(struct packet *p, unsigned value);
void packet_add16(struct packet *p, unsigned value);
void packet_add32(struct packet *p, uint32_t value);
void packet_fill(struct packet *p, size_t size);

void packet_link(struct packet *p, const uint8_t to[6], const uint8_t from[6], unsigned type);

/* An IP header, with options (IPv4) or extension headers (IPv6) as they come; addresses have 4 or 16 bytes. */
struct extra {
    const uint8_t *bytes;
    size_t size;
    uint8_t kind; /* IPv6: next header value of the first */
};
void packet_ip(struct packet *p, unsigned version, uint8_t protocol, const uint8_t *from, const uint8_t *to, struct extra extra);

struct parts packet_parts(const uint8_t *bytes, size_t size);
void packet_mend(struct packet *p, bool lengths, bool sums);

/* NULL, or what is wrong with a frame that the image sent; offload: the interface fills in the sums of TCP and UDP. */
const char *packet_verify(const uint8_t *bytes, size_t size, bool offload);

/* Piece `index` of the IP packet, each of `step` bytes of it and `overlap` more; false when there is none. */
bool packet_fragment(struct packet *to, const struct packet *whole, size_t step, size_t overlap, unsigned index, uint32_t number);

#endif
