/*
 * bench-net.h - two ports: what is sent to `discard` is thrown away and counted, `chargen` sends for ever.
 *
 * When a client of discard ends its direction, it is told how many bytes have arrived, in decimal, with a line end.  So both
 * ends know what both have seen, and nothing counts that only lies in a buffer.
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <stdint.h>
#include "stack.h"

enum { BLOCK_SIZE = 65536, PATIENCE = 10 };

/* What has gone one way, and since when. */
struct meter {
    uint64_t bytes;
    int64_t start;
};

void meter_start(struct meter *meter);

/* Prints "WORD PEER: bytes, seconds, rate". */
void meter_report(const struct meter *meter, const char *word, const struct endpoint *peer);

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* PATIENCE seconds from now. */
int64_t soon(void);

/* Characters, BLOCK_SIZE of them. */
struct view block(void);

/* Serves until the image is asked to stop; measures against a server.  The status of the image. */
int serve(void);
int measure(const struct ip_address *server);

#endif
