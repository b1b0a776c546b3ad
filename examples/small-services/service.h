/*
 * service.h - what the three services share: a port, connections, datagrams, limits.
 *
 * service_run serves TCP and UDP until the image is asked to stop.  Each connection is a task, in which `talk` runs; when it
 * returns the connection is closed, or reset if talking failed.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>
#include "stack.h"

struct connection;

struct service {
    const char *name;
    /* Until the connection is over: 0, or the error that ended it. */
    int (*talk)(struct connection *connection);
    /*
     * Turns a datagram into the answer to it, in its place: the answer's size, at most that of the datagram, so that nobody
     * can use the service to send a third party more than they sent themselves.  NULL: no answers.
     */
    size_t (*answer)(char *datagram, size_t size);
};

/* The status of the image. */
int service_run(const struct service *service);

/* At least one byte: how many; 0 at the end of what the client sends.  -ETIMEDOUT when nothing came for too long. */
ptrdiff_t connection_read(struct connection *connection, void *buffer, size_t size);

/* All of it: 0, or an error; -ETIMEDOUT when nothing moved for too long. */
int connection_write(struct connection *connection, struct view bytes);

/* ---- datagrams.c ---- */

/* Answers datagrams until the task is cancelled.  `argument` is a struct datagrams. */
struct datagrams {
    const struct service *service;
    struct stack_udp *udp;
};
void datagrams_run(void *argument);

#endif
