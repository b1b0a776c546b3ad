/*
 * fake.h - a stack, tasks and a clock in memory, to run http1 without a network.
 *
 * One connection: what the client sends is a list of segments, each of which
 * arrives with a read of its own; time passes only when a read has to wait.
 * What the server sends is gathered.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct fake {
    const struct view *segments; /* one with size 0 is a silence that no deadline survives */
    size_t count, next, offset;
    bool stays;        /* after the last segment the client is silent, not gone */
    size_t write_most; /* the client takes no more than so many bytes; 0: all */
    unsigned lacks;    /* so many attempts to accept find no descriptor */
    int service_error; /* no service can be started, and this is why */
    int spawn_error;   /* no task either */
    int64_t now;

    char *sent;
    size_t sent_size, sent_room;
    unsigned writes, reads, warnings, errors;
    bool shut, closed, aborted, listens;
};

extern struct fake fake;

/* Run a server on one connection with these segments; what it sent is in fake.sent. */
struct http1_exchange;
void fake_serve(const struct view *segments, size_t count,
                int (*handler)(struct http1_exchange *exchange, void *context), void *context);

void fake_free(void);

#endif
