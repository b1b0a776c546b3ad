/*
 * flow.c - connections: reading, writing, ending.
 *
 * What lwIP received is kept as it came, in its pbufs, until a task reads it.  The window opens as it is read: it begins
 * with 64 KiB and grows to the key's value while there is memory, so that peers of a slow reader do not fill it.  What a task writes is copied, but for bytes in the image's read-only data, which are sent from there.
 */
#include "flow.h"

#include "clock.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "addresses.h"
#include "later.h"
#include "link.h"
#include "memory.h"
#include "timers.h"

enum {
    PIECE = 32768,     /* bytes that lwIP gets at a time */
    SMALL = 512,       /* a segment of so many bytes is copied to the others that wait, and does not keep its frame */
    GATHERED = 4096,   /* bytes in which such segments are gathered */
    LEAST = 16384,     /* window and unacknowledged bytes of a connection when memory is short */
    FIRST = UINT16_MAX, /* window that lwIP announces before anything is read */
};
#define PAUSE (10 * NANOSECONDS_PER_MILLISECOND) /* between attempts when memory is short */

/* ---- what lwIP calls ---- */

/* From now on lwIP ends the connection by itself. */
static void let_go(struct lwip_flow *flow)
{
    struct tcp_pcb *pcb = flow->pcb;
    flow->pcb = NULL;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
}

/* Copies a small segment behind those that wait; false when it has to be kept. */
static bool gather(struct lwip_flow *flow, struct pbuf *p)
{
    if (!flow->first || p->next || p->len > SMALL)
        return false;
    if (flow->room < p->len) {
        struct pbuf *new = pbuf_alloc(PBUF_RAW, GATHERED, PBUF_RAM);
        if (!new)
            return false;
        flow->last->next = new;
        flow->last = new;
        flow->room = GATHERED;
        new->len = 0;
    }
    memcpy((char *)flow->last->payload + flow->last->len, p->payload, p->len);
    flow->last->len = (u16_t)(flow->last->len + p->len);
    flow->room = (uint16_t)(flow->room - p->len);
    pbuf_free(p);
    return true;
}

static void append(struct lwip_flow *flow, struct pbuf *p)
{
    if (gather(flow, p))
        return;
    if (flow->first)
        flow->last->next = p;
    else
        flow->first = p;
    while (p->next)
        p = p->next;
    flow->last = p;
    flow->room = 0;
}

static err_t received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct lwip_flow *flow = argument;
    (void)pcb, (void)error;
    if (p)
        append(flow, p);
    else {
        flow->peer_ended = true;
        if (flow->shut)
            let_go(flow); /* both directions have ended: nothing more will be heard of it */
    }
    object_wake(&flow->object, READING);
    return ERR_OK;
}

static err_t sent(void *argument, struct tcp_pcb *pcb, u16_t size)
{
    struct lwip_flow *flow = argument;
    (void)size;
    if (flow->object.waiting[WRITING] && (pcb->snd_buf >= TCP_SND_BUF / 3 || !tcp_sndqueuelen(pcb)))
        object_wake(&flow->object, WRITING);
    return ERR_OK;
}

static void failed(void *argument, err_t error)
{
    struct lwip_flow *flow = argument;
    flow->pcb = NULL;
    if (error == ERR_CLSD)
        return; /* the peer has acknowledged everything, and our end */
    flow->error = error == ERR_RST && flow->connecting ? -ECONNREFUSED : object_error(error);
    object_wake(&flow->object, READING);
    object_wake(&flow->object, WRITING);
}

signed char flow_connected(void *argument, struct tcp_pcb *pcb, signed char error)
{
    struct lwip_flow *flow = argument;
    (void)pcb, (void)error;
    flow->connecting = false;
    flow_established(flow);
    object_wake(&flow->object, WRITING);
    return ERR_OK;
}

bool flow_is_read(const struct tcp_pcb *pcb)
{
    return pcb->recv == received && !((const struct lwip_flow *)pcb->callback_arg)->first;
}

/* What the peer was told about the window in the SYN, which has no scale. */
void flow_established(struct lwip_flow *flow)
{
    struct tcp_pcb *pcb = flow->pcb;
    flow->window = pcb->rcv_wnd < FIRST ? pcb->rcv_wnd : FIRST;
    pcb->rcv_wnd = pcb->rcv_ann_wnd = flow->window;
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + flow->window;
}

struct lwip_flow *flow_new(struct tcp_pcb *pcb)
{
    struct lwip_flow *flow = memory_get(sizeof *flow);
    if (!flow)
        return NULL;
    *flow = (struct lwip_flow){
        .pcb = pcb,
        .local = {addresses_from_lwip(&pcb->local_ip), pcb->local_port},
        .peer = {addresses_from_lwip(&pcb->remote_ip), pcb->remote_port},
    };
    tcp_arg(pcb, flow);
    tcp_recv(pcb, received);
    tcp_sent(pcb, sent);
    tcp_err(pcb, failed);
    tcp_nagle_disable(pcb);
    return flow;
}

/* ---- reading ---- */

/* Gives back the pbuf that was read. */
static void drop_first(struct lwip_flow *flow)
{
    struct pbuf *p = flow->first;
    flow->first = p->next;
    flow->offset = 0;
    p->next = NULL;
    pbuf_free(p);
}

static size_t take(struct lwip_flow *flow, char *buffer, size_t size)
{
    size_t done = 0;
    while (flow->first && done < size) {
        size_t left = flow->first->len - flow->offset, part = size - done < left ? size - done : left;
        memcpy(buffer + done, (char *)flow->first->payload + flow->offset, part);
        done += part;
        flow->offset = (uint16_t)(flow->offset + part);
        if (part == left)
            drop_first(flow);
    }
    return done;
}

/* Opens the window by what was read, and a little more or less to make it what the connection may have. */
static void make_room(struct lwip_flow *flow, size_t size)
{
    size_t most = flow->pcb ? TCP_WND_MAX(flow->pcb) : 0, share = memory_share(most, LEAST), change;
    if (flow->window < share) {
        change = share - flow->window < size ? share - flow->window : size;
        flow->window += (uint32_t)change;
        size += change;
    } else if (flow->window > share) {
        change = flow->window - share < size ? flow->window - share : size;
        flow->window -= (uint32_t)change;
        size -= change;
    }
    while (size && flow->pcb) {
        u16_t part = size > UINT16_MAX ? UINT16_MAX : (u16_t)size;
        tcp_recved(flow->pcb, part);
        size -= part;
    }
    link_loop();
}

ptrdiff_t lwip_read(struct lwip_flow *flow, void *buffer, size_t size, int64_t deadline)
{
    int error = object_enter(&flow->object, READING);
    if (size == 0)
        return error;
    while (!error) {
        if (flow->first) {
            size_t got = take(flow, buffer, size);
            if (got) {
                timers_rouse();
                make_room(flow, got);
                return (ptrdiff_t)got;
            }
        }
        if (flow->peer_ended)
            return 0;
        if (flow->error)
            return flow->error;
        error = object_wait(&flow->object, READING, deadline);
    }
    return error;
}

/* ---- writing ---- */

/* Set by the linker: the first byte of the image in memory, and the one behind its code.  Constants lie between. */
extern const char __executable_start[] __attribute__((weak)), etext[] __attribute__((weak));

/* Whether the bytes are the same for as long as the image runs. */
static bool never_changes(const char *bytes)
{
    return (uintptr_t)bytes >= (uintptr_t)__executable_start && (uintptr_t)bytes < (uintptr_t)etext;
}

/* What lwIP has room for; 0 when it has none. */
static size_t room(const struct tcp_pcb *pcb)
{
    size_t used = TCP_SND_BUF - pcb->snd_buf, share = memory_share(TCP_SND_BUF, LEAST);
    if (pcb->snd_queuelen >= TCP_SND_QUEUELEN || used >= share || (share < TCP_SND_BUF && used && share - used < pcb->mss))
        return 0;
    return share - used;
}

/* Gives lwIP as much of the bytes as it takes now. */
static size_t give(struct tcp_pcb *pcb, const char *bytes, size_t size, bool more)
{
    size_t done = 0;
    u8_t copy = never_changes(bytes) ? 0 : TCP_WRITE_FLAG_COPY;
    for (size_t piece = PIECE; done < size;) {
        size_t part = size - done, most = room(pcb);
        if (part > most)
            part = most;
        if (part > piece)
            part = piece;
        if (!part)
            break;
        memory_use = pcb->snd_buf == TCP_SND_BUF ? MEMORY_URGENT : MEMORY_DATA; /* each connection may have something on its way */
        if (memory_use == MEMORY_URGENT && memory_short() && part > pcb->mss)
            part = pcb->mss;
        u8_t follows = more || done + part < size ? TCP_WRITE_FLAG_MORE : 0;
        err_t error = tcp_write(pcb, bytes + done, (u16_t)part, copy | follows);
        memory_use = MEMORY_CONTROL;
        if (error == ERR_OK)
            done += part;
        else if ((piece = part / 2) < pcb->mss)
            break; /* not even a small part: memory is short */
    }
    return done;
}

static int gone(const struct lwip_flow *flow)
{
    return flow->shut || flow->error == -ECONNRESET || !flow->error ? -EPIPE : flow->error;
}

/* Waits for room; when the connection has nothing on the way whose acknowledgement would wake it, it is memory that lacks. */
static int wait_for_room(struct lwip_flow *flow, int64_t deadline)
{
    if (tcp_sndqueuelen(flow->pcb))
        return object_wait(&flow->object, WRITING, deadline);
    int64_t later = deadline_after(clock_now(), PAUSE);
    int error = object_wait(&flow->object, WRITING, later < deadline ? later : deadline);
    return error == -ETIMEDOUT && later < deadline ? 0 : error;
}

ptrdiff_t lwip_write(struct lwip_flow *flow, const struct view *views, size_t count, int64_t deadline)
{
    int error = object_enter(&flow->object, WRITING);
    size_t i = 0, at = 0, done = 0;
    if (!error)
        timers_rouse();
    while (!error) {
        if (!flow->pcb || flow->shut) {
            error = gone(flow);
            break;
        }
        for (; i < count; i++, at = 0) {
            size_t part = views[i].size ? give(flow->pcb, views[i].bytes + at, views[i].size - at, i + 1 < count) : 0;
            at += part;
            done += part;
            if (at < views[i].size)
                break;
        }
        if (i == count) {
            later_send(flow);
            return (ptrdiff_t)done;
        }
        tcp_output(flow->pcb);
        link_loop();
        if (flow->pcb)
            error = wait_for_room(flow, deadline);
    }
    return done > 0 && error != -ECONNABORTED ? (ptrdiff_t)done : error;
}

/* ---- ending ---- */

int lwip_shutdown(struct lwip_flow *flow)
{
    if (flow->shut)
        return 0;
    if (!flow->pcb)
        return -ENOTCONN;
    timers_rouse();
    int error = object_error(tcp_shutdown(flow->pcb, 0, 1));
    if (error)
        return error;
    flow->shut = true;
    object_wake(&flow->object, WRITING);
    if (flow->peer_ended && flow->pcb)
        let_go(flow);
    link_loop();
    return 0;
}

static void end(struct lwip_flow *flow)
{
    while (flow->first)
        drop_first(flow);
    later_forget(flow);
    object_end(&flow->object);
}

void lwip_close(struct lwip_flow *flow)
{
    struct tcp_pcb *pcb = flow->pcb;
    if (pcb) {
        timers_rouse();
        let_go(flow);
        if (!flow->first)
            pcb->rcv_wnd = TCP_WND_MAX(pcb); /* lwIP would reset a connection with a smaller one: it takes it for unread */
        tcp_close(pcb);
    }
    end(flow);
    link_loop();
}

void lwip_abort(struct lwip_flow *flow)
{
    struct tcp_pcb *pcb = flow->pcb;
    if (pcb) {
        timers_rouse();
        let_go(flow);
        tcp_abort(pcb);
    }
    end(flow);
    link_loop();
}

int lwip_local(const struct lwip_flow *flow, struct endpoint *local)
{
    *local = flow->local;
    return 0;
}

int lwip_peer(const struct lwip_flow *flow, struct endpoint *peer)
{
    *peer = flow->peer;
    return 0;
}
