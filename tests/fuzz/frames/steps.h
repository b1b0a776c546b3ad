/*
 * steps.h - the language of the inputs.
 *
 * The first byte has the options of the world.  Then come steps: a kind, the size of the rest in two
 * bytes (little-endian), and the rest, which the kind reads as far as there is any; what is missing is zero.  Every
 * string of bytes is an input.
 */
#ifndef FRAMES_STEPS_H
#define FRAMES_STEPS_H

#include "packet.h"
#include "world.h"

enum step_kind {
    STEP_RAW,   /* flags, then a frame as it is: RAW_... */
    STEP_TCP, STEP_UDP, STEP_ICMP, STEP_ICMPV6, STEP_ARP, STEP_NEIGHBOUR, STEP_DHCP, STEP_FRAGMENT,
    STEP_TIME,  /* an index into the times; 16 more: the interface has no room for so long */
    STEP_ACTION,
    STEP_KINDS,
};

enum { RAW_MEND_LENGTHS = 1, RAW_MEND_SUMS = 2, RAW_ACKNOWLEDGE = 4 /* what is in the field is added to what the image sent last */ };

enum { OPTION_SILENT = 1, /* nobody answers ARP, neighbour solicitations, DHCP, router solicitations by itself */
       OPTION_WRAP = 2,   /* the clock of 32 bits of milliseconds is about to turn over */
       OPTION_CHECK = 4,  /* when the input is over, everything has to end and the stack to answer */
       OPTION_MTU = 24,   /* 1500, 576, 1280, 1400 */
       OPTION_OFFLOAD = 32, /* the interface computes checksums */
       OPTION_DIVIDE = 64,  /* and divides long segments */
};

/* A step is carried out: frames are put into the world's queue, time is set, an action is pending. */
struct cursor {
    const uint8_t *at;
    size_t left;
};
uint8_t take8(struct cursor *c);
uint16_t take16(struct cursor *c);
struct cursor take_part(struct cursor *c, size_t size);

void step_run(unsigned kind, struct cursor rest);

/* ---- of the world, for steps ---- */

void world_queue(const struct packet *p);
void world_set_action(const struct action *action);
void world_pass(int64_t nanoseconds, bool full);

/* ---- peers.c: what is known of the image and its peers ---- */

struct connection {
    bool used, dead;
    unsigned version;
    uint8_t remote[16], local[16];
    uint16_t remote_port, local_port;
    uint32_t sent;         /* by the peer: next sequence number */
    uint32_t received;     /* by the image: what it has acknowledged */
    uint32_t image_next;   /* of the image: after all that it sent */
    bool closing;
};
enum { CONNECTIONS = 8 };

extern const uint8_t image_mac[6], peer_mac[6];
const uint8_t *peer_address(unsigned version, unsigned which);  /* which < REMOTES */
const uint8_t *image_address(unsigned version, unsigned which); /* any */

void peers_start(bool silent);
struct connection *peers_connection(unsigned which);
struct connection *peers_new_connection(unsigned version, unsigned remote, uint16_t remote_port, uint16_t local_port);
/* A segment of a peer's, as its frame is queued. */
void peers_sent(const struct packet *p);
/* A frame of the image's: noted, and answered. */
void peers_received(const uint8_t *bytes, size_t size);
/* The last packet of the image's, from its IP header on, for those who quote it. */
struct cursor peers_last_packet(void);
uint32_t peers_dhcp_number(void);

/* ---- packets, for both ---- */

void build_arp(struct packet *p, unsigned operation, const uint8_t from[4], const uint8_t to[4]);
void build_neighbour_advertisement(struct packet *p, const uint8_t target[16], const uint8_t to[16]);
void build_router_advertisement(struct packet *p, struct cursor rest);
void build_dhcp(struct packet *p, struct cursor rest);

#endif
