/*
 * replay.h - frames of a capture file, one after another.
 *
 * A file that is broken or ends early is used up to there; the reason
 * goes to the log.
 */
#ifndef NETIF_PCAP_REPLAY_H
#define NETIF_PCAP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum { REPLAY_HEADER = 14, REPLAY_MOST = 9216 + REPLAY_HEADER + 4 }; /* of a frame that any interface takes, with a VLAN tag */

struct replay_frame {
    int64_t after; /* nanoseconds since the first frame of the file; never less than that of the frame before */
    uint32_t size; /* may be more than REPLAY_MOST: then its bytes are not there */
    const uint8_t *bytes;
};

/* 0 or a negative errno value; the log has the reason. */
int replay_open(const char *path);
void replay_close(void);

/* The next frame, which stays until replay_take; false at the end, or without a file. */
bool replay_next(struct replay_frame *frame);
void replay_take(void);

#endif
