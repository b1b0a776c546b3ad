/* flow.h - connections, as listener.c and flow.c share them. */
#ifndef LWIP_FLOW_H
#define LWIP_FLOW_H

#include <ukc/address.h>

#include "lwip.h"
#include "object.h"

struct pbuf;
struct tcp_pcb;

struct lwip_flow {
    struct object object;
    struct tcp_pcb *pcb; /* NULL when lwIP has none any more, or finishes it by itself */
    struct pbuf *first, *last; /* received and not read, linked by `next`; their tot_len means nothing */
    struct lwip_flow *next; /* of those that wait to be accepted */
    struct lwip_flow *later; /* later.c */
    bool is_later;
    uint16_t offset; /* bytes of `first` that were read */
    uint16_t room; /* behind the bytes of `last`, for what small segments bring */
    uint32_t window; /* bytes that the peer may have sent and nobody read */
    bool connecting, peer_ended, shut;
    int error; /* why there is no connection any more */
    struct endpoint local, peer;
};

/* A flow for the connection, which is established or yet to be; NULL when memory is short. */
struct lwip_flow *flow_new(struct tcp_pcb *pcb);

/* Whether nothing that came for the connection waits to be read. */
bool flow_is_read(const struct tcp_pcb *pcb);

void flow_established(struct lwip_flow *flow);

/* lwIP's call when a connection that the image opened is there. */
signed char flow_connected(void *flow, struct tcp_pcb *pcb, signed char error);

#endif
