/*
 * recording.h - a capture file that is being written.
 *
 * A frame is in the file when the call returns, whatever happens to the
 * image then; the file never ends within a frame.  When the host cannot write, the log says so once and
 * nothing more is recorded.
 */
#ifndef NETIF_PCAP_RECORDING_H
#define NETIF_PCAP_RECORDING_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

enum { RECORDING_VIEWS = 64 }; /* of a frame, at most */

/* 0 or a negative errno value; the log has the reason. */
int recording_open(const char *path);
void recording_close(void);

/* `size` is that of all views; at most RECORDING_VIEWS of them.  Nothing happens when nothing is recorded. */
void recording_add(int64_t time, const struct view *views, size_t count, size_t size);

#endif
