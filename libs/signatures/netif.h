/*
 * netif.h - a network interface that carries Ethernet frames.
 *
 * Pull-style: a stack asks for frames when it wants one, and nothing is
 * called from an interrupt.  Frames start with the destination address and carry no
 * frame check sequence (IEEE 802.3, 3.1.1).
 *
 * Errors are negative errno values.
 */
#ifndef NETIF_H
#define NETIF_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/address.h>
#include <ukc/view.h>

/*
 * What the interface does about the checksums of TCP and UDP, over IPv4 and IPv6 (not those of IPv4's header and ICMP).
 * It knows single frames only: whoever sends a datagram in fragments fills its checksum in, and whoever puts one together verifies it.
 */
enum {
    NETIF_CHECKSUM_SEND = 1,    /* fills them in: the sender may leave any value in the field */
    NETIF_CHECKSUM_RECEIVE = 2, /* a frame received has none, or one that was verified: the field is not to be looked at */
};

enum { NETIF_OTHERS_MOST = 8 };

struct netif_info {
    uint8_t mac[6];
    uint16_t mtu;     /* bytes of payload, without the 14 bytes of header; 576 to 9216 */
    uint32_t offload; /* NETIF_CHECKSUM_... */
    uint32_t divides; /* bytes of the longest frame with a segment of TCP that is divided for the wire; 0: none is */
    uint32_t other_count;                       /* of others */
    struct ip_address others[NETIF_OTHERS_MOST]; /* what the link's other end is called, on any link of its own, as far as the interface knows: not for the stack */
};

int netif_info(struct netif_info *info);

/*
 * Waits for a frame and copies it; returns its size.  -EMSGSIZE: it was
 * longer than `size` and is lost; -ETIMEDOUT, -ECANCELED, -EBUSY when another task is receiving.  -ENETRESET: nothing was
 * received, and the interface may be elsewhere than before, as that of a machine that was moved: whoever has addresses announces them.
 */
ptrdiff_t netif_receive(void *frame, size_t size, int64_t deadline);

/*
 * An interface that divides (with NETIF_CHECKSUM_SEND) takes a frame of TCP that is longer than the MTU allows, up to
 * `divides` bytes, Ethernet's header included: a segment with as much data as fits into one IP packet.  It sends its bytes in as
 * many frames, all as long as the MTU allows but for the last, with the headers of the one, sequence numbers and
 * lengths of their own; FIN and PSH are the last one's.
 */

/*
 * Sends one frame gathered from views, which are the caller's again when it returns.  0, -EMSGSIZE, -ETIMEDOUT,
 * -ECANCELED.  With DEADLINE_NOW it never parks the caller: -ETIMEDOUT says that there is no room at the moment.
 */
int netif_send(const struct view *views, size_t count, int64_t deadline);

#endif
