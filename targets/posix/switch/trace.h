/*
 * trace.h - all that happens: as a hash, in numbers, and as a capture file.
 *
 * The hash covers every frame that was sent, received or lost, with its time and host:
 * equal hashes mean equal runs.  The capture file has what hosts sent, when they did.
 */
#ifndef SWITCH_TRACE_H
#define SWITCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

#define TRACE_COUNTS(X)                                                      \
    X(SENT, "frames.sent")                                                   \
    X(RECEIVED, "frames.received")   /* copies: of a broadcast there are many */ \
    X(LOST, "frames.lost")           /* by chance */                         \
    X(OVERFLOWED, "frames.overflowed") /* no room before a cable */          \
    X(DUPLICATED, "frames.duplicated")                                       \
    X(REORDERED, "frames.reordered")                                         \
    X(CORRUPTED, "frames.corrupted")                                         \
    X(FLOODED, "frames.flooded")     /* sent to all ports */                 \
    X(UNREAD, "frames.unread")       /* the host had no room */              \
    X(ABSENT, "frames.absent")       /* the host has not begun, or has ended */                \
    X(BYTES, "bytes.sent")                                                   \
    X(TURNS, "turns")                                                        \
    X(EVENTS, "events")

enum trace_count {
#define X(name, text) TRACE_##name,
    TRACE_COUNTS(X)
#undef X
    TRACE_COUNTED
};

enum { TRACE_HASH = 65 };

struct trace {
    uint64_t count[TRACE_COUNTED];
    struct hasher *hash;
    void *file; /* FILE */
    const char *path;
    int64_t wall; /* nanoseconds since 1970 at virtual time 0 */
};

/* path: of the capture file, or NULL.  False after a message. */
bool trace_open(struct trace *trace, const char *path, int64_t wall);

/* What happened to a frame at a host: SENT, RECEIVED, LOST, OVERFLOWED, DUPLICATED, REORDERED, CORRUPTED, ABSENT. */
void trace_frame(struct trace *trace, enum trace_count what, int64_t now, uint32_t host, const struct frame *frame);

/* A host ended. */
void trace_end(struct trace *trace, int64_t now, uint32_t host, int status);

/* Ends both; the hash in hexadecimal.  False after a message. */
bool trace_close(struct trace *trace, char hash[TRACE_HASH]);

/* To standard output, one line each: a name and a value. */
void trace_print(const struct trace *trace, const char *hash);

#endif
