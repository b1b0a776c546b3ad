/*
 * message.h - queries, and what an answer says (RFC 1035, 4; RFC 3596; RFC 6891).
 *
 * Functions of bytes, without state.  An answer is what a stranger wrote: nothing
 * outside the view is read, whatever lengths, counts and pointers it contains, and the
 * time it takes is bounded.
 */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "name.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_AAAA = 28, TYPE_OPT = 41 };

enum {
    DATAGRAM_MOST = 1232,  /* what we say that we take: it fits in IPv6's smallest packets, so nothing is fragmented */
    QUERY_MOST = 12 + NAME_MOST + 4 + 11,
    ADDRESSES_MOST = 32,   /* of one family; what is beyond is dropped */
    ALIASES_MOST = 16,     /* followed one after another */
};

struct question {
    struct name name;
    uint16_t type; /* TYPE_A or TYPE_AAAA */
    uint16_t id;
    bool plain;    /* without EDNS: a server that knows nothing of it is asked so */
};

/* Writes a query with recursion desired; its size. */
size_t message_query(const struct question *question, uint8_t query[QUERY_MOST]);

enum verdict {
    MESSAGE_FOREIGN,   /* not an answer to this question: as if it had not come */
    MESSAGE_BROKEN,    /* an answer that makes no sense */
    MESSAGE_TRUNCATED, /* did not fit: ask over TCP */
    MESSAGE_NO_EDNS,   /* the server does not understand the query: ask without EDNS */
    MESSAGE_REFUSED,   /* the server cannot or will not say, or knows only whom else to ask */
    MESSAGE_ALIAS,     /* the name is an alias of `name`, of which nothing is said */
    MESSAGE_NOTHING,   /* there is no such name, or it has no address of this type */
    MESSAGE_ADDRESSES,
};

struct answer {
    struct name name;  /* what the last alias stands for; the question's if there are none */
    unsigned aliases;
    uint32_t ttl;      /* seconds the verdict holds: the least of all that led to it; 0 when it must not be kept */
    unsigned count;
    struct ip_address addresses[ADDRESSES_MOST];
};

/* answer is set for MESSAGE_ALIAS, MESSAGE_NOTHING and MESSAGE_ADDRESSES. */
enum verdict message_read(const void *bytes, size_t size, const struct question *question, struct answer *answer);

#endif
