/* lwip.h - TCP and UDP in the image, by lwIP; the contract is libs/signatures/stack.h. */
#ifndef LWIP_H
#define LWIP_H

#include <stddef.h>
#include <stdint.h>
#include "stack.h"
#include <ukc/address.h>
#include <ukc/view.h>

struct lwip_listener;
struct lwip_flow;
struct lwip_udp;

int lwip_start(void);
void lwip_stop(void);

int lwip_configuration(struct stack_configuration *now);
int lwip_ready(int64_t deadline);

int lwip_listen(struct lwip_listener **listener, const struct endpoint *local, unsigned backlog);
int lwip_listener_local(const struct lwip_listener *listener, struct endpoint *local);
int lwip_accept(struct lwip_listener *listener, struct lwip_flow **flow, int64_t deadline);
void lwip_unlisten(struct lwip_listener *listener);

int lwip_connect(struct lwip_flow **flow, const struct endpoint *remote, int64_t deadline);
ptrdiff_t lwip_read(struct lwip_flow *flow, void *buffer, size_t size, int64_t deadline);
ptrdiff_t lwip_write(struct lwip_flow *flow, const struct view *views, size_t count, int64_t deadline);
int lwip_shutdown(struct lwip_flow *flow);
void lwip_close(struct lwip_flow *flow);
void lwip_abort(struct lwip_flow *flow);
int lwip_local(const struct lwip_flow *flow, struct endpoint *local);
int lwip_peer(const struct lwip_flow *flow, struct endpoint *peer);

int lwip_udp_open(struct lwip_udp **udp, const struct endpoint *local);
int lwip_udp_local(const struct lwip_udp *udp, struct endpoint *local);
int lwip_udp_send(struct lwip_udp *udp, const struct endpoint *to, struct view datagram, int64_t deadline);
ptrdiff_t lwip_udp_receive(struct lwip_udp *udp, void *buffer, size_t size, struct endpoint *from, int64_t deadline);
void lwip_udp_close(struct lwip_udp *udp);

#endif
