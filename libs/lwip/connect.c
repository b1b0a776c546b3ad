/* connect.c - opening connections. */
#include "flow.h"

#include <errno.h>
#include <ukc/deadline.h>

#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "addresses.h"
#include "link.h"
#include "memory.h"
#include "secret.h"
#include "timers.h"

enum { PORTS_FIRST = 49152, PORTS = 65536 - PORTS_FIRST }; /* RFC 6335, section 6 */

/* The other way round as well: the image may be connected to itself; but no connection has one end. */
static bool is_taken(const struct tcp_pcb *new, u16_t port)
{
    if (port == new->remote_port && ip_addr_eq(&new->local_ip, &new->remote_ip))
        return true;
    return tcp_table_find(&new->local_ip, port, &new->remote_ip, new->remote_port) ||
           tcp_table_find(&new->remote_ip, new->remote_port, &new->local_ip, port);
}

/* A port at random (RFC 6056) with which the connection is unique. */
static bool choose_port(struct tcp_pcb *new)
{
    unsigned start = secret_number() % PORTS;
    for (unsigned i = 0; i < PORTS; i++) {
        u16_t port = (u16_t)(PORTS_FIRST + (start + i) % PORTS);
        if (!is_taken(new, port)) {
            new->local_port = port;
            return true;
        }
    }
    return false;
}

/* Waits for an address of the family, if the image is still to get one. */
static int find_local(ip_addr_t *local, const ip_addr_t *remote, int family, int64_t deadline)
{
    for (;;) {
        [[maybe_unused]] static const ip_addr_t none; /* without IPv6 lwIP does not look at it */
        struct netif *netif = ip_route(&none, remote);
        const ip_addr_t *found = netif ? ip_netif_get_local_ip(netif, remote) : NULL;
        if (found && !ip_addr_isany(found)) {
            ip_addr_copy(*local, *found);
            return 0;
        }
        int error = addresses_wait(family, DEADLINE_NOW);
        if (!error)
            return -ENETUNREACH; /* it has one, and no way from there */
        if (error == -ETIMEDOUT)
            error = addresses_wait(family, deadline);
        if (error)
            return error;
    }
}

static int begin(struct lwip_flow **flow, const ip_addr_t *local, const ip_addr_t *remote, u16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(remote));
    if (!pcb)
        return -ENOMEM;
    ip_addr_copy(pcb->local_ip, *local);
    ip_addr_copy(pcb->remote_ip, *remote);
    pcb->remote_port = port;
    *flow = choose_port(pcb) ? flow_new(pcb) : NULL;
    if (!*flow) {
        pcb->local_port = 0; /* it is in no list */
        tcp_abort(pcb);
        return -ENOMEM;
    }
    (*flow)->connecting = true;
    if (KEY_KEEPALIVE)
        ip_set_option(pcb, SOF_KEEPALIVE);
    return 0;
}

int lwip_connect(struct lwip_flow **flow, const struct endpoint *remote, int64_t deadline)
{
    ip_addr_t to, from;
    struct lwip_flow *new;
    if (remote->address.family == IP_ANY || !addresses_to_lwip(&to, &remote->address))
        return -EAFNOSUPPORT;
    timers_rouse();
    int error = find_local(&from, &to, remote->address.family, deadline);
    if (!error)
        error = begin(&new, &from, &to, remote->port);
    if (error)
        return error;
    error = object_error(tcp_connect(new->pcb, &to, remote->port, flow_connected));
    if (new->pcb)
        ip_set_option(new->pcb, SOF_REUSEADDR); /* a listener may have its port later; before, lwIP would search all connections */
    link_loop();
    while (!error && new->connecting && !(error = new->error))
        error = object_wait(&new->object, WRITING, deadline);
    if (error) {
        lwip_abort(new);
        return error;
    }
    *flow = new;
    return 0;
}
