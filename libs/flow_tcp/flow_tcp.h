/* flow_tcp.h - a TCP connection to a configured address; the contract is libs/signatures/flow.h. */
#ifndef FLOW_TCP_H
#define FLOW_TCP_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct flow_tcp;

int flow_tcp_open(struct flow_tcp **flow, int64_t deadline);
ptrdiff_t flow_tcp_read(struct flow_tcp *flow, void *buffer, size_t size, int64_t deadline);
ptrdiff_t flow_tcp_write(struct flow_tcp *flow, const struct view *views, size_t count, int64_t deadline);
int flow_tcp_shutdown(struct flow_tcp *flow);
void flow_tcp_close(struct flow_tcp *flow);

#endif
