/*
 * runtime_dns.c - the resolver over the host's stack, with name servers that are tasks of the test.
 *
 * Two servers on two loopback addresses and one port. What a server does is said by the first label of
 * the name that it is asked for; whatever it does, it counts the queries.
 */
#include "instances.h"

#include "dns.h"
#include "random.h"
#include "stack.h"
#include "stack_host.h"

int console_posix_start(void);
void console_posix_stop(void);
int random_posix_start(void);

enum { TIMEOUT = 300, TRIES = 2 }; /* as in keys.h */

const char *test_dns_servers[10], *test_dns_hosts[10];
int test_log_level = -1; /* what is wrong with a key is said, and not shown here */
size_t test_dns_server_count, test_dns_host_count;
uint16_t test_dns_port;

/* ---- what the stack knows of name servers ---- */

static struct stack_configuration configured;
static int until_servers, until_address; /* so many waits until the first of them is known; 0: for good */
static bool ready = true; /* all addresses are there */

int stack_configuration(struct stack_configuration *now)
{
    *now = configured;
    return 0;
}

int stack_ready(int64_t deadline)
{
    if (ready)
        return 0;
    int error = deadline == DEADLINE_NOW ? 0 : task_sleep(deadline);
    if (deadline != DEADLINE_NOW && until_servers > 0 && --until_servers == 0)
        configured.server_count = 1;
    if (deadline != DEADLINE_NOW && until_address > 0 && --until_address == 0)
        configured.address_count = 1;
    return error ? error : -ETIMEDOUT;
}

/* ---- servers ---- */

struct server {
    struct stack_udp *udp, *stranger;
    struct stack_listener *listener;
    unsigned asked, asked_a, asked_aaaa, plain, tcp;
    bool silent, refuses;
    int64_t delay;
    uint16_t ports[64];
} servers[2];

struct message {
    uint8_t bytes[4000];
    size_t size;
};

static void put(struct message *m, const void *bytes, size_t size)
{
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void put_number(struct message *m, unsigned bytes, uint32_t number)
{
    while (bytes-- > 0)
        m->bytes[m->size++] = (uint8_t)(number >> 8 * bytes);
}

/* A query's first label, type, and where its question ends. */
struct query {
    const uint8_t *bytes;
    size_t size, end;
    char label[64];
    unsigned type;
};

static struct query parse(const uint8_t *bytes, size_t size)
{
    struct query q = {.bytes = bytes, .size = size, .end = 12};
    memcpy(q.label, bytes + 13, bytes[12] & 63);
    while (bytes[q.end])
        q.end += 1u + bytes[q.end];
    q.end += 5;
    q.type = bytes[q.end - 3];
    return q;
}

/* Header and question, with so many records to come. */
static struct message begin(const struct query *q, unsigned flags, unsigned answers, unsigned authorities)
{
    struct message m = {};
    put(&m, q->bytes, 2);
    put_number(&m, 2, 0x8180 | flags);
    put_number(&m, 2, 1);
    put_number(&m, 2, answers);
    put_number(&m, 2, authorities);
    put_number(&m, 2, 0);
    put(&m, q->bytes + 12, q->end - 12);
    return m;
}

static void put_address(struct message *m, unsigned type, uint32_t ttl, unsigned last)
{
    static const uint8_t v4[4] = {192, 0, 2}, v6[16] = {0x20, 1, 0xd, 0xb8};
    put_number(m, 2, 0xc00c);
    put_number(m, 2, type);
    put_number(m, 2, 1);
    put_number(m, 4, ttl);
    put_number(m, 2, type == 1 ? 4 : 16);
    put(m, type == 1 ? v4 : v6, type == 1 ? 4 : 16);
    m->bytes[m->size - 1] = (uint8_t)last;
}

static void put_alias(struct message *m, const char *label)
{
    put_number(m, 2, 0xc00c);
    put_number(m, 2, 5);
    put_number(m, 2, 1);
    put_number(m, 4, 100);
    put_number(m, 2, (uint32_t)strlen(label) + 1 + 6);
    put_number(m, 1, (uint32_t)strlen(label));
    put(m, label, strlen(label));
    put(m, "\4test", 6);
}

static void put_soa(struct message *m, uint32_t ttl)
{
    put(m, "\4test", 6);
    put_number(m, 2, 6);
    put_number(m, 2, 1);
    put_number(m, 4, ttl);
    put_number(m, 2, 22);
    put_number(m, 2, 0);
    for (int i = 0; i < 5; i++)
        put_number(m, 4, ttl);
}

static struct message address_message(const struct query *q, uint32_t ttl, unsigned last)
{
    struct message m = begin(q, 0, 1, 0);
    put_address(&m, q->type, ttl, last);
    return m;
}

static struct message alias_message(const struct query *q, const char *label)
{
    struct message m = begin(q, 0, 1, 0);
    put_alias(&m, label);
    return m;
}

static struct message nothing_message(const struct query *q, unsigned code, uint32_t ttl)
{
    struct message m = begin(q, code, 0, 1);
    put_soa(&m, ttl);
    return m;
}

static bool is(const struct query *q, const char *label)
{
    return strcmp(q->label, label) == 0;
}

/* size 0: no answer at all */
static struct message reply(const struct query *q, bool tcp)
{
    bool edns = q->size > q->end;
    if (is(q, "none"))
        return nothing_message(q, 3, 100);
    if (is(q, "v4") && q->type == 28)
        return nothing_message(q, 0, 100);
    if (is(q, "brief"))
        return address_message(q, 1, 1);
    if (is(q, "never"))
        return address_message(q, 0, 1);
    if ((is(q, "big") || is(q, "flood")) && !tcp)
        return begin(q, is(q, "big") ? 0x200 : 2, 0, 0);
    if (is(q, "alias"))
        return alias_message(q, "plain");
    if (is(q, "ping") || is(q, "pong"))
        return alias_message(q, is(q, "ping") ? "pong" : "ping");
    if (is(q, "fail") || (is(q, "half") && q->type == 28))
        return begin(q, 2, 0, 0);
    if (is(q, "old") && edns)
        return begin(q, 1, 0, 0);
    if (is(q, "silent") || (is(q, "mute") && q->type == 28))
        return (struct message){};
    if (is(q, "garbage")) {
        struct message m = begin(q, 0, 1, 0);
        put_number(&m, 2, 0xffff);
        return m;
    }
    return address_message(q, 100, tcp ? 2 : 1);
}

static void send(struct stack_udp *udp, const struct endpoint *to, const struct message *m)
{
    stack_udp_send(udp, to, (struct view){(const char *)m->bytes, m->size}, DEADLINE_NEVER);
}

/* Wrong answers before the right one: each would lead to address 66. */
static void lie(struct server *s, const struct endpoint *to, const struct query *q, int times)
{
    for (int i = 0; i < times; i++) {
        struct message id = address_message(q, 100, 66), name = id, type = id, port = id;
        id.bytes[1] ^= (uint8_t)(1 + i % 255);
        send(s->udp, to, &id);
        name.bytes[13] ^= 1;
        send(s->udp, to, &name);
        type.bytes[q->end - 3] = 16;
        send(s->udp, to, &type);
        send(s->stranger, to, &port);
    }
}

static void note(struct server *s, const struct query *q, const struct endpoint *from)
{
    if (from)
        s->ports[s->asked % 64] = from->port;
    s->asked++;
    s->asked_a += q->type == 1;
    s->asked_aaaa += q->type == 28;
    s->plain += q->size == q->end;
    s->tcp += !from;
}

static void serve_udp(void *argument)
{
    struct server *s = argument;
    uint8_t bytes[1000];
    struct endpoint from;
    ptrdiff_t size;
    while ((size = stack_udp_receive(s->udp, bytes, sizeof bytes, &from, DEADLINE_NEVER)) > 0) {
        struct query q = parse(bytes, (size_t)size);
        note(s, &q, &from);
        if (s->delay && task_sleep(in_milliseconds(s->delay)) < 0)
            return;
        if (is(&q, "lies") || is(&q, "flood"))
            lie(s, &from, &q, is(&q, "lies") ? 2 : 20);
        struct message m = s->refuses ? begin(&q, 5, 0, 0) : reply(&q, false);
        if (m.size > 0 && !s->silent && !is(&q, "flood"))
            send(s->udp, &from, &m);
    }
}

static void serve_tcp(void *argument)
{
    struct server *s = argument;
    struct stack_flow *flow;
    while (stack_accept(s->listener, &flow, DEADLINE_NEVER) == 0) {
        uint8_t bytes[1000];
        ptrdiff_t size = stack_read(flow, bytes, sizeof bytes, DEADLINE_NEVER);
        if (size > 14) {
            struct query q = parse(bytes + 2, (size_t)size - 2);
            note(s, &q, NULL);
            struct message m = reply(&q, true);
            uint8_t length[2] = {(uint8_t)(m.size >> 8), (uint8_t)m.size};
            struct view views[] = {{(char *)length, 1}, {(char *)length + 1, 1}, {(char *)m.bytes, m.size}};
            for (int i = 0; i < 3; i++)
                stack_write(flow, &views[i], 1, DEADLINE_NEVER);
        }
        stack_close(flow);
    }
}

static struct endpoint address_of_server(int i)
{
    return (struct endpoint){.address = ip_v4(127, 0, 0, (uint8_t)(i + 1)), .port = test_dns_port};
}

/* Both on one port, for datagrams and connections: tried until one is free. */
static int open_servers(void)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        uint16_t number;
        random_fill(&number, sizeof number);
        test_dns_port = 20000 + number % 10000;
        int failed = 0;
        for (int i = 0; i < 2 && !failed; i++) {
            struct endpoint at = address_of_server(i), any_port = {.address = at.address};
            servers[i] = (struct server){};
            failed = stack_udp_open(&servers[i].udp, &at) || stack_listen(&servers[i].listener, &at, 0) ||
                     stack_udp_open(&servers[i].stranger, &any_port);
        }
        if (!failed)
            return 0;
    }
    return -1;
}

static int start(void **state)
{
    test_dns_servers[0] = "127.0.0.1";
    test_dns_servers[1] = "127.0.0.2";
    test_dns_server_count = 2;
    test_dns_host_count = 0;
    configured = (struct stack_configuration){};
    until_servers = until_address = 0;
    ready = true;
    if (instances_start(state) || stack_host_start() || console_posix_start() || random_posix_start() || open_servers() || dns_start())
        return -1;
    for (int i = 0; i < 2; i++)
        if (task_spawn(NULL, 0, serve_udp, &servers[i]) || task_spawn(NULL, 0, serve_tcp, &servers[i]))
            return -1;
    return 0;
}

static int stop(void **state)
{
    dns_stop();
    for (int i = 0; i < 2; i++) {
        stack_udp_close(servers[i].udp);
        stack_udp_close(servers[i].stranger);
        stack_unlisten(servers[i].listener);
    }
    stack_host_stop();
    console_posix_stop();
    return instances_stop(state);
}

/* ---- asking ---- */

static int look_up(const char *name, int family, struct ip_address *addresses)
{
    return dns_lookup(view_of(name), family, addresses, 8, in_milliseconds(10000));
}

/* What is found, as text: "2001:db8::1 192.0.2.1", or the error. */
static const char *found(const char *name, int family)
{
    static char text[1000];
    struct ip_address addresses[8];
    int count = look_up(name, family, addresses);
    text[0] = '\0';
    if (count <= 0)
        snprintf(text, sizeof text, "error %d", -count);
    for (int i = 0; i < count; i++) {
        char one[IP_TEXT_SIZE];
        ip_format(one, &addresses[i]);
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %s" : "%s", one);
    }
    return text;
}

static const char *error_text(int error)
{
    static char text[100];
    snprintf(text, sizeof text, "error %d", error);
    return text;
}

#define BOTH "2001:db8::1 192.0.2.1"

static void names_have_addresses(void **state)
{
    (void)state;
    assert_string_equal(found("plain.test", IP_ANY), BOTH);
    assert_int_equal(servers[0].asked_a, 1);
    assert_int_equal(servers[0].asked_aaaa, 1);
    assert_int_equal(servers[0].ports[0], servers[0].ports[1]);
    assert_true(servers[0].ports[0] >= 32768);
    assert_string_equal(found("other.test", IP_V4), "192.0.2.1");
    assert_string_equal(found("third.test", IP_V6), "2001:db8::1");
    assert_string_equal(found("v4.test", IP_ANY), "192.0.2.1");
    assert_string_equal(found("v4.test", IP_V6), error_text(ENOENT));
    assert_int_equal(servers[1].asked, 0);
    struct ip_address one;
    assert_int_equal(dns_lookup(VIEW("plain.test"), IP_ANY, &one, 1, DEADLINE_NOW), 1);
    assert_int_equal(one.family, IP_V6);
}

static void some_names_need_no_server(void **state)
{
    (void)state;
    test_dns_hosts[0] = "printer.test=10.0.0.9";
    test_dns_hosts[1] = "Printer.Test=fd00::9";
    test_dns_hosts[2] = "printer.test=10.0.0.10";
    test_dns_hosts[3] = "v6.test=fd00::6";
    test_dns_host_count = 4;
    assert_string_equal(found("printer.test.", IP_ANY), "fd00::9 10.0.0.9 10.0.0.10");
    assert_string_equal(found("printer.test", IP_V6), "fd00::9");
    assert_string_equal(found("v6.test", IP_V4), error_text(ENOENT));
    assert_string_equal(found("localhost", IP_ANY), "::1 127.0.0.1");
    assert_string_equal(found("a.b.localhost.", IP_V4), "127.0.0.1");
    assert_string_equal(found("192.0.2.77", IP_ANY), "192.0.2.77");
    assert_string_equal(found("192.0.2.77", IP_V6), error_text(ENOENT));
    assert_string_equal(found("fe80::1%3", IP_V6), "fe80::1%3");
    assert_string_equal(found("", IP_ANY), error_text(EINVAL));
    assert_string_equal(found("no name", IP_ANY), error_text(EINVAL));
    assert_string_equal(found("1.2.3.400", IP_ANY), error_text(EINVAL));
    assert_int_equal(look_up("plain.test", 5, NULL), -EAFNOSUPPORT);
    assert_int_equal(servers[0].asked + servers[1].asked, 0);
}

static void keys_that_make_no_sense(void **state)
{
    (void)state;
    test_dns_hosts[0] = "printer.test";
    test_dns_host_count = 1;
    assert_int_equal(dns_start(), -EINVAL);
    test_dns_hosts[0] = "printer.test=10.0.0";
    assert_int_equal(dns_start(), -EINVAL);
    test_dns_host_count = 0;
    test_dns_servers[1] = "dns.test";
    assert_int_equal(dns_start(), -EINVAL);
    test_dns_server_count = 9;
    for (int i = 0; i < 9; i++)
        test_dns_servers[i] = "::1";
    assert_int_equal(dns_start(), -EINVAL);
    test_dns_server_count = 8;
    assert_int_equal(dns_start(), 0);
}

static void answers_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_string_equal(found("plain.test", IP_ANY), BOTH);
    assert_int_equal(servers[0].asked, 2);
    assert_string_equal(found("PLAIN.test.", IP_V4), "192.0.2.1");
    assert_int_equal(servers[0].asked, 2);
    for (int i = 0; i < 3; i++)
        assert_string_equal(found("none.test", IP_ANY), error_text(ENOENT));
    assert_int_equal(servers[0].asked, 4);
    assert_string_equal(found("v4.test", IP_V4), "192.0.2.1"); /* the other family is asked when somebody wants it */
    assert_string_equal(found("v4.test", IP_ANY), "192.0.2.1");
    assert_int_equal(servers[0].asked, 6);
    for (int i = 1; i <= 3; i++) {
        assert_string_equal(found("never.test", IP_V4), "192.0.2.1");
        assert_int_equal(servers[0].asked, 6 + i);
    }
    assert_string_equal(found("brief.test", IP_V4), "192.0.2.1");
    assert_string_equal(found("brief.test", IP_V4), "192.0.2.1");
    assert_int_equal(servers[0].asked, 10);
    task_sleep(in_milliseconds(1050));
    assert_string_equal(found("brief.test", IP_V4), "192.0.2.1");
    assert_int_equal(servers[0].asked, 11);
}

static void long_answers_come_over_tcp(void **state)
{
    (void)state;
    assert_string_equal(found("big.test", IP_ANY), "2001:db8::2 192.0.2.2");
    assert_int_equal(servers[0].tcp, 2);
    assert_int_equal(servers[0].asked, 4);
    assert_int_equal(servers[1].asked, 0);
}

static void aliases_are_followed(void **state)
{
    (void)state;
    assert_string_equal(found("alias.test", IP_ANY), BOTH);
    assert_int_equal(servers[0].asked, 4);
    assert_string_equal(found("alias.test", IP_ANY), BOTH);
    assert_int_equal(servers[0].asked, 4);
    assert_string_equal(found("ping.test", IP_V4), error_text(EIO));
    assert_true(servers[0].asked + servers[1].asked < 4 + 2 * 2 + 20);
}

static void a_silent_server_is_asked_last(void **state)
{
    (void)state;
    servers[0].silent = true;
    int64_t start = clock_now();
    assert_string_equal(found("plain.test", IP_ANY), BOTH);
    int64_t took = (clock_now() - start) / NANOSECONDS_PER_MILLISECOND;
    assert_true(took >= TIMEOUT && took < 3 * TIMEOUT);
    assert_int_equal(servers[0].asked, 2);
    assert_int_equal(servers[1].asked, 2);
    assert_string_equal(found("other.test", IP_ANY), BOTH);
    assert_int_equal(servers[0].asked, 2);
    assert_int_equal(servers[1].asked, 4);
    servers[1].silent = true;
    assert_string_equal(found("third.test", IP_V4), error_text(ETIMEDOUT));
    assert_int_equal(servers[0].asked, 2 + TRIES);
    assert_int_equal(servers[1].asked, 4 + TRIES);
}

static void useless_answers(void **state)
{
    (void)state;
    assert_string_equal(found("fail.test", IP_V4), error_text(EIO));
    assert_int_equal(servers[0].asked, TRIES);
    assert_int_equal(servers[1].asked, TRIES);
    assert_string_equal(found("garbage.test", IP_V4), error_text(EIO));
    servers[0].refuses = true;
    assert_string_equal(found("plain.test", IP_ANY), BOTH);
    /* one family is not to be had */
    servers[0].refuses = false;
    assert_string_equal(found("half.test", IP_ANY), "192.0.2.1");
    assert_string_equal(found("half.test", IP_V6), error_text(EIO));
    assert_string_equal(found("mute.test", IP_ANY), "192.0.2.1");
    assert_string_equal(found("mute.test", IP_V6), error_text(ETIMEDOUT));
}

static void a_server_without_edns(void **state)
{
    (void)state;
    assert_string_equal(found("old.test", IP_ANY), BOTH);
    assert_int_equal(servers[0].plain, 2);
    assert_int_equal(servers[0].asked, 4);
    assert_int_equal(servers[1].asked, 0);
    assert_string_equal(found("plain.test", IP_ANY), BOTH); /* it is remembered */
    assert_int_equal(servers[0].plain, 4);
    assert_int_equal(servers[0].asked, 6);
}

static void lies_are_not_believed(void **state)
{
    (void)state;
    assert_string_equal(found("lies.test", IP_ANY), BOTH);
    assert_int_equal(servers[0].asked, 2);
    assert_int_equal(servers[1].asked, 0);
    /* when there are many, somebody is guessing */
    assert_string_equal(found("flood.test", IP_V4), "192.0.2.2");
    assert_int_equal(servers[0].tcp, 1);
}

/* Of 40 look-ups neither ports nor ids repeat often; each has its own port. */
static void ports_differ(void **state)
{
    (void)state;
    unsigned same = 0;
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "n%d.test", i);
        assert_string_equal(found(name, IP_V4), "192.0.2.1");
    }
    for (int i = 0; i < 40; i++)
        for (int k = 0; k < i; k++)
            same += servers[0].ports[i] == servers[0].ports[k];
    assert_true(same <= 3);
}

/* ---- several tasks, deadlines ---- */

struct asker {
    const char *name;
    int64_t milliseconds;
    int result;
    struct ip_address addresses[8];
    struct task *task;
};

static void ask(void *argument)
{
    struct asker *a = argument;
    a->result = dns_lookup(view_of(a->name), IP_ANY, a->addresses, 8, in_milliseconds(a->milliseconds));
}

static void together(struct asker *askers, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(task_spawn(&askers[i].task, 0, ask, &askers[i]), 0);
}

static void join_all(struct asker *askers, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(task_join(askers[i].task, in_milliseconds(20000)), 0);
}

static void who_asks_the_same_shares_the_answer(void **state)
{
    (void)state;
    struct asker askers[30];
    servers[0].delay = 20;
    for (int i = 0; i < 30; i++)
        askers[i] = (struct asker){.name = i % 3 == 2 ? "none.test" : i % 3 ? "PLAIN.test" : "plain.test", .milliseconds = 10000};
    together(askers, 30);
    join_all(askers, 30);
    for (int i = 0; i < 30; i++)
        assert_int_equal(askers[i].result, i % 3 == 2 ? -ENOENT : 2);
    assert_int_equal(servers[0].asked, 4);
}

/* The one that asks gives up; another takes over; one that waits has had enough before. */
static void another_takes_over(void **state)
{
    (void)state;
    struct asker askers[] = {{.name = "plain.test", .milliseconds = 150}, {.name = "plain.test", .milliseconds = 10000},
                             {.name = "plain.test", .milliseconds = 50}, {.name = "plain.test", .milliseconds = 10000}};
    servers[0].delay = 250;
    together(askers, 4);
    join_all(askers, 4);
    assert_int_equal(askers[0].result, -ETIMEDOUT);
    assert_int_equal(askers[2].result, -ETIMEDOUT);
    assert_int_equal(askers[1].result, 2); /* from the other server: the first is still busy with what nobody waits for */
    assert_int_equal(askers[3].result, 2);
    assert_int_equal(servers[1].asked, 2);
}

/* One family is there when its time is up: that is enough for itself, not for who waits. */
static void half_an_answer_is_not_shared(void **state)
{
    (void)state;
    struct asker askers[] = {{.name = "plain.test", .milliseconds = 290}, {.name = "plain.test", .milliseconds = 10000}};
    servers[0].delay = 190;
    together(askers, 2);
    join_all(askers, 2);
    assert_int_equal(askers[0].result, 1);
    assert_int_equal(askers[1].result, 2);
    assert_int_equal(servers[0].asked, 3);
}

static void cancellation(void **state)
{
    (void)state;
    struct asker askers[] = {{.name = "silent.test", .milliseconds = 10000}, {.name = "silent.test", .milliseconds = 10000},
                             {.name = "plain.test", .milliseconds = 10000}};
    servers[0].delay = 30;
    together(askers, 3);
    task_sleep(in_milliseconds(10));
    task_cancel(askers[0].task);
    task_cancel(askers[2].task);
    task_sleep(in_milliseconds(10));
    assert_int_equal(askers[0].result, -ECANCELED);
    assert_int_equal(askers[2].result, -ECANCELED);
    task_cancel(askers[1].task);
    join_all(askers, 3);
    assert_int_equal(askers[1].result, -ECANCELED);
}

static void deadlines(void **state)
{
    (void)state;
    struct ip_address one;
    assert_int_equal(dns_lookup(VIEW("plain.test"), IP_ANY, &one, 1, DEADLINE_NOW), -ETIMEDOUT);
    int64_t start = clock_now();
    assert_int_equal(dns_lookup(VIEW("silent.test"), IP_ANY, &one, 1, in_milliseconds(100)), -ETIMEDOUT);
    int64_t took = (clock_now() - start) / NANOSECONDS_PER_MILLISECOND;
    assert_true(took >= 100 && took < TIMEOUT);
    assert_string_equal(found("plain.test", IP_ANY), BOTH);
    assert_int_equal(servers[1].asked, 0); /* a deadline says nothing of the server */
}

/* ---- servers that the stack knows ---- */

static void servers_of_the_stack(void **state)
{
    (void)state;
    test_dns_server_count = 0;
    assert_string_equal(found("plain.test", IP_V4), error_text(EHOSTUNREACH));
    configured.servers[0] = ip_v4(127, 0, 0, 1);
    configured.server_count = 1;
    assert_string_equal(found("plain.test", IP_V4), "192.0.2.1");
    assert_string_equal(found("plain.test", IP_V4), "192.0.2.1");
    assert_int_equal(servers[0].asked, 1);
    configured.servers[0] = ip_v4(127, 0, 0, 2); /* what is known holds until somebody asks, and then no more */
    assert_string_equal(found("plain.test", IP_V4), "192.0.2.1");
    assert_int_equal(servers[1].asked, 0);
    assert_string_equal(found("other.test", IP_V4), "192.0.2.1");
    assert_string_equal(found("plain.test", IP_V4), "192.0.2.1");
    assert_int_equal(servers[0].asked, 1);
    assert_int_equal(servers[1].asked, 2);
}

static int64_t milliseconds_since(int64_t start)
{
    return (clock_now() - start) / NANOSECONDS_PER_MILLISECOND;
}

/* Servers and an address are waited for, not longer than the caller wants, nor until all addresses are there. */
static void a_network_that_comes_up(void **state)
{
    (void)state;
    struct ip_address one;
    test_dns_server_count = 0;
    configured.servers[0] = configured.addresses[0] = ip_v4(127, 0, 0, 1);
    ready = false;
    int64_t start = clock_now();
    assert_int_equal(dns_lookup(VIEW("plain.test"), IP_V4, &one, 1, in_milliseconds(250)), -ETIMEDOUT);
    assert_in_range(milliseconds_since(start), 250, 2000);
    until_servers = 2;
    until_address = 8;
    start = clock_now();
    assert_string_equal(found("plain.test", IP_V4), "192.0.2.1");
    assert_in_range(milliseconds_since(start), TIMEOUT * TRIES + 1, 5000); /* waiting for the network costs no try */
    assert_int_equal(servers[0].asked, 1);
}

/* From an address of the other family nobody can ask, and from a link-local one only link-local servers. */
static void addresses_of_no_use(void **state)
{
    (void)state;
    static const uint8_t local[16] = {0xfe, 0x80, [15] = 1}, global[16] = {0x20, 1, [15] = 1};
    struct ip_address one;
    configured.address_count = 1;
    configured.addresses[0] = ip_v6(global);
    ready = false;
    assert_int_equal(dns_lookup(VIEW("plain.test"), IP_V4, &one, 1, in_milliseconds(150)), -ETIMEDOUT);
    configured.addresses[0] = ip_v4(127, 0, 0, 1);
    test_dns_servers[0] = test_dns_servers[1] = "2001::5";
    assert_int_equal(dns_lookup(VIEW("plain.test"), IP_V4, &one, 1, in_milliseconds(150)), -ETIMEDOUT);
    configured.addresses[0] = ip_v6(local);
    int64_t start = clock_now();
    assert_int_equal(dns_lookup(VIEW("plain.test"), IP_V4, &one, 1, in_milliseconds(150)), -ETIMEDOUT);
    assert_in_range(milliseconds_since(start), 150, 2000);
    assert_int_equal(servers[0].asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_have_addresses, start, stop),
        cmocka_unit_test_setup_teardown(some_names_need_no_server, start, stop),
        cmocka_unit_test_setup_teardown(keys_that_make_no_sense, start, stop),
        cmocka_unit_test_setup_teardown(answers_are_kept, start, stop),
        cmocka_unit_test_setup_teardown(long_answers_come_over_tcp, start, stop),
        cmocka_unit_test_setup_teardown(aliases_are_followed, start, stop),
        cmocka_unit_test_setup_teardown(a_silent_server_is_asked_last, start, stop),
        cmocka_unit_test_setup_teardown(useless_answers, start, stop),
        cmocka_unit_test_setup_teardown(a_server_without_edns, start, stop),
        cmocka_unit_test_setup_teardown(lies_are_not_believed, start, stop),
        cmocka_unit_test_setup_teardown(ports_differ, start, stop),
        cmocka_unit_test_setup_teardown(who_asks_the_same_shares_the_answer, start, stop),
        cmocka_unit_test_setup_teardown(another_takes_over, start, stop),
        cmocka_unit_test_setup_teardown(half_an_answer_is_not_shared, start, stop),
        cmocka_unit_test_setup_teardown(cancellation, start, stop),
        cmocka_unit_test_setup_teardown(deadlines, start, stop),
        cmocka_unit_test_setup_teardown(servers_of_the_stack, start, stop),
        cmocka_unit_test_setup_teardown(a_network_that_comes_up, start, stop),
        cmocka_unit_test_setup_teardown(addresses_of_no_use, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
