/*
 * checksum.h - the Internet checksum (RFC 1071) of TCP and UDP in Ethernet frames; private to this folder.
 *
 * Frames come from outside: nothing in them is believed before it was compared with the frame's size.  Sums are
 * kept in the byte order in which they are stored, so they are loaded and stored as they are.
 */
#ifndef NETIF_TAP_CHECKSUM_H
#define NETIF_TAP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

enum checksum_kind {
    CHECKSUM_NONE,  /* not TCP or UDP, or a fragment: nothing to do here */
    CHECKSUM_FOUND,
    CHECKSUM_MORE,  /* the answer lies behind the bytes that were given */
    CHECKSUM_BAD,   /* lengths contradict one another, or there are more headers than anybody needs */
};

struct checksum_place {
    size_t start;    /* of the TCP or UDP header, from the start of the frame */
    size_t field;    /* the checksum's offset in that header */
    size_t end;      /* of what is summed; the frame may be longer */
    uint16_t pseudo; /* the sum of the pseudo-header */
    uint8_t protocol;
    uint8_t version; /* of IP */
};

/* Where the checksum of a frame of `size` bytes is, of which the first `have` are in `frame`. */
enum checksum_kind checksum_find(const uint8_t *frame, size_t have, size_t size, struct checksum_place *place);

/* Computes and stores it; the whole frame is there.  Whatever the field held is overwritten. */
void checksum_fill(uint8_t *frame, const struct checksum_place *place);

/* CHECKSUM_NONE, CHECKSUM_FOUND when it is right, CHECKSUM_BAD. */
enum checksum_kind checksum_verify(const uint8_t *frame, size_t size);

#endif
