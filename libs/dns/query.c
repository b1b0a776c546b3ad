/*
 * query.c - one attempt with one server.
 *
 * Both families are asked from one socket, which lives as long as the attempt. Who wants to answer in the server's place
 * has to guess its port, the query's id and the time (RFC 5452); when many answers
 * come that do not fit, somebody is guessing, and the server is asked over TCP.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "keys.h"
#include "random.h"
#include "stack.h"
#include <ukc/deadline.h>

enum {
    PORT_FIRST = 32768, /* half of all ports, and none that a service is likely to want */
    PORTS_TRIED = 8,
    STRANGERS_MOST = 32,
};

static bool any(const struct inquiry *inquiries, size_t count, int state)
{
    for (size_t i = 0; i < count; i++)
        if ((int)inquiries[i].state == state)
            return true;
    return false;
}

static uint16_t random16(void)
{
    uint16_t number;
    random_fill(&number, sizeof number);
    return number;
}

static int64_t in_time(int64_t deadline)
{
    int64_t end = deadline_after(clock_now(), KEY_TIMEOUT * NANOSECONDS_PER_MILLISECOND);
    return end < deadline ? end : deadline;
}

/* What an answer of the server does to what was asked. */
static void settle(struct inquiry *inquiry, const struct endpoint *server, enum verdict verdict, const struct answer *answer)
{
    inquiry->heard = true;
    switch (verdict) {
    case MESSAGE_FOREIGN:
    case MESSAGE_BROKEN:
    case MESSAGE_REFUSED:
        inquiry->state = INQUIRY_USELESS;
        return;
    case MESSAGE_TRUNCATED:
        inquiry->state = inquiry->state == INQUIRY_TCP ? INQUIRY_USELESS : INQUIRY_TCP;
        return;
    case MESSAGE_NO_EDNS:
        servers_set_plain(server);
        inquiry->question.plain = true;
        inquiry->state = INQUIRY_OPEN;
        return;
    case MESSAGE_ALIAS:
        inquiry->state = (inquiry->aliases += answer->aliases) <= ALIASES_MOST ? INQUIRY_OPEN : INQUIRY_USELESS;
        inquiry->question.name = answer->name;
        break;
    case MESSAGE_NOTHING:
    case MESSAGE_ADDRESSES:
        inquiry->state = INQUIRY_DONE;
        inquiry->count = answer->count;
        memcpy(inquiry->addresses, answer->addresses, sizeof inquiry->addresses);
        break;
    }
    if (answer->ttl < inquiry->ttl)
        inquiry->ttl = answer->ttl;
}

/* ---- datagrams ---- */

static int open_udp(struct stack_udp **udp, const struct endpoint *server)
{
    struct endpoint local = {.address = {.family = server->address.family}};
    for (int i = 0; i < PORTS_TRIED; i++) {
        local.port = PORT_FIRST | random16();
        int error = stack_udp_open(udp, &local);
        if (error != -EADDRINUSE && error != -EACCES)
            return error;
    }
    local.port = 0;
    return stack_udp_open(udp, &local);
}

static int send_open(struct stack_udp *udp, const struct endpoint *server, struct inquiry *inquiries, size_t count, int64_t deadline)
{
    for (size_t i = 0; i < count; i++) {
        if (inquiries[i].state != INQUIRY_OPEN)
            continue;
        uint8_t query[QUERY_MOST];
        inquiries[i].question.id = random16();
        size_t size = message_query(&inquiries[i].question, query);
        int error = stack_udp_send(udp, server, (struct view){(const char *)query, size}, deadline);
        if (error)
            return error;
        inquiries[i].state = INQUIRY_UDP;
    }
    return 0;
}

static bool is_from(const struct endpoint *server, const struct endpoint *from)
{
    struct endpoint without_zone = *from;
    if (server->address.zone == 0)
        without_zone.address.zone = 0;
    return endpoint_equal(server, &without_zone);
}

/* Takes one datagram; true if it was an answer. */
static bool take(const struct endpoint *server, struct inquiry *inquiries, size_t count, const uint8_t *datagram, size_t size)
{
    size_t stored = size < DATAGRAM_MOST ? size : DATAGRAM_MOST;
    for (size_t i = 0; i < count; i++) {
        struct answer answer;
        if (inquiries[i].state != INQUIRY_UDP)
            continue;
        enum verdict verdict = message_read(datagram, stored, &inquiries[i].question, &answer);
        if (verdict == MESSAGE_FOREIGN)
            continue;
        if (verdict == MESSAGE_BROKEN && size > stored)
            verdict = MESSAGE_TRUNCATED;
        settle(&inquiries[i], server, verdict, &answer);
        return true;
    }
    return false;
}

static int receive(struct stack_udp *udp, const struct endpoint *server, struct inquiry *inquiries, size_t count, unsigned *strangers,
                   int64_t deadline)
{
    uint8_t datagram[DATAGRAM_MOST];
    struct endpoint from;
    ptrdiff_t size = stack_udp_receive(udp, datagram, sizeof datagram, &from, deadline);
    if (size < 0)
        return (int)size;
    if (is_from(server, &from) && take(server, inquiries, count, datagram, (size_t)size))
        return 0;
    if (++*strangers == STRANGERS_MOST)
        for (size_t i = 0; i < count; i++)
            if (inquiries[i].state == INQUIRY_UDP)
                inquiries[i].state = INQUIRY_TCP;
    return 0;
}

static int ask_udp(const struct endpoint *server, struct inquiry *inquiries, size_t count, int64_t deadline)
{
    struct stack_udp *udp;
    unsigned strangers = 0;
    int error = open_udp(&udp, server);
    if (error)
        return error;
    do {
        error = send_open(udp, server, inquiries, count, deadline);
        if (!error)
            error = receive(udp, server, inquiries, count, &strangers, deadline);
    } while (!error && (any(inquiries, count, INQUIRY_UDP) || any(inquiries, count, INQUIRY_OPEN)));
    stack_udp_close(udp);
    return error;
}

/* ---- a connection (RFC 1035, 4.2.2; RFC 7766) ---- */

static int read_whole(struct stack_flow *flow, void *buffer, size_t size, int64_t deadline)
{
    for (size_t at = 0; at < size;) {
        ptrdiff_t got = stack_read(flow, (char *)buffer + at, size - at, deadline);
        if (got <= 0)
            return got < 0 ? (int)got : -ECONNRESET;
        at += (size_t)got;
    }
    return 0;
}

static int converse(struct stack_flow *flow, const struct endpoint *server, struct inquiry *inquiry, int64_t deadline)
{
    uint8_t query[QUERY_MOST], length[2];
    struct answer answer;
    inquiry->question.id = random16();
    size_t size = message_query(&inquiry->question, query);
    length[0] = (uint8_t)(size >> 8);
    length[1] = (uint8_t)size;
    struct view views[] = {{(const char *)length, sizeof length}, {(const char *)query, size}};
    ptrdiff_t written = stack_write(flow, views, 2, deadline);
    if (written != (ptrdiff_t)(sizeof length + size))
        return written < 0 ? (int)written : -ETIMEDOUT;
    int error = read_whole(flow, length, sizeof length, deadline);
    if (error)
        return error;
    size = (size_t)length[0] << 8 | length[1];
    uint8_t *message = malloc(size + 1);
    if (!message)
        return -ENOMEM;
    error = read_whole(flow, message, size, deadline);
    if (!error)
        settle(inquiry, server, message_read(message, size, &inquiry->question, &answer), &answer);
    free(message);
    return error;
}

static int ask_tcp(const struct endpoint *server, struct inquiry *inquiry, int64_t deadline)
{
    struct stack_flow *flow;
    int error = stack_connect(&flow, server, deadline);
    if (error)
        return error;
    error = converse(flow, server, inquiry, deadline);
    stack_close(flow);
    return error;
}

/* ---- an attempt ---- */

/* The image's own trouble: another server will not help. */
static bool is_fatal(int error)
{
    return error == -ECANCELED || error == -EDEADLK || error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -ENOBUFS;
}

static int attempt(const struct endpoint *server, struct inquiry *inquiries, size_t count, int64_t deadline)
{
    int result = 0;
    while (!result && any(inquiries, count, INQUIRY_OPEN)) {
        result = ask_udp(server, inquiries, count, in_time(deadline));
        for (size_t i = 0; i < count && !is_fatal(result); i++)
            if (inquiries[i].state == INQUIRY_TCP) {
                int error = ask_tcp(server, &inquiries[i], in_time(deadline));
                result = error ? error : result;
            }
    }
    return result;
}

int query_server(const struct endpoint *server, struct inquiry *inquiries, size_t count, int64_t deadline)
{
    for (size_t i = 0; i < count; i++)
        if (inquiries[i].state != INQUIRY_DONE) {
            inquiries[i].state = INQUIRY_OPEN;
            inquiries[i].heard = false;
            inquiries[i].question.plain = servers_plain(server);
        }
    int error = attempt(server, inquiries, count, deadline);
    for (size_t i = 0; i < count; i++)
        if (inquiries[i].state == INQUIRY_UDP || inquiries[i].state == INQUIRY_TCP)
            inquiries[i].state = INQUIRY_OPEN;
    if (error == -EMFILE || error == -ENFILE || error == -ENOBUFS)
        return -ENOMEM;
    return error;
}
