/*
 * burst.h - segments of TCP that are sent as one frame, which the network interface divides again (netif.h).
 *
 * A full segment is kept until the next one follows it, or until the operation that sent it ends.
 */
#ifndef LWIP_BURST_H
#define LWIP_BURST_H

#include <stddef.h>
#include <ukc/view.h>

#include "lwip/pbuf.h"

/* `most`: bytes that the interface takes in one frame, 0 if it divides none; `full`: a frame of as many as the MTU allows. */
void burst_start(size_t most, size_t full);
void burst_stop(void);

/*
 * Before a frame is sent.  1: it was taken; 0: it has to be sent by itself, and nothing is kept before it; -ETIMEDOUT: what is
 * kept cannot be sent at the moment, nor can this.
 */
int burst_take(struct pbuf *p);

/* 0; or a negative errno value of netif_send: with -ETIMEDOUT, the frames are still kept. */
int burst_flush(void);

/* The parts of a frame that are not empty, without the padding, joined where they lie side by side; 0: there are more than `room`. */
size_t burst_parts(const struct pbuf *p, size_t skip, struct view *views, size_t room);

#endif
