/* opening.c - listening, connecting, addresses and ports. */
#include "conformance.h"

static const char *connects_and_echoes(int family)
{
    struct pair p;
    char buffer[64];
    struct endpoint a, b;
    PASS(pair_open(&p, family));
    EXPECT(say(p.client, "hello", SOON) == 5);
    EXPECT(hears(p.server, "hello"));
    struct view views[] = {VIEW("one "), VIEW(""), VIEW("two "), {NULL, 0}, VIEW("three")};
    EXPECT(stack_write(p.server, views, 5, SOON) == 13);
    EXPECT(hears(p.client, "one two three"));
    EXPECT(stack_write(p.server, views, 0, SOON) == 0);
    EXPECT(stack_read(p.server, buffer, 0, SOON) == 0);
    EXPECT(stack_local(p.client, &a) == 0 && stack_peer(p.server, &b) == 0 && endpoint_equal(&a, &b));
    EXPECT(stack_peer(p.client, &a) == 0 && stack_local(p.server, &b) == 0 && endpoint_equal(&a, &b));
    EXPECT(endpoint_equal(&a, &p.at));
    pair_close(&p);
    return NULL;
}

/* An IPv4 peer is IPv4 to whoever listens for both. */
static const char *any_address_takes_both_families(int family)
{
    struct endpoint any = {0}, at, local, peer;
    struct pair p = {.at = loopback(family)};
    EXPECT(stack_listen(&p.listener, &any, 16) == 0);
    EXPECT(stack_listener_local(p.listener, &at) == 0 && at.port != 0);
    p.at.port = at.port;
    PASS(pair_connect(&p));
    EXPECT(stack_peer(p.server, &peer) == 0 && peer.address.family == family);
    EXPECT(stack_local(p.server, &local) == 0 && endpoint_equal(&local, &p.at));
    EXPECT(stack_local(p.client, &local) == 0 && endpoint_equal(&local, &peer));
    pair_close(&p);
    return NULL;
}

static const char *an_unspecified_address_takes_its_family(int family)
{
    int other = family == IP_V4 ? IP_V6 : IP_V4;
    struct endpoint unspecified = {.address = {.family = (uint8_t)family}}, at, to;
    struct pair p = {.at = loopback(family)};
    struct stack_flow *flow;
    EXPECT(stack_listen(&p.listener, &unspecified, 0) == 0);
    EXPECT(stack_listener_local(p.listener, &at) == 0 && ip_equal(&at.address, &unspecified.address));
    p.at.port = at.port;
    PASS(pair_connect(&p));
    to = loopback(other);
    to.port = at.port;
    EXPECT(stack_connect(&flow, &to, SOON) == -ECONNREFUSED);
    /* the other family's port of this number is somebody else's */
    struct stack_listener *second;
    to.address = (struct ip_address){.family = (uint8_t)other};
    EXPECT(stack_listen(&second, &to, 0) == 0);
    stack_unlisten(second);
    pair_close(&p);
    return NULL;
}

static const char *a_port_is_taken_once(int family)
{
    struct endpoint at = loopback(family);
    struct stack_listener *first, *second;
    EXPECT(stack_listen(&first, &at, 0) == 0);
    EXPECT(stack_listener_local(first, &at) == 0);
    EXPECT(stack_listen(&second, &at, 0) == -EADDRINUSE);
    stack_unlisten(first);
    EXPECT(stack_listen(&second, &at, 0) == 0);
    stack_unlisten(second);
    return NULL;
}

static const char *port_zero_is_a_free_one(int family)
{
    enum { COUNT = 50 };
    struct stack_listener *listeners[COUNT];
    static bool seen[65536];
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < COUNT; i++) {
        struct endpoint at = loopback(family);
        EXPECT(stack_listen(&listeners[i], &at, 0) == 0);
        EXPECT(stack_listener_local(listeners[i], &at) == 0);
        EXPECT(at.port != 0 && !seen[at.port]);
        seen[at.port] = true;
    }
    for (unsigned i = 0; i < COUNT; i++)
        stack_unlisten(listeners[i]);
    return NULL;
}

/* Two connections from one address to one port differ in the local port. */
static const char *local_ports_differ(int family)
{
    struct pair p, q;
    struct endpoint a, b;
    PASS(pair_open(&p, family));
    q = p;
    PASS(pair_connect(&q));
    EXPECT(stack_local(p.client, &a) == 0 && stack_local(q.client, &b) == 0);
    EXPECT(a.port != 0 && b.port != 0 && a.port != b.port);
    EXPECT(say(p.client, "p", SOON) == 1 && say(q.client, "q", SOON) == 1);
    EXPECT(hears(q.server, "q") && hears(p.server, "p"));
    stack_close(q.client);
    stack_close(q.server);
    pair_close(&p);
    return NULL;
}

/* The server closes first, so that the old connection lingers at its port. */
static const char *a_port_is_free_right_after_close(int family)
{
    struct pair p;
    char byte;
    PASS(pair_open(&p, family));
    for (int i = 0; i < 20; i++) {
        stack_close(p.server);
        EXPECT(stack_read(p.client, &byte, 1, SOON) == 0);
        stack_close(p.client);
        stack_unlisten(p.listener);
        EXPECT(stack_listen(&p.listener, &p.at, 0) == 0);
        PASS(pair_connect(&p));
        EXPECT(say(p.client, "again", SOON) == 5 && hears(p.server, "again"));
    }
    pair_close(&p);
    return NULL;
}

static const char *nobody_listening_refuses(int family)
{
    struct endpoint at = loopback(family);
    struct stack_listener *listener;
    struct stack_flow *flow;
    EXPECT(stack_listen(&listener, &at, 0) == 0);
    EXPECT(stack_listener_local(listener, &at) == 0);
    stack_unlisten(listener);
    for (int i = 0; i < 20; i++)
        EXPECT(stack_connect(&flow, &at, SOON) == -ECONNREFUSED);
    return NULL;
}

/* Addresses for documentation (RFC 5737, RFC 3849): nobody's. */
static struct endpoint foreign(int family)
{
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    return (struct endpoint){.address = family == IP_V4 ? ip_v4(192, 0, 2, 1) : ip_v6(v6), .port = 7};
}

static const char *a_foreign_address_is_not_available(int family)
{
    struct endpoint at = foreign(family);
    struct stack_listener *listener;
    struct stack_udp *udp;
    EXPECT(stack_listen(&listener, &at, 0) == -EADDRNOTAVAIL);
    EXPECT(stack_udp_open(&udp, &at) == -EADDRNOTAVAIL);
    return NULL;
}

static const char *no_address_is_no_peer(int)
{
    struct endpoint nowhere = {.port = 7};
    struct stack_flow *flow;
    EXPECT(stack_connect(&flow, &nowhere, SOON) == -EAFNOSUPPORT);
    return NULL;
}

/* Nobody is there: an error, and by the deadline, whatever lies between. */
static const char *a_black_hole_takes_no_longer_than_the_deadline(int family)
{
    struct endpoint to = foreign(family);
    struct stack_flow *flow;
    int64_t before = clock_now();
    int error = stack_connect(&flow, &to, in_milliseconds(100));
    EXPECT(error == -ETIMEDOUT || error == -ENETUNREACH || error == -EHOSTUNREACH || error == -ECONNREFUSED);
    EXPECT(milliseconds_since(before) < 3000);
    return NULL;
}

static const char *a_full_backlog_keeps_others_waiting(int family)
{
    struct full full;
    struct stack_flow *flow, *accepted[16];
    PASS(full_open(&full, family));
    EXPECT(full.count >= 1);
    int64_t before = clock_now();
    EXPECT(stack_connect(&flow, &full.at, in_milliseconds(50)) == -ETIMEDOUT);
    EXPECT(milliseconds_since(before) >= 50 && milliseconds_since(before) < 3000);
    /* those that it holds are good, in their order */
    for (unsigned i = 0; i < full.count; i++)
        EXPECT(say(full.held[i], i & 1 ? "odd." : "even", SOON) == 4);
    for (unsigned i = 0; i < full.count; i++) {
        EXPECT(stack_accept(full.listener, &accepted[i], SOON) == 0);
        EXPECT(hears(accepted[i], i & 1 ? "odd." : "even"));
    }
    /* and there is place again: for one that gave up but whose connection came about on the way, or for a new one */
    EXPECT(stack_connect(&flow, &full.at, SOON) == 0);
    stack_close(flow);
    for (unsigned i = 0; i < full.count; i++)
        stack_close(accepted[i]);
    full_close(&full);
    return NULL;
}

static const char *the_default_backlog_holds_a_hundred(int family)
{
    enum { COUNT = 100 };
    struct endpoint at = loopback(family);
    struct stack_listener *listener;
    struct stack_flow *clients[COUNT], *server;
    EXPECT(stack_listen(&listener, &at, 0) == 0 && stack_listener_local(listener, &at) == 0);
    for (unsigned i = 0; i < COUNT; i++)
        EXPECT(stack_connect(&clients[i], &at, in_milliseconds(900)) == 0); /* less than a retransmission takes */
    for (unsigned i = 0; i < COUNT; i++) {
        EXPECT(stack_accept(listener, &server, SOON) == 0);
        stack_close(server);
    }
    for (unsigned i = 0; i < COUNT; i++)
        stack_close(clients[i]);
    stack_unlisten(listener);
    return NULL;
}

const struct check opening_checks[] = {
    CHECK(connects_and_echoes),
    CHECK(any_address_takes_both_families),
    CHECK(an_unspecified_address_takes_its_family),
    CHECK(a_port_is_taken_once),
    CHECK(port_zero_is_a_free_one),
    CHECK(local_ports_differ),
    CHECK(a_port_is_free_right_after_close),
    CHECK(nobody_listening_refuses),
    CHECK(a_foreign_address_is_not_available),
    CHECK(no_address_is_no_peer),
    CHECK(a_black_hole_takes_no_longer_than_the_deadline),
    CHECK(a_full_backlog_keeps_others_waiting),
    CHECK(the_default_backlog_holds_a_hundred),
    {},
};
