/* transfer.c - bytes arrive all, once and in order: little, much, slowly, both ways, through a full window. */
#include "conformance.h"

/* ---- a full window ---- */

/* The writer is told exactly how much was taken; no more and no less arrives. */
static const char *back_pressure(int family)
{
    enum { PIECE = 65536 };
    static char data[PIECE], back[PIECE];
    struct pair p;
    uint64_t written = 0, read = 0;
    PASS(pair_open(&p, family));
    /* nobody reads: writing must stop, with a bounded amount taken */
    for (;;) {
        fill(data, sizeof data, written);
        struct view views[] = {{data, 1}, {data + 1, 30000}, {data + 30001, sizeof data - 30001}};
        ptrdiff_t put = stack_write(p.client, views, 3, in_milliseconds(50));
        if (put == -ETIMEDOUT)
            break;
        EXPECT(put > 0);
        written += (uint64_t)put;
        EXPECT(written < 256 * 1024 * 1024);
    }
    EXPECT(written > 0);
    EXPECT(task_sleep(in_milliseconds(300)) == 0); /* the window stays closed for a while */
    /* and goes on when somebody does */
    while (read < written) {
        ptrdiff_t got = stack_read(p.server, back, sizeof back, SOON);
        EXPECT(got > 0 && is_pattern(back, (size_t)got, read));
        read += (uint64_t)got;
    }
    EXPECT(read == written);
    EXPECT(stack_read(p.server, back, sizeof back, in_milliseconds(50)) == -ETIMEDOUT);
    EXPECT(say(p.client, "more", SOON) == 4);
    EXPECT(hears(p.server, "more"));
    pair_close(&p);
    return NULL;
}

/* A writer that waits for the window goes on as soon as there is room. */
static const char *a_reader_lets_the_writer_go_on(int family)
{
    static char back[100000];
    struct pair p;
    uint64_t read = 0;
    PASS(pair_open(&p, family));
    struct call write = {.what = CALL_WRITE, .object = p.client, .deadline = DEADLINE_NEVER};
    PASS(call_begin(&write));
    EXPECT(task_sleep(in_milliseconds(100)) == 0);
    for (int i = 0; i < 200; i++) {
        ptrdiff_t got = stack_read(p.server, back, sizeof back, in_milliseconds(2000));
        EXPECT(got > 0);
        read += (uint64_t)got;
    }
    task_cancel(write.task);
    PASS(call_end(&write));
    EXPECT(write.result >= (ptrdiff_t)read);
    EXPECT(stack_shutdown(p.client) == 0);
    for (ptrdiff_t got; (got = stack_read(p.server, back, sizeof back, SOON)) != 0; read += (uint64_t)got)
        EXPECT(got > 0);
    EXPECT((ptrdiff_t)read == write.result);
    pair_close(&p);
    return NULL;
}

/* ---- transfers ---- */

struct sending {
    struct stack_flow *flow;
    uint64_t size;
    size_t piece;
    struct task *task;
    bool failed;
};

static void sending_run(void *argument)
{
    struct sending *s = argument;
    char *data = malloc(s->piece);
    uint64_t at = 0;
    while (data && at < s->size && !s->failed) {
        size_t size = s->size - at < s->piece ? (size_t)(s->size - at) : s->piece;
        fill(data, size, at);
        /* as three views, one of them perhaps empty */
        struct view views[] = {{data, size / 3}, {data + size / 3, size / 3}, {data + size / 3 * 2, size - size / 3 * 2}};
        s->failed = stack_write(s->flow, views, 3, SOON) != (ptrdiff_t)size;
        at += size;
    }
    s->failed |= !data || stack_shutdown(s->flow) != 0;
    free(data);
}

/* Reads to the end: whether it was so much of the pattern. */
static bool receives(struct stack_flow *flow, uint64_t size, size_t piece)
{
    char *buffer = malloc(piece);
    uint64_t at = 0;
    ptrdiff_t got = -ENOMEM;
    while (buffer && (got = stack_read(flow, buffer, piece, SOON)) > 0 && is_pattern(buffer, (size_t)got, at))
        at += (uint64_t)got;
    free(buffer);
    return got == 0 && at == size;
}

/* `size` one way while `back` goes the other. */
static const char *transfer(int family, uint64_t size, uint64_t back, size_t piece, size_t reading)
{
    struct pair p;
    PASS(pair_open(&p, family));
    struct sending up = {.flow = p.client, .size = size, .piece = piece};
    struct sending down = {.flow = p.server, .size = back, .piece = piece};
    EXPECT(task_spawn(&up.task, 0, sending_run, &up) == 0 && task_spawn(&down.task, 0, sending_run, &down) == 0);
    EXPECT(receives(p.server, size, reading));
    EXPECT(receives(p.client, back, reading));
    EXPECT(task_join(up.task, SOON) == 0 && !up.failed);
    EXPECT(task_join(down.task, SOON) == 0 && !down.failed);
    pair_close(&p);
    return NULL;
}

static const char *a_large_transfer(int family)
{
    uint64_t size = (uint64_t)KEY_MEGABYTES * 1000000;
    return transfer(family, size, 100000, 50000, 70001);
}

static const char *one_byte_writes(int family)
{
    return transfer(family, 10000, 10000, 1, 333);
}

static const char *one_byte_reads(int family)
{
    return transfer(family, 100000, 1000, 50000, 1);
}

static const char *odd_sizes(int family)
{
    static const size_t pieces[] = {2, 535, 536, 537, 1219, 1220, 1221, 1439, 1440, 1459, 1460, 1461, 4095, 65535, 65537, 200003};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        PASS(transfer(family, pieces[i] * 7 + 1, pieces[i] * 3, pieces[i], 40009));
    return NULL;
}

static void receiving_run(void *argument)
{
    struct sending *s = argument;
    s->failed = !receives(s->flow, s->size, 30000);
}

static const char *transfers_side_by_side(int family)
{
    enum { COUNT = 20, SIZE = 500000 };
    static struct sending out[COUNT], in[COUNT];
    struct pair p;
    PASS(pair_open(&p, family));
    struct stack_flow *first = p.client, *first_server = p.server;
    for (unsigned i = 0; i < COUNT; i++) {
        PASS(pair_connect(&p));
        out[i] = (struct sending){.flow = p.client, .size = SIZE + i, .piece = 1000 + i * 1000};
        in[i] = (struct sending){.flow = p.server, .size = SIZE + i};
        EXPECT(task_spawn(&out[i].task, 0, sending_run, &out[i]) == 0);
        EXPECT(task_spawn(&in[i].task, 0, receiving_run, &in[i]) == 0);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        EXPECT(task_join(out[i].task, SOON) == 0 && !out[i].failed);
        EXPECT(task_join(in[i].task, SOON) == 0 && !in[i].failed);
        stack_close(out[i].flow);
        stack_close(in[i].flow);
    }
    p.client = first;
    p.server = first_server;
    pair_close(&p);
    return NULL;
}

/* ---- small writes ---- */

/*
 * Two writes and one answer, over and over: a stack that holds the second back until the first is acknowledged
 * (RFC 9293, 3.7.4) adds the peer's delayed acknowledgement to each, 40 ms and more.
 */
static const char *small_writes_are_not_held_back(int family)
{
    enum { ROUNDS = 100, MOST = 2000 };
    struct pair p;
    PASS(pair_open(&p, family));
    int64_t before = clock_now();
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT(say(p.client, "a", SOON) == 1 && say(p.client, "b", SOON) == 1);
        EXPECT(hears(p.server, "ab"));
        EXPECT(say(p.server, "c", SOON) == 1);
        EXPECT(hears(p.client, "c"));
    }
    EXPECT(milliseconds_since(before) < MOST);
    pair_close(&p);
    return NULL;
}

static const char *many_views_in_one_write(int family)
{
    enum { COUNT = 3000 };
    static struct view views[COUNT];
    static char data[COUNT], back[COUNT];
    struct pair p;
    size_t size = 0;
    PASS(pair_open(&p, family));
    fill(data, sizeof data, 0);
    for (unsigned i = 0; i < COUNT; i++) {
        size_t piece = i % 3 == 2 ? 0 : i % 2 + 1;
        piece = size + piece > COUNT ? 0 : piece;
        views[i] = (struct view){data + size, piece};
        size += piece;
    }
    EXPECT(stack_write(p.client, views, COUNT, SOON) == (ptrdiff_t)size);
    EXPECT(hear(p.server, back, size) == size && memcmp(back, data, size) == 0);
    pair_close(&p);
    return NULL;
}

/* A buffer is the caller's again when the call returns, wherever it lies, also if the peer reads much later. */
static const char *written_buffers_may_change_at_once(int family)
{
    enum { SIZE = 5000 };
    static const char constant[] = "written in the image, where it never changes";
    static char in_data[SIZE];
    char on_stack[SIZE], back[SIZE], *on_heap = malloc(SIZE), *buffers[] = {in_data, on_stack, on_heap};
    struct pair p;
    EXPECT(on_heap);
    PASS(pair_open(&p, family));
    for (unsigned i = 0; i < 3; i++) {
        fill(buffers[i], SIZE, i);
        struct view views[] = {{constant, sizeof constant}, {buffers[i], SIZE}};
        EXPECT(stack_write(p.client, views, 2, SOON) == (ptrdiff_t)sizeof constant + SIZE);
        memset(buffers[i], 'X', SIZE);
        if (i == 2)
            free(on_heap);
        EXPECT(hear(p.server, back, sizeof constant) == sizeof constant && memcmp(back, constant, sizeof constant) == 0);
        EXPECT(hear(p.server, back, SIZE) == SIZE && is_pattern(back, SIZE, i));
    }
    pair_close(&p);
    return NULL;
}

const struct check transfer_checks[] = {
    CHECK(back_pressure),
    CHECK(a_reader_lets_the_writer_go_on),
    CHECK(a_large_transfer),
    CHECK(one_byte_writes),
    CHECK(one_byte_reads),
    CHECK(odd_sizes),
    CHECK(transfers_side_by_side),
    CHECK(small_writes_are_not_held_back),
    CHECK(many_views_in_one_write),
    CHECK(written_buffers_may_change_at_once),
    {},
};
