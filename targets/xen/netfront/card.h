/*
 * card.h - what receiving and sending share; private to this folder.
 *
 * A ring is a page that both ends write (xen/include/public/io/ring.h).  What the other end wrote is read once; an index, a number or a length
 * that cannot be takes the interface out of use.
 */
#ifndef NETFRONT_CARD_H
#define NETFRONT_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/xen_bus.h>
#include <ukc/xen_front.h>

enum { ETHERNET = 14, MTU_LEAST = 576, MTU_MOST = 1500, PAGE = 4096, SLOTS = 256 /* of either ring */ };

/* Flags of a slot: no checksum; a good one; the frame goes on in the next slot of its kind; one with something else follows. */
enum { BLANK = 1, VALID = 2, MORE = 4, EXTRA = 8 };
/* What else: segments of TCP that were joined, or are to be divided. */
enum { EXTRA_SEGMENTS = 1, EXTRA_MORE = 1, SEGMENTS_TCP4 = 1, SEGMENTS_TCP6 = 2 };
struct extra {
    uint8_t type, flags;
    uint16_t segment; /* bytes of data in a frame, after the division */
    uint8_t division, padding;
    uint16_t features;
};

struct ring {
    struct xen_front front;
    uint32_t shown; /* of what was put, what the other end knows of */
    uint32_t event; /* the channel by which either end tells the other */
    int grant;
};

struct card {
    struct xen_device device;
    unsigned number; /* of the device */
    bool open;
    /* When it is not open: */
    bool again; /* it is to be agreed on anew, the other end is a new one */
    bool away;  /* there is none, as without a cable; one may come */
    bool look;  /* and perhaps has */
    bool shown; /* this end is connected, and the other one was not in its time: it may use the rings yet */
    uint32_t receive_event, send_event; /* channels: two, or one for both; 0: none */
    uint8_t mac[6];
    unsigned mtu;
    bool fills4, fills6; /* the other end fills in checksums of what is sent, over IPv4 and IPv6 */
    bool divides;        /* and takes frames with segments of TCP that are longer than the wire's */
    bool joins;          /* it may send such frames, in several buffers each */
};
extern struct card card;

/* Pages that the other end may use, with a reference in `grants` for each.  NULL: there are not so many. */
char *share(unsigned pages, int *grants, bool read_only);
/* Takes them back and frees them; what the other end does not let go of is lost, and nothing else comes to lie there.  NULL: nothing. */
void unshare(char *memory, unsigned pages, const int *grants);
/* A ring in a page of its own, with a channel: 0 or a negative errno value. */
int ring_open(struct ring *, uint32_t event);
void ring_close(struct ring *);
/* Shows the other end what was put, and wakes it if it waits. */
void ring_show(struct ring *);

/* The other end broke the rules: the interface is taken out of use, and the log says so once.  Returns -EIO. */
int card_broken(void);
/* When it is not open: agrees with a new other end if there is one.  0: it is open; -EAGAIN: there is none now; -EIO: and never will be. */
int card_again(void);

/* Rings and memory: 0 or a negative errno value.  *grant: the ring's reference. */
int receive_open(int *grant);
int send_open(int *grant);
/* Whether there are buffers enough for frames with segments that were joined. */
bool receive_can_join(void);
/* Gives back memory; who waits may still be waiting. */
void receive_close(void);
void send_close(void);
/* Nobody waits any more, and nobody will. */
void receive_release(void);
void send_release(void);
/* When the other end is connected: gives it all buffers. */
void receive_begin(void);
void receive_wake(void);
void send_wake(void);
/* Bytes of the longest frame that can be divided. */
uint32_t send_most(void);

#endif
