/*
 * stack.h - TCP and UDP over IPv4 and IPv6.
 *
 * Addresses are in <ukc/address.h>; names are not resolved here.  An IPv4
 * peer is always reported as IPv4, also by a listener for both families.
 *
 * Ownership: an object is the caller's from the call that stored it until the call that
 * ends it (stack_unlisten, stack_close, stack_abort, stack_udp_close), whatever failed in between.
 * Buffers and views are borrowed for the duration of the call.
 *
 * Tasks: at most one task reads (accepts, receives) on an object and one
 * writes (sends) at a time; another gets -EBUSY.  An object may be ended while a
 * task waits in it: that call then returns -ECONNABORTED.
 *
 * Every call with a deadline tries first and waits only if it has to; see <ukc/deadline.h>.
 *
 * Errors are negative errno values; the usual ones: -ETIMEDOUT (the deadline,
 * or the peer vanished), -ECANCELED, -ECONNRESET, -EPIPE (write after
 * stack_shutdown or after the peer's reset), -ENOMEM, -EAFNOSUPPORT.
 *
 * The TCP service is that of RFC 9293, 3.9.1, the UDP service that of RFC 768.
 */
#ifndef STACK_H
#define STACK_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/address.h>
#include <ukc/view.h>

struct stack_listener;
struct stack_flow;
struct stack_udp;

/* ---- configuration ---- */

enum { STACK_ADDRESSES_MOST = 8, STACK_SERVERS_MOST = 4 };

/* Addresses of interfaces, of routers and of name servers, as they are now; IPv4 first. */
struct stack_configuration {
    struct ip_address addresses[STACK_ADDRESSES_MOST];
    uint8_t prefixes[STACK_ADDRESSES_MOST]; /* bits of each address that are the network's */
    unsigned address_count;
    struct ip_address routers[2]; /* default routers */
    unsigned router_count;
    struct ip_address servers[STACK_SERVERS_MOST]; /* resolve names (DNS), best first */
    unsigned server_count;
};

int stack_configuration(struct stack_configuration *now);

/*
 * Waits until each family that is configured to get an address has one that can be used, be it fixed, from DHCP or from router
 * advertisements.  0 at once where the host did that already.  Nobody needs to call it before listening or
 * connecting: stack_connect and stack_udp_send wait by themselves for a first address of the family, up to their deadline.
 */
int stack_ready(int64_t deadline);

/* ---- listening ---- */

/*
 * Listens for TCP connections.  An IP_ANY address listens on all addresses of both families, an
 * unspecified one (0.0.0.0, ::) on all of its family; port 0 chooses one.
 * backlog: connections the stack may hold that nobody has accepted yet, 0 for its default.
 * -EADDRINUSE, -EADDRNOTAVAIL, -EACCES.
 */
int stack_listen(struct stack_listener **listener, const struct endpoint *local, unsigned backlog);

/* The address and port it listens on. */
int stack_listener_local(const struct stack_listener *listener, struct endpoint *local);

/*
 * Waits for a connection.  -EMFILE: one is there, and the descriptors or the memory for it are lacking; it
 * stays in the backlog, and the caller may end others and call again.  It need not: only the first
 * call in such a lack returns at once, the next ones wait a little before they say so again.
 */
int stack_accept(struct stack_listener *listener, struct stack_flow **flow, int64_t deadline);

/* Ends the listener; connections not yet accepted are reset. */
void stack_unlisten(struct stack_listener *listener);

/* ---- connections ---- */

/* Opens a TCP connection.  -ECONNREFUSED, -ENETUNREACH, -EHOSTUNREACH, -ETIMEDOUT. */
int stack_connect(struct stack_flow **flow, const struct endpoint *remote, int64_t deadline);

/*
 * At least one byte, at most `size`: how many; 0 when the peer has ended its direction (or size is 0).  A connection that
 * failed never reads as one that ended: every further read returns the error.
 */
ptrdiff_t stack_read(struct stack_flow *flow, void *buffer, size_t size, int64_t deadline);

/*
 * Writes the views in order and returns the number of bytes taken: all of
 * them, or fewer when the deadline passed, the task was cancelled or the connection
 * failed after some were taken; an error when none was.  Taken means that the stack sends them; small
 * writes are not held back to be joined.
 */
ptrdiff_t stack_write(struct stack_flow *flow, const struct view *views, size_t count, int64_t deadline);

/* Ends the outgoing direction (half-close): the peer reads everything written, then the end.  -ENOTCONN. */
int stack_shutdown(struct stack_flow *flow);

/*
 * Ends the flow.  What was written is still sent, in the background.  If
 * something received was not read, the peer may see a reset before it has read everything:
 * a polite server shuts down and reads to the end first.
 */
void stack_close(struct stack_flow *flow);

/* Ends the flow at once: the peer sees a reset, what was not sent is dropped. */
void stack_abort(struct stack_flow *flow);

int stack_local(const struct stack_flow *flow, struct endpoint *local);
int stack_peer(const struct stack_flow *flow, struct endpoint *peer);

/* ---- datagrams ---- */

/* local as for stack_listen. */
int stack_udp_open(struct stack_udp **udp, const struct endpoint *local);

int stack_udp_local(const struct stack_udp *udp, struct endpoint *local);

/*
 * Sends one datagram.  0, -EMSGSIZE when it is too long, -ECONNREFUSED when an earlier one was refused (a stack need not
 * notice), -EAFNOSUPPORT when it was opened for the other family.
 */
int stack_udp_send(struct stack_udp *udp, const struct endpoint *to, struct view datagram, int64_t deadline);

/*
 * Waits for a datagram and returns its size, which may be larger than `size`:
 * then only the first `size` bytes were stored.  from may be NULL.
 */
ptrdiff_t stack_udp_receive(struct stack_udp *udp, void *buffer, size_t size, struct endpoint *from, int64_t deadline);

void stack_udp_close(struct stack_udp *udp);

#endif
