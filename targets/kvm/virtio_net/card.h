/*
 * card.h - what receiving and sending share; private to this folder.
 *
 * Memory for frames is in pieces, which the device reads and writes; what it wrote is copied out once and
 * judged in the copy.
 */
#ifndef VIRTIO_NET_CARD_H
#define VIRTIO_NET_CARD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/joined.h>

#include "virtio.h"

enum { PIECE = 2048, ETHERNET = 14, MTU_LEAST = 576, MTU_MOST = 9216 };
/* The longest frame with segments that were joined (5.1.6.3.1) takes no more pieces than this: a queue has a power of two of them. */
enum { JOINED_BUFFERS = JOINED_PIECES };
static_assert(JOINED_BUFFERS / 2 * PIECE < JOINED_MOST + 12 && JOINED_BUFFERS * PIECE >= JOINED_MOST + 12);

/* In front of each frame: VIRTIO 1.2, 5.1.6. */
struct card_header {
    uint8_t flags, division;
    uint16_t headers, segment; /* bytes of all headers; of data in a frame, after the division */
    uint16_t checksum_start, checksum_offset;
    uint16_t buffers; /* that a frame received takes */
};
static_assert(sizeof(struct card_header) == 12);

enum {
    HEADER_CHECKSUM = 1, HEADER_VALID = 2,                     /* flags: the checksum is to be completed; it was verified */
    DIVISION_NONE = 0, DIVISION_TCP4 = 1, DIVISION_TCP6 = 4,
};

struct card {
    struct virtio_device *device;
    uint8_t mac[6];
    unsigned mtu;
    bool fills;     /* checksums of what is sent */
    bool verifies;  /* checksums of what is received, or marks those that need not be */
    bool divides;
    bool merges;    /* a frame received may take several buffers */
    bool joins;     /* a frame received may hold several segments of TCP */
    bool tells;     /* whether its link is up */
    bool asks;      /* for addresses to be announced */
    bool down;      /* it was not, when last looked */
};
extern struct card card;

/* The device broke the rules: it is taken out of use, and the log says so once.  Returns -EIO. */
int card_broken(void);

/*
 * For who was woken: the log says it when the link is another than before.  True: the card asks for addresses
 * to be announced, and has heard that they are.
 */
bool card_look(void);

/* Queues 0, 1 and 2, with their memory: 0 or a negative errno value. */
int receive_open(void);
int send_open(void);
int control_open(void);
/* After virtio_ready: gives the device all buffers. */
void receive_begin(void);
/* After the device was closed. */
void receive_close(void);
void send_close(void);
/* After card_broken: who waits shall look. */
void receive_wake(void);
void send_wake(void);
/* Tells the card that addresses are announced; false: it has not heard the last time yet, or broke the rules. */
bool control_announced(void);
/* Bytes of the longest frame that can be divided. */
uint32_t send_most(void);

#endif
