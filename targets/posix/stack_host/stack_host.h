/* stack_host.h - TCP and UDP of the host; the contract is libs/signatures/stack.h. */
#ifndef STACK_HOST_H
#define STACK_HOST_H

#include <stddef.h>
#include <stdint.h>
#include "stack.h"
#include <ukc/address.h>
#include <ukc/view.h>

struct stack_host_listener;
struct stack_host_flow;
struct stack_host_udp;

int stack_host_start(void);
void stack_host_stop(void);

int stack_host_configuration(struct stack_configuration *now);
int stack_host_ready(int64_t deadline);

int stack_host_listen(struct stack_host_listener **listener, const struct endpoint *local, unsigned backlog);
int stack_host_listener_local(const struct stack_host_listener *listener, struct endpoint *local);
int stack_host_accept(struct stack_host_listener *listener, struct stack_host_flow **flow, int64_t deadline);
void stack_host_unlisten(struct stack_host_listener *listener);

int stack_host_connect(struct stack_host_flow **flow, const struct endpoint *remote, int64_t deadline);
ptrdiff_t stack_host_read(struct stack_host_flow *flow, void *buffer, size_t size, int64_t deadline);
ptrdiff_t stack_host_write(struct stack_host_flow *flow, const struct view *views, size_t count, int64_t deadline);
int stack_host_shutdown(struct stack_host_flow *flow);
void stack_host_close(struct stack_host_flow *flow);
void stack_host_abort(struct stack_host_flow *flow);
int stack_host_local(const struct stack_host_flow *flow, struct endpoint *local);
int stack_host_peer(const struct stack_host_flow *flow, struct endpoint *peer);

int stack_host_udp_open(struct stack_host_udp **udp, const struct endpoint *local);
int stack_host_udp_local(const struct stack_host_udp *udp, struct endpoint *local);
int stack_host_udp_send(struct stack_host_udp *udp, const struct endpoint *to, struct view datagram, int64_t deadline);
ptrdiff_t stack_host_udp_receive(struct stack_host_udp *udp, void *buffer, size_t size, struct endpoint *from, int64_t deadline);
void stack_host_udp_close(struct stack_host_udp *udp);

#endif
