/*
 * socket.h - what listeners, flows and UDP ports have in common; private to stack_host.
 *
 * A socket is non-blocking and registered with events once.  At most one
 * task waits in each direction.  Ending a socket closes its descriptor at
 * once; if tasks still wait in it they are woken, and the last one to leave frees the structure.
 */
#ifndef STACK_HOST_SOCKET_H
#define STACK_HOST_SOCKET_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "events.h"
#include "task.h"
#include <ukc/address.h>

struct socket {
    int descriptor;
    int family; /* AF_INET, AF_INET6 */
    struct events_source *source;
    struct task *waiting[2]; /* by enum events_direction */
    bool ended;
    bool v6_only; /* datagrams: not to IPv4 */
    int failure;  /* a connection: the error that ended it, which the host says once */
    bool lacking; /* a listener: the last attempt to accept failed for lack of resources */
    struct socket *next_free;
};

/* A structure for a socket to come; NULL when memory is short. */
struct socket *socket_new(void);
/* Gives back one that never got a descriptor. */
void socket_discard(struct socket *);
/* Takes the descriptor over, even when it fails. */
int socket_adopt(struct socket *, int descriptor, int family);
void socket_end(struct socket *);
void socket_free_all(void);

/*
 * Begins an operation: -EBUSY if another task is waiting in this direction.  Lets other tasks run after many
 * operations that did not have to wait, so that a fast peer does not keep the image to itself; like a
 * wait, it may find the socket gone then.
 */
int socket_enter(struct socket *, enum events_direction direction);
/*
 * Waits until the direction may have become ready.  After any error but -ETIMEDOUT, -ECANCELED and
 * -EDEADLK the socket is gone.
 */
int socket_wait(struct socket *, enum events_direction direction, int64_t deadline);
/* Waits for a time, or until the socket is ended. */
int socket_pause(struct socket *, enum events_direction direction, int64_t deadline);

/* Opens and binds.  type: SOCK_STREAM or SOCK_DGRAM; on success the descriptor, else a negative errno value. */
int socket_bound(int type, const struct endpoint *local, int *family);

socklen_t socket_address(const struct endpoint *endpoint, int family, struct sockaddr_storage *address);
struct endpoint socket_endpoint(const struct sockaddr_storage *address);
int socket_local(const struct socket *, struct endpoint *);

#endif
