/* flow_tcp.c - a flow is the stack's flow, under another name. */
#include "flow_tcp.h"

#include "keys.h"
#include "stack.h"

static struct stack_flow *inner(struct flow_tcp *flow)
{
    return (struct stack_flow *)flow;
}

int flow_tcp_open(struct flow_tcp **flow, int64_t deadline)
{
#if KEY_FAMILY == KEY_FAMILY_IPV6
    static const uint8_t bytes[16] = KEY_IPV6_BYTES;
    struct endpoint peer = {.address = ip_v6(bytes), .port = KEY_PORT};
#else
    static const uint8_t bytes[4] = KEY_IPV4_BYTES;
    struct endpoint peer = {.address = ip_v4(bytes[0], bytes[1], bytes[2], bytes[3]), .port = KEY_PORT};
#endif
    struct stack_flow *opened;
    int error = stack_connect(&opened, &peer, deadline);
    if (!error)
        *flow = (struct flow_tcp *)opened;
    return error;
}

ptrdiff_t flow_tcp_read(struct flow_tcp *flow, void *buffer, size_t size, int64_t deadline)
{
    return stack_read(inner(flow), buffer, size, deadline);
}

ptrdiff_t flow_tcp_write(struct flow_tcp *flow, const struct view *views, size_t count, int64_t deadline)
{
    return stack_write(inner(flow), views, count, deadline);
}

int flow_tcp_shutdown(struct flow_tcp *flow)
{
    return stack_shutdown(inner(flow));
}

void flow_tcp_close(struct flow_tcp *flow)
{
    stack_close(inner(flow));
}
