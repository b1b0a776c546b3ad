/*
 * internal.h - what the files of dns share.
 *
 * dns.c answers a look-up from what is known, or lets one task of those that ask the same
 * question find out: resolve.c, which goes from server to server (servers.c), one attempt at a time (query.c).
 * message.c, name.c and cache.c know nothing of the rest.
 */
#ifndef DNS_INTERNAL_H
#define DNS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include "message.h"

enum { FAMILIES = 2 }; /* IPv6, then IPv4, as they are returned */

static inline uint16_t type_of(unsigned family)
{
    return family == 0 ? TYPE_AAAA : TYPE_A;
}

/* ---- servers.c ---- */

enum { SERVERS_MOST = 8 };

/* Whether the key `servers` can be read; says what is wrong with it. */
int servers_check(void);
/*
 * The name servers as of now, those that were silent last behind the others; how many.  When they are others than the last
 * time, what was learnt from those is forgotten.
 */
unsigned servers_now(struct endpoint servers[SERVERS_MOST]);
/* Whether the stack has an address from which one of them can be asked. */
bool servers_usable(const struct endpoint *servers, unsigned count);
/* A server did not answer in time, or did. */
void servers_silent(const struct endpoint *server, bool silent);
/* Does it not understand EDNS? */
bool servers_plain(const struct endpoint *server);
void servers_set_plain(const struct endpoint *server);

/* ---- query.c ---- */

/* What is asked of one family, from server to server. */
struct inquiry {
    struct question question; /* about the end of the aliases that were followed so far */
    enum { INQUIRY_OPEN, INQUIRY_UDP, INQUIRY_TCP, INQUIRY_USELESS, INQUIRY_DONE } state; /* USELESS: to this server */
    bool known;               /* done before anybody was asked */
    bool heard;               /* the server answered, be it as it may */
    unsigned aliases;         /* followed so far */
    uint32_t ttl;             /* of the answer; until it is there, of the aliases */
    unsigned count;           /* when done: 0 if there are no addresses */
    struct ip_address addresses[ADDRESSES_MOST];
};

/*
 * One attempt with one server: asks all that is not done, over TCP if the answer is too long for a datagram,
 * and follows aliases.  Afterwards what was not answered is open, and what the server cannot answer is useless.
 * 0 when nothing is open, else the stack's error; -ETIMEDOUT: that of the server, or the deadline.
 */
int query_server(const struct endpoint *server, struct inquiry *inquiries, size_t count, int64_t deadline);

/* ---- resolve.c ---- */

/*
 * Asks the servers, until both families are done, or one is and has addresses.  0, or an error of resolver_lookup other than
 * -ENOENT and -EINVAL.
 */
int resolve(struct inquiry *inquiries, size_t count, int64_t deadline);

/* ---- hosts.c ---- */

/* Whether the key `hosts` can be read; says what is wrong with it. */
int hosts_check(void);
/* Addresses of one family; -1 if the name does not stand there. */
int hosts_find(const struct name *name, uint8_t family, struct ip_address *addresses, unsigned most);

#endif
