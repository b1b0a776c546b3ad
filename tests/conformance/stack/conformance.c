/*
 * conformance.c - what every implementation of the signature stack must do.
 *
 * A unikernel over stack, task and clock.  It prints a line per check and family and "N passed, N failed" at the end, and
 * returns 1 if any failed.  `--only=TEXT` runs the checks whose name contains the text.
 */
#include "conformance.h"

#include <stdio.h>

int conformance_main(void);

const char *wrong_at(const char *text)
{
    task_end_children(DEADLINE_NOW);
    return text;
}

/* ---- time ---- */

int64_t in_milliseconds(int64_t n)
{
    return deadline_after(clock_now(), n * NANOSECONDS_PER_MILLISECOND);
}

int64_t milliseconds_since(int64_t before)
{
    return (clock_now() - before) / NANOSECONDS_PER_MILLISECOND;
}

/* ---- connections ---- */

struct endpoint loopback(int family)
{
    static const uint8_t v6[16] = {[15] = 1};
    return (struct endpoint){.address = family == IP_V4 ? ip_v4(127, 0, 0, 1) : ip_v6(v6)};
}

const char *pair_connect(struct pair *pair)
{
    struct call connect = {.what = CALL_CONNECT, .to = pair->at, .deadline = SOON};
    PASS(call_begin(&connect));
    EXPECT(stack_accept(pair->listener, &pair->server, SOON) == 0);
    PASS(call_end(&connect));
    EXPECT(connect.result == 0);
    pair->client = connect.flow;
    return NULL;
}

const char *pair_open(struct pair *pair, int family)
{
    struct endpoint at = loopback(family);
    EXPECT(stack_listen(&pair->listener, &at, 0) == 0);
    EXPECT(stack_listener_local(pair->listener, &pair->at) == 0);
    EXPECT(pair->at.port != 0 && ip_equal(&pair->at.address, &at.address));
    return pair_connect(pair);
}

void pair_close(struct pair *pair)
{
    if (pair->client)
        stack_close(pair->client);
    if (pair->server)
        stack_close(pair->server);
    stack_unlisten(pair->listener);
}

const char *full_open(struct full *full, int family)
{
    *full = (struct full){.at = loopback(family)};
    EXPECT(stack_listen(&full->listener, &full->at, 1) == 0);
    EXPECT(stack_listener_local(full->listener, &full->at) == 0);
    for (;;) {
        int error = stack_connect(&full->held[full->count], &full->at, in_milliseconds(200));
        if (error == -ETIMEDOUT)
            return NULL;
        EXPECT(error == 0);
        EXPECT(++full->count < sizeof full->held / sizeof full->held[0]); /* a backlog of one is not that long */
    }
}

void full_close(struct full *full)
{
    stack_unlisten(full->listener);
    for (unsigned i = 0; i < full->count; i++)
        stack_close(full->held[i]);
}

ptrdiff_t say(struct stack_flow *flow, const char *text, int64_t deadline)
{
    struct view view = view_of(text);
    return stack_write(flow, &view, 1, deadline);
}

size_t hear(struct stack_flow *flow, void *buffer, size_t size)
{
    size_t at = 0;
    while (at < size) {
        ptrdiff_t got = stack_read(flow, (char *)buffer + at, size - at, SOON);
        if (got <= 0)
            break;
        at += (size_t)got;
    }
    return at;
}

bool hears(struct stack_flow *flow, const char *text)
{
    char buffer[256];
    size_t size = strlen(text);
    return hear(flow, buffer, size) == size && memcmp(buffer, text, size) == 0;
}

/* ---- data ---- */

void fill(char *buffer, size_t size, uint64_t at)
{
    for (size_t i = 0; i < size; i++)
        buffer[i] = pattern(at + i);
}

bool is_pattern(const char *buffer, size_t size, uint64_t at)
{
    unsigned different = 0;
    for (size_t i = 0; i < size; i++)
        different |= (unsigned char)(buffer[i] ^ pattern(at + i));
    return different == 0;
}

/* ---- calls ---- */

static ptrdiff_t write_much(struct call *call)
{
    enum { PIECE = 1 << 20, PIECES = 256 };
    static char data[PIECE];
    static struct view views[PIECES];
    for (unsigned i = 0; i < PIECES; i++)
        views[i] = (struct view){data, sizeof data};
    fill(data, sizeof data, 0);
    return stack_write(call->object, views, PIECES, call->deadline);
}

ptrdiff_t call_make(struct call *call)
{
    switch (call->what) {
    case CALL_READ:
        return stack_read(call->object, call->buffer, sizeof call->buffer, call->deadline);
    case CALL_WRITE:
        return write_much(call);
    case CALL_ACCEPT:
        return stack_accept(call->object, &call->flow, call->deadline);
    case CALL_CONNECT:
        return stack_connect(&call->flow, &call->to, call->deadline);
    case CALL_RECEIVE:
        return stack_udp_receive(call->object, call->buffer, sizeof call->buffer, NULL, call->deadline);
    case CALLS:
        break;
    }
    return -EINVAL;
}

static void call_run(void *argument)
{
    struct call *call = argument;
    call->result = call_make(call);
}

const char *call_begin(struct call *call)
{
    call->result = WAITING;
    EXPECT(task_spawn(&call->task, 0, call_run, call) == 0);
    EXPECT(call->what == CALL_CONNECT || task_sleep(in_milliseconds(5)) == 0);
    return NULL;
}

const char *call_end(struct call *call)
{
    EXPECT(task_join(call->task, SOON) == 0);
    return NULL;
}

/* ---- all of it ---- */

static const struct check *const subjects[] = {
    opening_checks, ending_checks, waiting_checks, stopping_checks, transfer_checks, many_checks, datagram_checks, configuration_checks,
};

static bool holds(const struct check *check, int family)
{
    int64_t before = clock_now();
    const char *wrong = check->run(family);
    task_end_children(DEADLINE_NOW);
    printf("%s %s ipv%d (%d ms)%s%s\n", wrong ? "not ok" : "ok", check->name, family, (int)milliseconds_since(before),
           wrong ? ": " : "", wrong ? wrong : "");
    fflush(stdout);
    return !wrong;
}

int conformance_main(void)
{
    static const int families[] = {IP_V4, IP_V6};
    int passed = 0, failed = 0;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        for (const struct check *check = subjects[i]; check->name; check++)
            for (size_t f = 0; f < 2 && strstr(check->name, KEY_ONLY); f++)
                *(holds(check, families[f]) ? &passed : &failed) += 1;
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
