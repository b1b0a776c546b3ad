/*
 * udp.c - datagrams.
 *
 * They wait in the pbufs in which they came; what comes when too many bytes wait is lost, as UDP allows.
 */
#include "keys.h"
#include "lwip.h"
#include "object.h"

#include "clock.h"

#include <errno.h>
#include <ukc/deadline.h>

#include "lwip/netif.h"
#include "lwip/udp.h"

#include "addresses.h"
#include "link.h"
#include "memory.h"
#include "secret.h"
#include "timers.h"

enum {
    PORTS_FIRST = 49152,
    PORTS = 65536 - PORTS_FIRST,
    LONGEST = 65507,
    LONGEST6 = 65487, /* lwIP counts the bytes of a packet, its header included, in 16 bits */
    OVERHEAD = 256,
};
#define PAUSE NANOSECONDS_PER_MILLISECOND /* before a datagram is tried again for which there was no room */
#define WAIT (50 * PAUSE) /* between looks for an address of one's own */

struct datagram {
    struct datagram *next;
    struct pbuf *p;
    ip_addr_t from;
    u16_t port;
};

struct lwip_udp {
    struct object object;
    struct udp_pcb *pcb;
    struct datagram *first, *last;
    size_t waiting; /* bytes, with what they take beside */
};

static void received(void *argument, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    struct lwip_udp *udp = argument;
    (void)pcb;
    struct datagram *new = udp->waiting + p->tot_len + OVERHEAD <= KEY_DATAGRAMS && !memory_short() ? memory_get(sizeof *new) : NULL;
    if (!new) {
        pbuf_free(p);
        return;
    }
    *new = (struct datagram){.p = p, .port = port};
    ip_addr_copy(new->from, *from);
    if (udp->first)
        udp->last->next = new;
    else
        udp->first = new;
    udp->last = new;
    udp->waiting += p->tot_len + OVERHEAD;
    object_wake(&udp->object, READING);
}

static void drop_first(struct lwip_udp *udp)
{
    struct datagram *first = udp->first;
    udp->first = first->next;
    udp->waiting -= first->p->tot_len + OVERHEAD;
    pbuf_free(first->p);
    memory_put(first);
}

/* Binds to the port, or to one at random. */
static err_t bind(struct udp_pcb *pcb, const ip_addr_t *address, u16_t port)
{
    if (port)
        return udp_bind(pcb, address, port);
    unsigned start = secret_number() % PORTS;
    for (unsigned i = 0; i < PORTS; i++)
        if (udp_bind(pcb, address, (u16_t)(PORTS_FIRST + (start + i) % PORTS)) == ERR_OK)
            return ERR_OK;
    return ERR_USE;
}

int lwip_udp_open(struct lwip_udp **udp, const struct endpoint *local)
{
    ip_addr_t address;
    if (!addresses_to_lwip(&address, &local->address))
        return -EAFNOSUPPORT;
    if (!addresses_ours(&address))
        return -EADDRNOTAVAIL;
    struct lwip_udp *new = memory_get(sizeof *new);
    struct udp_pcb *pcb = new ? udp_new_ip_type(IP_GET_TYPE(&address)) : NULL;
    err_t error = pcb ? bind(pcb, &address, local->port) : ERR_MEM;
    if (error != ERR_OK) {
        if (pcb)
            udp_remove(pcb);
        if (new)
            memory_put(new);
        return object_error(error);
    }
    *new = (struct lwip_udp){.pcb = pcb};
    udp_recv(pcb, received, new);
    *udp = new;
    return 0;
}

int lwip_udp_local(const struct lwip_udp *udp, struct endpoint *local)
{
    *local = (struct endpoint){addresses_from_lwip(&udp->pcb->local_ip), udp->pcb->local_port};
    return 0;
}

/* One attempt. */
static err_t send_once(struct udp_pcb *pcb, const ip_addr_t *to, u16_t port, struct view datagram)
{
    struct pbuf *p = pbuf_alloc_reference((void *)(uintptr_t)datagram.bytes, (u16_t)datagram.size, PBUF_REF);
    if (!p)
        return ERR_MEM;
    err_t error = udp_sendto(pcb, p, to, port);
    pbuf_free(p);
    return error;
}

static int send_again(struct lwip_udp *udp, int64_t pause, int64_t deadline)
{
    int64_t later = deadline_after(clock_now(), pause);
    int error = object_wait(&udp->object, WRITING, later < deadline ? later : deadline);
    return error == -ETIMEDOUT && later < deadline ? 0 : error;
}

int lwip_udp_send(struct lwip_udp *udp, const struct endpoint *to, struct view datagram, int64_t deadline)
{
    ip_addr_t address;
    if (to->address.family == IP_ANY || !addresses_to_lwip(&address, &to->address) || !IP_ADDR_PCB_VERSION_MATCH(udp->pcb, &address))
        return -EAFNOSUPPORT;
    if (datagram.size > (to->address.family == IP_V6 ? LONGEST6 : LONGEST))
        return -EMSGSIZE;
    int error = object_enter(&udp->object, WRITING);
    if (!error)
        timers_rouse();
    while (!error) {
        err_t result = send_once(udp->pcb, &address, to->port, datagram);
        if (result == ERR_OK) {
            link_loop();
            return 0;
        }
        if (result == ERR_MEM && datagram.size + OVERHEAD > memory_largest())
            error = -EMSGSIZE; /* to the image itself, in one piece */
        /* no room at the moment, or no address yet */
        else if (result == ERR_MEM || (result == ERR_RTE && addresses_wait(to->address.family, DEADLINE_NOW) == -ETIMEDOUT))
            error = send_again(udp, result == ERR_MEM ? PAUSE : WAIT, deadline);
        else
            error = object_error(result);
    }
    return error;
}

ptrdiff_t lwip_udp_receive(struct lwip_udp *udp, void *buffer, size_t size, struct endpoint *from, int64_t deadline)
{
    int error = object_enter(&udp->object, READING);
    while (!error) {
        struct datagram *first = udp->first;
        if (first) {
            ptrdiff_t got = first->p->tot_len;
            pbuf_copy_partial(first->p, buffer, size < UINT16_MAX ? (u16_t)size : UINT16_MAX, 0);
            if (from)
                *from = (struct endpoint){addresses_from_lwip(&first->from), first->port};
            drop_first(udp);
            return got;
        }
        error = object_wait(&udp->object, READING, deadline);
    }
    return error;
}

void lwip_udp_close(struct lwip_udp *udp)
{
    udp_remove(udp->pcb);
    while (udp->first)
        drop_first(udp);
    object_end(&udp->object);
}
