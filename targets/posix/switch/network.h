/*
 * network.h - cables, a switch that learns, and what goes wrong between.
 *
 * A frame passes its sender's cable, the switch (where it may be lost,
 * doubled, corrupted, held back), the delay, and the receiver's cable.  Each cable
 * takes frames one after another, at its rate; too many that wait for it are lost.
 */
#ifndef SWITCH_NETWORK_H
#define SWITCH_NETWORK_H

#include "chance.h"
#include "queue.h"
#include "settings.h"
#include "trace.h"

struct network;

/* Takes frames that have come to a host, and their reference. */
typedef void network_receiver(void *context, int64_t now, uint32_t host, struct frame *frame);

struct network *network_new(const struct settings *settings, struct queue *queue, struct trace *trace, network_receiver *receiver,
                            void *context);
void network_free(struct network *network);

/* A host sends. */
void network_send(struct network *network, int64_t now, uint32_t host, const void *bytes, size_t size);
/* A frame has come to the next place: taken from the queue. */
void network_pass(struct network *network, const struct passage *passage);

#endif
