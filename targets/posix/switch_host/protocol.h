/*
 * protocol.h - what a simulated host and its switch say to each other.
 *
 * They talk over a Unix socket of type SOCK_SEQPACKET, on one machine: numbers
 * are in its byte order.  First the switch says `welcome`.  From then on they
 * take turns.  The host runs until none of its tasks can, and reports: frames it
 * has sent, and when it wants to run again at the latest.  The switch answers, perhaps much later, with the
 * time it is then and the frames that have come.  What does not fit one message is continued in the
 * next (PROTOCOL_MORE).  The last report of a host that ends (PROTOCOL_LAST) has no answer.
 *
 * A message of either kind is a struct message and then `count` frames, each
 * a size in four bytes and the bytes themselves.  Both sides check everything.
 */
#ifndef SWITCH_HOST_PROTOCOL_H
#define SWITCH_HOST_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

#define PROTOCOL_VARIABLE "UKC_SWITCH" /* in the environment: the descriptor of the socket */

enum {
    PROTOCOL_WELCOME = 0x75737731, /* "usw1": changes with the protocol */
    PROTOCOL_REPORT = 0x75737732,
    PROTOCOL_TURN = 0x75737733,
    PROTOCOL_BYTES = 65536, /* of a message, at most */
    PROTOCOL_SHORTEST = 14, /* frame */
    PROTOCOL_LONGEST = 9216 + 18,
};

enum {
    PROTOCOL_MORE = 1, /* another message of the same report or turn follows */
    PROTOCOL_LAST = 2, /* report: the host ends */
    PROTOCOL_STOP = 4, /* turn: the image shall stop */
};

struct welcome {
    uint32_t kind, host; /* hosts are counted from 1 */
    uint8_t random[32];  /* key of its random bytes */
    int64_t now, wall;   /* nanoseconds: of the virtual clock, and since 1970 at its 0 */
    uint8_t mac[6];
    uint16_t mtu;
};

struct message {
    uint32_t kind, flags;
    int64_t time;    /* report: the deadline, INT64_MAX for none; turn: now */
    uint32_t count;  /* frames */
    uint32_t unread; /* report: frames that came and for which the host had no room, since the last report */
};

static_assert(sizeof(struct welcome) == 64 && sizeof(struct message) == 24, "no padding that differs between builds");

#endif
