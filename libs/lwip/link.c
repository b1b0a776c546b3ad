/*
 * link.c - frames from and to the network interface.
 *
 * A frame is received into the pbuf in which its data stays until a task reads it, and is sent from wherever its parts lie.
 * Nothing here waits inside lwIP: a frame for which the interface has no room is lWIP's again, which keeps TCP's for later.
 */
#include "link.h"

#include "clock.h"
#include "log.h"
#include "netif.h"
#include "task.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/uncleared.h>

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "netif/ethernet.h"

#include "addresses.h"
#include "announce.h"
#include "burst.h"
#include "flow.h"
#include "memory.h"
#include "timers.h"

enum {
    PARTS = 16,      /* of a frame to send; those of one with more are joined */
    LARGEST = 9216,  /* payload of a frame (netif.h) */
    LITTLE = 512,    /* bytes of a frame that is copied when memory is short, and does not keep a whole one's */
    BURST = 64,      /* frames after which others run */
};
#define PAUSE (10 * NANOSECONDS_PER_MILLISECOND)

struct netif link_netif;
static struct netif_info info;

struct frame {
    struct pbuf_custom pbuf;
    uint8_t bytes[]; /* two of padding, so that what follows the Ethernet header is aligned */
};
static_assert(offsetof(struct frame, bytes) % 8 == 0);

/* When there is no memory for a frame at all, there is this one, for what is not kept. */
static struct frame *spare;
static bool spare_is_out;

/* ---- sending ---- */

/* What lwIP makes of an error of netif_send. */
static err_t failed(int error)
{
    if (!error) {
        timers_output_works();
        return ERR_OK;
    }
    if (error == -ETIMEDOUT) {
        timers_retry_output();
        return ERR_MEM;
    }
    return error == -EMSGSIZE ? ERR_BUF : ERR_IF;
}

static err_t output(struct netif *netif, struct pbuf *p)
{
    static char joined[LARGEST + 64];
    UKC_UNCLEARED struct view views[PARTS];
    (void)netif;
    timers_frames++;
    int taken = burst_take(p);
    if (taken)
        return taken < 0 ? failed(taken) : ERR_OK;
    size_t count = burst_parts(p, ETH_PAD_SIZE, views, PARTS);
    if (!count) {
        if (p->tot_len > sizeof joined)
            return ERR_BUF;
        pbuf_copy_partial(p, joined, p->tot_len, 0);
        views[0] = (struct view){joined + ETH_PAD_SIZE, (size_t)p->tot_len - ETH_PAD_SIZE};
        count = 1;
    }
    return failed(netif_send(views, count, DEADLINE_NOW));
}

/* ---- receiving ---- */

static void give_back(struct frame *frame)
{
    if (frame == spare)
        spare_is_out = false;
    else
        memory_put(frame);
}

static void frame_free(struct pbuf *p)
{
    give_back((struct frame *)p);
}

enum { ETHERNET = 14, ETHERNET_IPV4 = 0x0800, ETHERNET_IPV6 = 0x86dd, ICMP = 1, TCP = 6 };

static size_t frame_size(void)
{
    return ETHERNET + (size_t)info.mtu;
}

/* With all that is kept beside it. */
static size_t whole_frame(void)
{
    return sizeof(struct frame) + ETH_PAD_SIZE + frame_size();
}

static unsigned number16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* A frame for the whole segment, or for another station on the wire: to be dropped. */
static bool for_others(const uint8_t *frame)
{
    return !(frame[0] & 1) && memcmp(frame, info.mac, sizeof info.mac) != 0;
}

/* Whether the segment is the next for a connection of which nothing waits to be read: each gets on, if slowly. */
static bool is_awaited(const uint8_t *ip, const uint8_t *tcp)
{
    struct ip_address from = {.family = ip[0] >> 4 == 4 ? IP_V4 : IP_V6}, to = from;
    size_t at = from.family == IP_V4 ? 12 : 8, length = from.family == IP_V4 ? 4 : 16;
    memcpy(from.bytes, ip + at, length);
    memcpy(to.bytes, ip + at + length, length);
    ip_addr_t remote, local;
    if (!addresses_to_lwip(&remote, &from) || !addresses_to_lwip(&local, &to))
        return false;
    const struct tcp_pcb *pcb = tcp_table_find(&local, (u16_t)number16(tcp + 2), &remote, (u16_t)number16(tcp));
    return pcb && pcb->rcv_nxt == (number16(tcp + 4) << 16 | number16(tcp + 6)) && flow_is_read(pcb);
}

/*
 * Whether a frame may be kept for long by whoever it is for.  When memory is short those are dropped that are: their senders
 * repeat what matters.  Acknowledgements are not, which make memory free.
 */
static bool may_be_kept(const uint8_t *frame, size_t size, bool strictly)
{
    if (size < ETHERNET + 20)
        return false;
    const uint8_t *ip = frame + ETHERNET, *tcp;
    size_t left = size - ETHERNET, data;
    switch (number16(frame + 12)) {
    case ETHERNET_IPV4:
        if (ip[9] != TCP || number16(ip + 6) & 0x3fff) /* fragments */
            return ip[9] != ICMP || number16(ip + 6) & 0x3fff;
        tcp = ip + (ip[0] & 15) * 4;
        data = number16(ip + 2) - (ip[0] & 15u) * 4;
        break;
    case ETHERNET_IPV6:
        if (ip[6] != TCP)
            return ip[6] != 58; /* ICMPv6 finds neighbours */
        tcp = ip + 40;
        data = number16(ip + 4);
        break;
    default:
        return false;
    }
    if ((size_t)(tcp - ip) + 20 > left)
        return true;
    return data != (size_t)(tcp[12] >> 4) * 4 && (strictly || !is_awaited(ip, tcp));
}

static void take(struct frame *frame, size_t size)
{
    memory_fit(frame, sizeof *frame + ETH_PAD_SIZE + size); /* so that reading behind what came is noticed */
    frame->pbuf.custom_free_function = frame_free;
    struct pbuf *p = pbuf_alloced_custom(PBUF_RAW, (u16_t)(ETH_PAD_SIZE + size), PBUF_RAM, &frame->pbuf, frame->bytes,
                                         (u16_t)(ETH_PAD_SIZE + size));
    timers_frames++;
    timers_rouse();
    if (!p)
        give_back(frame);
    else if (link_netif.input(p, &link_netif) != ERR_OK)
        pbuf_free(p);
    link_loop();
}

/* Segments beyond a gap will be sent again: they go first. */
static void relieve(void)
{
    static u32_t last;
    if (last == tcp_ticks)
        return;
    last = tcp_ticks;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        tcp_free_ooseq(pcb);
}

static struct frame *frame_new(bool *short_of_memory)
{
    size_t size = whole_frame();
    struct frame *frame = memory_get_frame(size);
    *short_of_memory = !frame;
    if (!frame)
        relieve();
    if (!frame)
        frame = memory_get_urgent_frame(size);
    if (!frame && !spare_is_out) {
        spare_is_out = true;
        frame = spare;
        memory_fit(frame, size);
    }
    return frame;
}

/* A frame with little in it, in as little memory; NULL when it is not so small. */
static struct frame *shrunk(const struct frame *frame, size_t size)
{
    struct frame *small = size <= LITTLE ? memory_get(sizeof *small + ETH_PAD_SIZE + size) : NULL;
    if (small)
        memcpy(small->bytes + ETH_PAD_SIZE, frame->bytes + ETH_PAD_SIZE, size);
    return small;
}

/* When memory is short: what came is dropped, or taken in as little of it as it needs.  Whether the frame's memory is good for the next. */
static bool take_sparingly(struct frame *frame, size_t size)
{
    struct frame *small = shrunk(frame, size);
    if (may_be_kept(frame->bytes + ETH_PAD_SIZE, size, frame == spare && !small)) {
        if (small)
            memory_put(small);
        return true;
    }
    take(small ? small : frame, size);
    return small;
}

void link_run(void *unused)
{
    (void)unused;
    struct frame *frame = NULL;
    bool short_of_memory = false;
    for (unsigned burst = 1;; burst++) {
        if (!frame || short_of_memory) {
            if (frame)
                give_back(frame);
            frame = frame_new(&short_of_memory);
        }
        if (!frame) {
            if (task_sleep(deadline_after(clock_now(), PAUSE)) < 0)
                return;
            continue;
        }
        if (burst % BURST == 0 && task_yield() < 0)
            break;
        ptrdiff_t size = netif_receive(frame->bytes + ETH_PAD_SIZE, frame_size(), DEADLINE_NEVER);
        if (size == -ECANCELED)
            break;
        if (size == -ENETRESET) {
            announce();
            continue;
        }
        if (size < 0 && size != -EMSGSIZE) {
            log_write(LOG_LEVEL_ERROR, KEY_LOG_NAME, "the network interface fails: %s", strerror((int)-size));
            break;
        }
        if (size < ETHERNET || for_others(frame->bytes + ETH_PAD_SIZE))
            continue; /* the frame's memory is good for the next one */
        if (short_of_memory && take_sparingly(frame, (size_t)size))
            continue;
        if (!short_of_memory)
            take(frame, (size_t)size);
        frame = NULL;
    }
    if (frame)
        give_back(frame);
}

/* ---- to itself ---- */

void link_loop(void)
{
    struct netif *netif;
    bool again = true;
    while (again) {
        again = false;
        NETIF_FOREACH(netif)
            if (netif->loop_first) {
                netif_poll(netif);
                again = true;
            }
    }
    if (burst_flush() == -ETIMEDOUT)
        timers_retry_output();
}

bool link_dhcp_waits(void)
{
#if LWIP_DHCP
    const struct dhcp *dhcp = netif_dhcp_data(&link_netif);
    return dhcp && dhcp->request_timeout;
#else
    return false;
#endif
}

/* ---- start ---- */

static u16_t checksums(void)
{
    u16_t done = 0;
    if (info.offload & NETIF_CHECKSUM_SEND)
        done |= NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP;
    if (info.offload & NETIF_CHECKSUM_RECEIVE)
        done |= NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
    return (u16_t)(NETIF_CHECKSUM_ENABLE_ALL & ~done);
}

static err_t prepare(struct netif *netif)
{
    memcpy(netif->hwaddr, info.mac, sizeof info.mac);
    netif->hwaddr_len = sizeof info.mac;
    netif->mtu = info.mtu;
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    netif->linkoutput = output;
#if LWIP_IPV4
    netif->flags |= NETIF_FLAG_ETHARP;
    netif->output = etharp_output;
#endif
#if LWIP_IPV6
    netif->mtu6 = info.mtu;
    netif->flags |= NETIF_FLAG_MLD6;
    netif->output_ip6 = ethip6_output;
#endif
    NETIF_SET_CHECKSUM_CTRL(netif, checksums());
    return ERR_OK;
}

/* lwIP's loopback interface has no limit, and its packets are one piece of memory. */
enum { LOOP_MTU = 32000 };

int link_start(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif) {
        netif->mtu = LOOP_MTU;
#if LWIP_IPV6
        netif->mtu6 = LOOP_MTU;
#endif
    }
    int error = netif_info(&info);
    if (error)
        return error;
    if (info.mtu < 576 || info.mtu > LARGEST)
        return -EINVAL;
    spare = memory_get(whole_frame());
    spare_is_out = false;
    if (!spare || !netif_add_noaddr(&link_netif, NULL, prepare, ethernet_input))
        return -ENOMEM;
    burst_start(info.divides, frame_size());
    netif_set_default(&link_netif);
    netif_set_up(&link_netif);
    return 0;
}

void link_stop(void)
{
    burst_stop();
    netif_remove(&link_netif);
}
