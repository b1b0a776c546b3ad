/*
 * burst.c - segments of TCP that are sent as one frame.
 *
 * Only what the interface will divide into the very same frames is put together: full segments of one connection, one
 * behind the other, with equal headers; the last may be shorter.  A reference keeps their pbufs, which lwIP leaves alone then.
 */
#include "burst.h"

#include "netif.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ukc/deadline.h>

#include "lwip/inet_chksum.h"

#include "timers.h"

enum {
    FRAMES = 64, VIEWS = 64,
    ETHERNET = 14, IPV4 = 20, IPV6 = 40, TCP = 20, TCP_MOST = 60, PROTOCOL_TCP = 6,
    FIN = 1, PSH = 8, ACK = 16,
};

static size_t most, full;

static struct {
    struct pbuf *frames[FRAMES];
    struct view views[VIEWS];
    unsigned frame_count, view_count;
    size_t size;    /* of all as one frame */
    size_t headers; /* bytes of them in each frame */
    size_t ip;      /* bytes of Ethernet's and IP's */
    uint32_t next;  /* sequence number */
    uint8_t flags;
    bool complete;  /* nothing can follow */
    uint8_t head[ETHERNET + IPV6 + TCP_MOST];
} burst;

static uint32_t number32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store16(uint8_t *p, size_t number)
{
    p[0] = (uint8_t)(number >> 8);
    p[1] = (uint8_t)number;
}

size_t burst_parts(const struct pbuf *p, size_t skip, struct view *views, size_t room)
{
    size_t count = 0;
    for (; p; p = p->next) {
        const char *bytes = (const char *)p->payload + skip;
        if (p->len <= skip) {
            skip -= p->len;
            continue;
        }
        size_t size = p->len - skip;
        skip = 0;
        if (count && views[count - 1].bytes + views[count - 1].size == bytes) {
            views[count - 1].size += size;
            continue;
        }
        if (count == room)
            return 0;
        views[count++] = (struct view){bytes, size};
    }
    return count;
}

/* ---- which frames ---- */

/* Bytes of the headers of Ethernet and IP when TCP follows them, which are in the pbuf; or 0. */
static size_t ip_headers(const uint8_t *frame, size_t have)
{
    const uint8_t *ip = frame + ETHERNET;
    if (have >= ETHERNET + IPV4 + TCP && frame[12] == 0x08 && frame[13] == 0x00)
        return ip[0] == 0x45 && ip[9] == PROTOCOL_TCP && !((ip[6] & 0x3f) | ip[7]) ? ETHERNET + IPV4 : 0; /* no fragment */
    if (have >= ETHERNET + IPV6 + TCP && frame[12] == 0x86 && frame[13] == 0xdd)
        return ip[6] == PROTOCOL_TCP ? ETHERNET + IPV6 : 0;
    return 0;
}

static size_t all_headers(const uint8_t *frame, size_t have, size_t ip)
{
    size_t size = ip + (frame[ip + 12] >> 4) * 4u;
    return size >= ip + TCP && size <= have ? size : 0;
}

static bool equal(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
    return memcmp(a + from, b + from, to - from) == 0;
}

/* Whether the headers differ only in what the interface sets itself: lengths, identification, checksums, the sequence number, FIN and PSH. */
static bool same_headers(const uint8_t *a, const uint8_t *b)
{
    size_t tcp = burst.ip;
    bool ip = tcp == ETHERNET + IPV4 ? equal(a, b, 0, 16) && equal(a, b, 20, 24) && equal(a, b, 26, tcp)
                                     : equal(a, b, 0, 18) && equal(a, b, 20, tcp);
    return ip && equal(a, b, tcp, tcp + 4) && equal(a, b, tcp + 8, tcp + 13) && equal(a, b, tcp + 14, tcp + 16) &&
           equal(a, b, tcp + 18, burst.headers);
}

static bool follows(const uint8_t *frame, size_t have, size_t size)
{
    return !burst.complete && burst.frame_count < FRAMES && burst.size + size - burst.headers <= most && have >= burst.headers &&
           size <= full && size > burst.headers && same_headers(burst.head, frame) && number32(frame + burst.ip + 4) == burst.next &&
           !(frame[burst.ip + 13] & ~(FIN | PSH | ACK));
}

/* ---- keeping and sending ---- */

static void keep(struct pbuf *p, const uint8_t *frame, size_t size)
{
    uint8_t flags = frame[burst.ip + 13];
    pbuf_ref(p);
    burst.frames[burst.frame_count++] = p;
    burst.size += size;
    burst.next += (uint32_t)(burst.frame_count == 1 ? size - burst.headers : size);
    burst.flags |= flags;
    burst.complete = flags & FIN;
}

static bool begin(struct pbuf *p, const uint8_t *frame, size_t have, size_t size)
{
    burst.ip = ip_headers(frame, have);
    burst.headers = burst.ip ? all_headers(frame, have, burst.ip) : 0;
    if (!burst.headers || (frame[burst.ip + 13] & ~PSH) != ACK)
        return false;
    memcpy(burst.head, frame, burst.headers);
    burst.views[0] = (struct view){(const char *)burst.head, burst.headers};
    size_t parts = burst_parts(p, ETH_PAD_SIZE + burst.headers, burst.views + 1, VIEWS - 1);
    if (!parts)
        return false;
    burst.view_count = (unsigned)parts + 1;
    burst.next = number32(frame + burst.ip + 4);
    keep(p, frame, size);
    return true;
}

/* The views go on where the ones before them ended, as often as not in the very next byte. */
static bool append(struct pbuf *p, const uint8_t *frame, size_t size)
{
    struct view *last = &burst.views[burst.view_count - 1];
    struct view parts[8];
    size_t count = burst_parts(p, ETH_PAD_SIZE + burst.headers, parts, sizeof parts / sizeof parts[0]);
    bool joined = count && last->bytes + last->size == parts[0].bytes;
    if (!count || burst.view_count + count - joined > VIEWS)
        return false;
    if (joined)
        last->size += parts[0].size;
    memcpy(burst.views + burst.view_count, parts + joined, (count - joined) * sizeof *parts);
    burst.view_count += (unsigned)(count - joined);
    keep(p, frame, size - burst.headers);
    burst.complete |= size != full;
    return true;
}

static void drop(void)
{
    for (unsigned i = 0; i < burst.frame_count; i++)
        pbuf_free(burst.frames[i]);
    burst.frame_count = 0;
    burst.size = 0;
    burst.flags = 0;
    burst.complete = false;
}

/* The headers become those of the whole. */
static void finish(void)
{
    uint8_t *ip = burst.head + ETHERNET;
    burst.head[burst.ip + 13] = burst.flags;
    if (burst.ip == ETHERNET + IPV6) {
        store16(ip + 4, burst.size - burst.ip);
        return;
    }
    store16(ip + 2, burst.size - ETHERNET);
    store16(ip + 10, 0);
    uint16_t sum = inet_chksum(ip, IPV4);
    memcpy(ip + 10, &sum, sizeof sum);
}

int burst_flush(void)
{
    if (!burst.frame_count)
        return 0;
    if (burst.frame_count > 1)
        finish();
    int error = netif_send(burst.views, burst.view_count, DEADLINE_NOW);
    if (error == -ETIMEDOUT)
        return error;
    if (!error)
        timers_output_works();
    if (error == -EMSGSIZE)
        most = 0; /* it does not after all; TCP sends them again, each by itself */
    drop();
    return error;
}

int burst_take(struct pbuf *p)
{
    size_t size = (size_t)p->tot_len - ETH_PAD_SIZE, have = p->len > ETH_PAD_SIZE ? (size_t)p->len - ETH_PAD_SIZE : 0;
    const uint8_t *frame = (const uint8_t *)p->payload + ETH_PAD_SIZE;
    if (burst.frame_count) {
        if (follows(frame, have, size) && append(p, frame, size))
            return 1;
        if (burst_flush() == -ETIMEDOUT)
            return -ETIMEDOUT;
    }
    return most && size == full && begin(p, frame, have, size);
}

void burst_start(size_t most_bytes, size_t full_frame)
{
    most = most_bytes;
    full = full_frame;
}

void burst_stop(void)
{
    most = 0;
    drop();
}
