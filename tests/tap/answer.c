/*
 * answer.c - sends frames back to where they came from.
 *
 * ARP: a reply.  UDP: the datagram.  TCP: a reset, so that connecting is refused.  Ethertype 88b5, which is for
 * experiments (IEEE 802, 9.2.4): the frame.  Where the interface computes checksums the field is filled with
 * rubbish; where it does not, swapping both ends has left a datagram's as it was.
 */
#include "keys.h"
#include "log.h"
#include "net.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <ukc/deadline.h>

enum { ETHERNET = 14, ARP = 0x0806, IPV4 = 0x0800, IPV6 = 0x86dd, OURS = 0x88b5, TCP = 6, UDP = 17 };

static struct netif_info info;
static uint8_t frame[ETHERNET + 9216];

static void swap(size_t a, size_t b, size_t size)
{
    uint8_t held[16];
    memcpy(held, frame + a, size);
    memcpy(frame + a, frame + b, size);
    memcpy(frame + b, held, size);
}

static void put16(size_t at, unsigned value)
{
    frame[at] = (uint8_t)(value >> 8);
    frame[at + 1] = (uint8_t)value;
}

static uint32_t sum(size_t from, size_t to, uint32_t sum)
{
    for (size_t i = from; i < to; i++)
        sum += (i - from) % 2 ? frame[i] : (uint32_t)frame[i] << 8;
    return sum;
}

static unsigned fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Cuts the frame into several views, as a stack would. */
static void answer(size_t size)
{
    swap(0, 6, 6);
    memcpy(frame + 6, info.mac, 6);
    struct view views[] = {{(char *)frame, 14}, {(char *)frame + 14, 0}, {(char *)frame + 14, 1}, {(char *)frame + 15, size - 15}};
    int error = size > 15 ? net_send(views, 4, DEADLINE_NEVER) : net_send(&(struct view){(char *)frame, size}, 1, DEADLINE_NEVER);
    if (error)
        log_write(LOG_LEVEL_ERROR, "answer", "send: %d", error);
}

static void answer_arp(size_t size)
{
    if (size < 42 || frame[21] != 1 || memcmp(frame + 38, KEY_IPV4_BYTES, 4) != 0)
        return;
    frame[21] = 2;
    memcpy(frame + 32, frame + 22, 10);
    memcpy(frame + 22, info.mac, 6);
    memcpy(frame + 28, KEY_IPV4_BYTES, 4);
    answer(42);
}

/* A reset for the SYN at `at`; returns the frame's new size. */
static size_t reset(size_t at, bool v6)
{
    uint32_t number = (uint32_t)frame[at + 4] << 24 | (uint32_t)frame[at + 5] << 16 | (uint32_t)frame[at + 6] << 8 | frame[at + 7];
    number++;
    memset(frame + at + 4, 0, 4);
    put16(at + 8, number >> 16);
    put16(at + 10, number & 0xffff);
    memset(frame + at + 12, 0, 8);
    frame[at + 12] = 5 << 4;
    frame[at + 13] = 0x14; /* RST, ACK */
    put16(v6 ? 18 : 16, v6 ? 20 : 40);
    if (!v6) {
        put16(24, 0);
        put16(24, fold(sum(14, 34, 0)));
    }
    put16(at + 16, fold(sum(v6 ? 22 : 26, at + 20, 20 + TCP)));
    return at + 20;
}

static void answer_ip(size_t size, bool v6)
{
    size_t at = v6 ? 54 : 34;
    if (size < at + 8 || (!v6 && frame[14] != 0x45))
        return;
    uint8_t protocol = frame[v6 ? 20 : 23];
    if (protocol == TCP && size >= at + 20 && (frame[at + 13] & 2))
        size = reset(at, v6);
    else if (protocol != UDP)
        return;
    swap(at, at + 2, 2);
    swap(v6 ? 22 : 26, v6 ? 38 : 30, v6 ? 16 : 4);
    if (info.offload & NETIF_CHECKSUM_SEND)
        put16(at + (protocol == TCP ? 16 : 6), 0xdead);
    answer(size);
}

int answer_main(void);

int answer_main(void)
{
    ptrdiff_t size;
    net_info(&info);
    log_write(LOG_LEVEL_INFO, "answer", "offload %u, MTU %u", info.offload, info.mtu);
    while ((size = net_receive(frame, ETHERNET + (size_t)info.mtu, DEADLINE_NEVER)) != -ECANCELED) {
        if (size < 0) {
            log_write(LOG_LEVEL_WARNING, "answer", "receive: %d", (int)size);
            continue;
        }
        switch (frame[12] << 8 | frame[13]) {
        case ARP:
            answer_arp((size_t)size);
            break;
        case IPV4:
        case IPV6:
            answer_ip((size_t)size, frame[12] == 0x86);
            break;
        case OURS:
            answer((size_t)size);
            break;
        }
    }
    return 0;
}
