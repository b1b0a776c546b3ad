/*
 * frames.h - frames in and out of a descriptor, each with a header for checksums if the host knows it; private to this folder.
 *
 * One read or write of the descriptor is one frame.  The header is virtio's (VIRTIO 1.2, 5.1.6), as tap devices
 * and packet sockets use it.
 */
#ifndef NETIF_TAP_FRAMES_H
#define NETIF_TAP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

enum { FRAME_HEADER = 14, FRAME_MTU_MOST = 9216, FRAME_DIVIDED_MOST = 65535 };

struct frames_device {
    const char *name;      /* for messages */
    const char *component;
    const char *lost;      /* "is gone": what is said when it can be used no more */
    unsigned mtu;          /* a longer frame is not sent */
    bool header;           /* each frame has virtio's header */
    bool offload;          /* then: checksums are computed and verified here or by the host, not by the caller; and
                              segments of TCP of up to FRAME_DIVIDED_MOST bytes of frame are divided by the host */
    int (*reopen)(void);   /* the device again, after it went: a descriptor as for frames_open, or a negative errno value */
};

/* Takes a non-blocking descriptor over, even when it fails. */
int frames_open(const struct frames_device *device, int descriptor);
void frames_close(void);

/* The operations of netif.h. */
ptrdiff_t frames_receive(void *frame, size_t size, int64_t deadline);
int frames_send(const struct view *views, size_t count, int64_t deadline);

#endif
