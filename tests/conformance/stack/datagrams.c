/* datagrams.c - UDP: whole or not at all, from whom, to whom, how long. */
#include "conformance.h"

struct two {
    struct stack_udp *a, *b;
    struct endpoint a_at, b_at;
};

static const char *two_open(struct two *t, int family)
{
    t->a_at = t->b_at = loopback(family);
    EXPECT(stack_udp_open(&t->a, &t->a_at) == 0 && stack_udp_local(t->a, &t->a_at) == 0 && t->a_at.port != 0);
    EXPECT(stack_udp_open(&t->b, &t->b_at) == 0 && stack_udp_local(t->b, &t->b_at) == 0);
    EXPECT(t->a_at.port != t->b_at.port);
    return NULL;
}

static void two_close(struct two *t)
{
    stack_udp_close(t->a);
    stack_udp_close(t->b);
}

static const char *datagrams_come_and_go(int family)
{
    struct two t;
    struct endpoint from;
    char buffer[2000];
    PASS(two_open(&t, family));
    int64_t before = clock_now();
    EXPECT(stack_udp_receive(t.b, buffer, sizeof buffer, &from, A_MOMENT) == -ETIMEDOUT);
    EXPECT(milliseconds_since(before) < 2000);
    EXPECT(stack_udp_receive(t.b, buffer, sizeof buffer, &from, DEADLINE_NOW) == -ETIMEDOUT);
    EXPECT(stack_udp_send(t.a, &t.b_at, VIEW("ping"), SOON) == 0);
    EXPECT(stack_udp_send(t.a, &t.b_at, VIEW(""), SOON) == 0);
    EXPECT(stack_udp_receive(t.b, buffer, sizeof buffer, &from, SOON) == 4 && memcmp(buffer, "ping", 4) == 0);
    EXPECT(endpoint_equal(&from, &t.a_at));
    EXPECT(stack_udp_receive(t.b, buffer, sizeof buffer, NULL, SOON) == 0);
    EXPECT(stack_udp_send(t.b, &from, VIEW("pong"), DEADLINE_NOW) == 0);
    EXPECT(stack_udp_receive(t.a, buffer, sizeof buffer, &from, SOON) == 4 && memcmp(buffer, "pong", 4) == 0);
    EXPECT(endpoint_equal(&from, &t.b_at));
    two_close(&t);
    return NULL;
}

/* What does not fit is lost, the size is told, and the next datagram is whole. */
static const char *a_small_buffer_takes_the_beginning(int family)
{
    struct two t;
    char large[1400], buffer[100];
    PASS(two_open(&t, family));
    fill(large, sizeof large, 0);
    for (size_t room = 0; room <= 100; room += 50) {
        EXPECT(stack_udp_send(t.a, &t.b_at, (struct view){large, sizeof large}, SOON) == 0);
        EXPECT(stack_udp_send(t.a, &t.b_at, VIEW("next"), SOON) == 0);
        memset(buffer, 0, sizeof buffer);
        EXPECT(stack_udp_receive(t.b, buffer, room, NULL, SOON) == sizeof large);
        EXPECT(is_pattern(buffer, room, 0) && (room == sizeof buffer || buffer[room] == 0));
        EXPECT(stack_udp_receive(t.b, buffer, sizeof buffer, NULL, SOON) == 4 && memcmp(buffer, "next", 4) == 0);
    }
    two_close(&t);
    return NULL;
}

/*
 * What an Ethernet of 1500 bytes carries always goes; up to 65,507 bytes (the length fields of RFC 768 and RFC 791) either
 * it arrives whole or the sender is told, and then so for every longer one.
 */
static const char *sizes(int family)
{
    static const size_t tried[] = {0, 1, 2, 511, 512, 1232, 1451, 1452, 1453, 1471, 1472, 1473, 2000, 4000, 8192, 9000, 16000, 32768, 65506, 65507};
    enum { SURE = 1452 };
    static char data[70000], back[70000];
    struct two t;
    struct endpoint from;
    bool too_long = false;
    PASS(two_open(&t, family));
    for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++) {
        size_t size = tried[i];
        fill(data, size, size);
        int error = stack_udp_send(t.a, &t.b_at, (struct view){data, size}, SOON);
        memset(data, 0, size); /* it was borrowed only */
        EXPECT(error == 0 || (error == -EMSGSIZE && size > SURE));
        EXPECT(!too_long || error == -EMSGSIZE);
        too_long = error == -EMSGSIZE;
        if (too_long)
            continue;
        EXPECT(stack_udp_receive(t.b, back, sizeof back, &from, SOON) == (ptrdiff_t)size);
        EXPECT(is_pattern(back, size, size) && endpoint_equal(&from, &t.a_at));
    }
    EXPECT(stack_udp_send(t.a, &t.b_at, (struct view){data, 65536}, SOON) == -EMSGSIZE);
    EXPECT(stack_udp_send(t.a, &t.b_at, (struct view){data, sizeof data}, SOON) == -EMSGSIZE);
    EXPECT(family == IP_V6 || stack_udp_send(t.a, &t.b_at, (struct view){data, 65508}, SOON) == -EMSGSIZE);
    two_close(&t);
    return NULL;
}

static const char *datagrams_to_any_address(int family)
{
    struct endpoint any = {0}, mine = loopback(family), to = loopback(family), from, at;
    struct stack_udp *server, *client;
    char buffer[16];
    EXPECT(stack_udp_open(&server, &any) == 0 && stack_udp_local(server, &at) == 0);
    EXPECT(stack_udp_open(&client, &mine) == 0 && stack_udp_local(client, &mine) == 0);
    to.port = at.port;
    EXPECT(stack_udp_send(client, &to, VIEW("x"), SOON) == 0);
    EXPECT(stack_udp_receive(server, buffer, sizeof buffer, &from, SOON) == 1);
    EXPECT(endpoint_equal(&from, &mine)); /* IPv4 as IPv4 */
    EXPECT(stack_udp_send(server, &from, VIEW("yz"), SOON) == 0);
    EXPECT(stack_udp_receive(client, buffer, sizeof buffer, &from, SOON) == 2);
    EXPECT(endpoint_equal(&from, &to));
    stack_udp_close(server);
    stack_udp_close(client);
    return NULL;
}

static const char *a_udp_port_is_taken_once(int family)
{
    struct endpoint at = loopback(family);
    struct stack_udp *first, *second;
    struct stack_listener *listener;
    /* TCP's ports are others */
    EXPECT(stack_listen(&listener, &at, 0) == 0 && stack_listener_local(listener, &at) == 0);
    EXPECT(stack_udp_open(&first, &at) == 0);
    EXPECT(stack_udp_open(&second, &at) == -EADDRINUSE);
    stack_unlisten(listener);
    stack_udp_close(first);
    EXPECT(stack_udp_open(&second, &at) == 0);
    stack_udp_close(second);
    return NULL;
}

/* A port where nobody is: a later send may say so, and the socket serves others as before. */
static const char *datagrams_to_a_closed_port(int family)
{
    struct two t;
    char byte;
    PASS(two_open(&t, family));
    struct endpoint closed = t.b_at;
    stack_udp_close(t.b);
    unsigned refused = 0;
    for (int i = 0; i < 20; i++) {
        int error = stack_udp_send(t.a, &closed, VIEW("x"), SOON);
        EXPECT(error == 0 || error == -ECONNREFUSED);
        refused += error != 0;
        EXPECT(task_sleep(in_milliseconds(1)) == 0);
    }
    EXPECT(refused <= 10); /* it is told of an earlier one, and once for each */
    ptrdiff_t got = stack_udp_receive(t.a, &byte, 1, NULL, A_MOMENT);
    EXPECT(got == -ETIMEDOUT || got == -ECONNREFUSED);
    int error = stack_udp_send(t.a, &t.a_at, VIEW("y"), SOON);
    EXPECT(error == 0 || (error == -ECONNREFUSED && stack_udp_send(t.a, &t.a_at, VIEW("y"), SOON) == 0));
    EXPECT(stack_udp_receive(t.a, &byte, 1, NULL, SOON) == 1 && byte == 'y');
    stack_udp_close(t.a);
    return NULL;
}

static const char *the_other_family_is_refused(int family)
{
    struct two t;
    struct endpoint other = loopback(family == IP_V4 ? IP_V6 : IP_V4), nowhere = {.port = 7};
    other.port = 7;
    PASS(two_open(&t, family));
    EXPECT(stack_udp_send(t.a, &nowhere, VIEW("x"), SOON) == -EAFNOSUPPORT);
    EXPECT(stack_udp_send(t.a, &other, VIEW("x"), SOON) == -EAFNOSUPPORT);
    two_close(&t);
    return NULL;
}

/* Nobody reads: some are lost, nobody waits for ever, and those that arrive are whole and in order. */
static const char *a_flood_loses_only_whole_datagrams(int family)
{
    enum { COUNT = 5000, SIZE = 1000 };
    struct two t;
    char data[SIZE];
    unsigned received = 0, next = 0, number;
    ptrdiff_t got;
    PASS(two_open(&t, family));
    for (unsigned i = 0; i < COUNT; i++) {
        fill(data, sizeof data, i);
        memcpy(data, &i, sizeof i);
        int error = stack_udp_send(t.a, &t.b_at, (struct view){data, sizeof data}, A_MOMENT);
        EXPECT(error == 0 || error == -ETIMEDOUT || error == -ENOMEM);
    }
    while ((got = stack_udp_receive(t.b, data, sizeof data, NULL, in_milliseconds(50))) >= 0) {
        memcpy(&number, data, sizeof number);
        EXPECT(got == SIZE && number >= next && number < COUNT);
        EXPECT(is_pattern(data + sizeof number, sizeof data - sizeof number, number + sizeof number));
        next = number + 1;
        received++;
    }
    EXPECT(got == -ETIMEDOUT && received > 0);
    EXPECT(stack_udp_send(t.a, &t.b_at, VIEW("after"), SOON) == 0);
    EXPECT(stack_udp_receive(t.b, data, sizeof data, NULL, SOON) == 5);
    two_close(&t);
    return NULL;
}

static bool enough;

static void talk_to_itself(void *udp)
{
    struct endpoint self;
    char byte;
    if (stack_udp_local(udp, &self) == 0)
        while (!enough && stack_udp_send(udp, &self, VIEW("x"), SOON) == 0)
            if (stack_udp_receive(udp, &byte, 1, NULL, SOON) != 1)
                break;
}

static const char *a_busy_task_lets_others_run(int family)
{
    struct endpoint at = loopback(family);
    struct stack_udp *udp;
    struct task *task;
    EXPECT(stack_udp_open(&udp, &at) == 0);
    enough = false;
    EXPECT(task_spawn(&task, 0, talk_to_itself, udp) == 0);
    EXPECT(task_sleep(in_milliseconds(10)) == 0);
    EXPECT(task_join(task, DEADLINE_NOW) == -ETIMEDOUT); /* it is still at it */
    EXPECT(task_sleep(in_milliseconds(10)) == 0);
    enough = true;
    EXPECT(task_join(task, SOON) == 0);
    stack_udp_close(udp);
    return NULL;
}

const struct check datagram_checks[] = {
    CHECK(datagrams_come_and_go),
    CHECK(a_small_buffer_takes_the_beginning),
    CHECK(sizes),
    CHECK(datagrams_to_any_address),
    CHECK(a_udp_port_is_taken_once),
    CHECK(datagrams_to_a_closed_port),
    CHECK(the_other_family_is_refused),
    CHECK(a_flood_loses_only_whole_datagrams),
    CHECK(a_busy_task_lets_others_run),
    {},
};
