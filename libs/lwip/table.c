/*
 * table.c - TCP connections by their addresses and ports, and in the order in which they may have to go.
 *
 * The hash is under a secret key, so that nobody can choose peers' ports such that many connections share a place.
 * Connections in SYN-RCVD are in a queue of their own, from the oldest to the newest.
 */
#include "table.h"

#include <stdbool.h>
#include <string.h>

#include "lwip/priv/tcp_priv.h"

#include "secret.h"

enum { HALF_OPEN_MOST = KEY_HALF_OPEN ? KEY_HALF_OPEN : MEMP_NUM_TCP_PCB };

/* Places, a power of two: about as many as connections. */
static struct tcp_pcb **table;
static unsigned shift; /* 64 minus the logarithm of their number */
static uint64_t key[3];

static struct tcp_pcb *time_wait_last;
static struct {
    struct tcp_pcb *oldest, *newest;
    unsigned count;
} half_open;

static unsigned table_bits(void)
{
    unsigned bits = 6;
    while (bits < 22 && (1u << bits) < MEMP_NUM_TCP_PCB)
        bits++;
    return bits;
}

size_t table_size(void)
{
    return sizeof(struct tcp_pcb *) << table_bits();
}

void table_start(void *memory)
{
    table = memset(memory, 0, table_size());
    shift = 64 - table_bits();
    for (size_t i = 0; i < 3; i++)
        key[i] = (uint64_t)secret_number() << 32 | secret_number() | 1;
    time_wait_last = NULL;
    memset(&half_open, 0, sizeof half_open);
}

/* The halves of the product of two words are mixed: each depends on all bits of both. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The image has few addresses of its own: they do not count. */
static struct tcp_pcb **place(u16_t local_port, const ip_addr_t *remote, u16_t remote_port)
{
    uint64_t ports = (uint64_t)local_port << 16 | remote_port, hash = 0;
#if LWIP_IPV4
    if (IP_IS_V4(remote))
        hash = (uint64_t)ip_2_ip4(remote)->addr << 32;
#endif
#if LWIP_IPV6
    if (IP_IS_V6(remote)) {
        uint64_t words[2];
        memcpy(words, ip_2_ip6(remote)->addr, sizeof words);
        hash = mix(words[0] ^ key[0], words[1] ^ key[1]);
    }
#endif
    return &table[mix(hash ^ ports, key[2]) >> shift];
}

static struct tcp_pcb **place_of(const struct tcp_pcb *pcb)
{
    return place(pcb->local_port, &pcb->remote_ip, pcb->remote_port);
}

struct tcp_pcb *tcp_table_find(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port)
{
    struct tcp_pcb *pcb = *place(local_port, remote_ip, remote_port);
    while (pcb && !(pcb->remote_port == remote_port && pcb->local_port == local_port && ip_addr_eq(&pcb->remote_ip, remote_ip) &&
                    ip_addr_eq(&pcb->local_ip, local_ip)))
        pcb = pcb->table_next;
    return pcb;
}

/* ---- half-open connections ---- */

static void half_open_add(struct tcp_pcb *pcb)
{
    pcb->half_open = 1;
    pcb->half_open_older = half_open.newest;
    pcb->half_open_newer = NULL;
    if (half_open.newest)
        half_open.newest->half_open_newer = pcb;
    else
        half_open.oldest = pcb;
    half_open.newest = pcb;
    half_open.count++;
}

void table_opened(struct tcp_pcb *pcb)
{
    if (!pcb->half_open)
        return;
    pcb->half_open = 0;
    half_open.count--;
    if (pcb->half_open_older)
        pcb->half_open_older->half_open_newer = pcb->half_open_newer;
    else
        half_open.oldest = pcb->half_open_newer;
    if (pcb->half_open_newer)
        pcb->half_open_newer->half_open_older = pcb->half_open_older;
    else
        half_open.newest = pcb->half_open_older;
}

struct tcp_pcb *tcp_table_oldest_half_open(void)
{
    return half_open.oldest;
}

int tcp_table_half_open_full(void)
{
    return half_open.count >= HALF_OPEN_MOST;
}

struct tcp_pcb *tcp_table_oldest_time_wait(void)
{
    return time_wait_last;
}

/* ---- the lists ---- */

static bool are_connections(struct tcp_pcb *const *list)
{
    return list == &tcp_active_pcbs || list == &tcp_tw_pcbs;
}

void tcp_table_add(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    pcb->prev = NULL;
    pcb->next = *list;
    if (*list)
        (*list)->prev = pcb;
    *list = pcb;
    if (!are_connections(list))
        return;
    if (list == &tcp_tw_pcbs && !pcb->next)
        time_wait_last = pcb;
    struct tcp_pcb **at = place_of(pcb);
    pcb->table_next = *at;
    *at = pcb;
    if (pcb->state == SYN_RCVD)
        half_open_add(pcb);
}

/* lwIP also removes what it never added: a connection that got its port from connect.c. */
void tcp_table_remove(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    if (pcb->prev)
        pcb->prev->next = pcb->next;
    else if (*list == pcb)
        *list = pcb->next;
    else
        return;
    if (are_connections(list)) {
        if (list == &tcp_tw_pcbs && !pcb->next)
            time_wait_last = pcb->prev;
        struct tcp_pcb **at = place_of(pcb);
        while (*at != pcb)
            at = &(*at)->table_next;
        *at = pcb->table_next;
        table_opened(pcb);
    }
    if (pcb->next)
        pcb->next->prev = pcb->prev;
    pcb->next = pcb->prev = NULL;
}
