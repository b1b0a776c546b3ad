/* listener.c - listening and accepting. */
#include "flow.h"
#include "keys.h"
#include "secret.h"

#include <errno.h>
#include <ukc/deadline.h>

#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "addresses.h"
#include "hooks.h"
#include "link.h"
#include "memory.h"
#include "table.h"
#include "timers.h"

struct lwip_listener {
    struct object object;
    struct tcp_pcb *pcb;
    struct endpoint local;
    struct lwip_flow *first, *last; /* to be accepted */
    unsigned count, backlog;
    struct lwip_listener *next;
};

static struct lwip_listener *listeners;

enum { PORTS_FIRST = 49152, PORTS = 65536 - PORTS_FIRST };

/* ---- addresses and ports ---- */

static bool is_unspecified(const struct ip_address *a)
{
    static const uint8_t none[16];
    return a->family == IP_ANY || memcmp(a->bytes, none, sizeof none) == 0;
}

/* Whether there are connections that would be for both. */
static bool overlap(const struct ip_address *a, const struct ip_address *b)
{
    if (a->family != IP_ANY && b->family != IP_ANY && a->family != b->family)
        return false;
    return is_unspecified(a) || is_unspecified(b) || ip_equal(a, b);
}

static bool is_used(const struct endpoint *local)
{
    for (const struct lwip_listener *l = listeners; l; l = l->next)
        if (l->local.port == local->port && overlap(&l->local.address, &local->address))
            return true;
    return false;
}

static int choose_port(struct endpoint *local)
{
    if (local->port)
        return is_used(local) ? -EADDRINUSE : 0;
    unsigned start = secret_number() % PORTS;
    for (unsigned i = 0; i < PORTS; i++) {
        local->port = (uint16_t)(PORTS_FIRST + (start + i) % PORTS);
        if (!is_used(local))
            return 0;
    }
    return -EADDRINUSE;
}

/* ---- connections that come ---- */

static err_t arrived(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct lwip_listener *listener = argument;
    if (pcb)
        table_opened(pcb);
    if (error != ERR_OK || !pcb)
        return ERR_OK; /* there was no memory: the peer asks again */
    struct lwip_flow *flow = flow_new(pcb);
    if (!flow)
        return ERR_MEM;
    flow_established(flow);
    if (listener->first)
        listener->last->next = flow;
    else
        listener->first = flow;
    listener->last = flow;
    listener->count++;
    object_wake(&listener->object, READING);
    return ERR_OK;
}

int listener_has_room(const struct tcp_pcb *pcb)
{
    const struct lwip_listener *listener = pcb->callback_arg;
    return listener->count < listener->backlog;
}

static struct lwip_flow *take(struct lwip_listener *listener)
{
    struct lwip_flow *flow = listener->first;
    if (flow) {
        listener->first = flow->next;
        listener->count--;
    }
    return flow;
}

/* ---- the operations ---- */

/* lwIP's listening connection; its errors. */
static int open_pcb(struct tcp_pcb **pcb, const struct endpoint *local)
{
    ip_addr_t address;
    if (!addresses_to_lwip(&address, &local->address))
        return -EAFNOSUPPORT;
    if (!addresses_ours(&address))
        return -EADDRNOTAVAIL;
    struct tcp_pcb *new = tcp_new_ip_type(IP_GET_TYPE(&address));
    if (!new)
        return -ENOMEM;
    ip_set_option(new, SOF_REUSEADDR); /* its earlier connections may still be there */
    if (KEY_KEEPALIVE)
        ip_set_option(new, SOF_KEEPALIVE);
    err_t error = tcp_bind(new, &address, local->port);
    *pcb = error == ERR_OK ? tcp_listen_with_backlog_and_err(new, 255, &error) : NULL;
    if (!*pcb) {
        tcp_close(new);
        return object_error(error);
    }
    return 0;
}

int lwip_listen(struct lwip_listener **listener, const struct endpoint *local, unsigned backlog)
{
    struct lwip_listener *new = memory_get(sizeof *new);
    if (!new)
        return -ENOMEM;
    *new = (struct lwip_listener){.local = *local, .backlog = backlog ? backlog : KEY_BACKLOG};
    int error = choose_port(&new->local);
    if (!error)
        error = open_pcb(&new->pcb, &new->local);
    if (error) {
        memory_put(new);
        return error;
    }
    tcp_arg(new->pcb, new);
    tcp_accept(new->pcb, arrived);
    new->next = listeners;
    listeners = new;
    *listener = new;
    return 0;
}

int lwip_listener_local(const struct lwip_listener *listener, struct endpoint *local)
{
    *local = listener->local;
    return 0;
}

/* Connections that ended before anybody accepted them, with nothing to be read, are nobody's business. */
int lwip_accept(struct lwip_listener *listener, struct lwip_flow **flow, int64_t deadline)
{
    int error = object_enter(&listener->object, READING);
    while (!error) {
        struct lwip_flow *next = take(listener);
        if (next && (next->pcb || next->first)) {
            *flow = next;
            return 0;
        }
        if (next)
            lwip_close(next);
        else
            error = object_wait(&listener->object, READING, deadline);
    }
    return error;
}

void lwip_unlisten(struct lwip_listener *listener)
{
    struct lwip_listener **at = &listeners;
    while (*at != listener)
        at = &(*at)->next;
    *at = listener->next;
    timers_rouse();
    tcp_close(listener->pcb);
    for (struct lwip_flow *flow; (flow = take(listener));)
        lwip_abort(flow);
    object_end(&listener->object);
    link_loop();
}
