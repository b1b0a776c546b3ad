/* ukc-switch without hosts: what comes next, what happens to frames, the command line; and the hosts' random stream. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../targets/posix/switch/chance.h"
#include "../../targets/posix/switch/expand.h"
#include "../../targets/posix/switch/network.h"
#include "../../targets/posix/switch_host/chacha.h"

/* ---- queue ---- */

static void frames_in_order(void **state)
{
    (void)state;
    struct queue queue = {0};
    struct chance chance;
    chance_start(&chance, 3);
    int64_t now = 0;
    size_t inside = 0, most = 0;
    assert_true(queue_time(&queue) == NEVER);
    for (int i = 0; i < 100000; i++) {
        if (inside == 0 || chance_below(&chance, 100) < (i < 50000 ? 55 : 45)) {
            queue_add(&queue, now + (int64_t)chance_below(&chance, 50), AT_PORT, (uint32_t)i, NULL);
            inside++;
        } else {
            int64_t next = queue_time(&queue);
            struct passage p = queue_take(&queue);
            inside--;
            assert_true(p.time == next && p.time >= now);
            now = p.time;
        }
        most = inside > most ? inside : most;
    }
    assert_true(most > 1000);
    queue_dispose(&queue);
}

static void same_time_in_order_of_adding(void **state)
{
    (void)state;
    struct queue queue = {0};
    for (uint32_t i = 0; i < 1000; i++)
        queue_add(&queue, i % 3, AT_HOST, i, NULL);
    uint32_t expected = 0;
    for (int64_t time = 0; time < 3; time++)
        for (expected = (uint32_t)time; expected < 1000; expected += 3) {
            struct passage p = queue_take(&queue);
            assert_int_equal(p.port, expected);
            assert_true(p.time == time);
        }
    assert_true(queue_time(&queue) == NEVER);
    queue_dispose(&queue);
}

enum { HOSTS = 37 };

/* Against a plain search among all. */
static void turns_against_search(void **state)
{
    (void)state;
    struct turns turns;
    struct { int64_t time; int order; } plain[HOSTS];
    struct chance chance;
    chance_start(&chance, 5);
    turns_init(&turns, HOSTS);
    for (int i = 0; i < HOSTS; i++)
        plain[i].time = NEVER;
    for (int step = 1; step < 50000; step++) {
        uint32_t host = (uint32_t)chance_below(&chance, HOSTS), first = HOSTS;
        int64_t time = chance_below(&chance, 5) == 0 ? NEVER : (int64_t)chance_below(&chance, 20);
        bool hasten = chance_below(&chance, 2) == 0;
        if (hasten)
            turns_hasten(&turns, host, time);
        else
            turns_set(&turns, host, time);
        if (!hasten || time < plain[host].time)
            plain[host].time = time, plain[host].order = step;
        for (uint32_t i = 0; i < HOSTS; i++)
            if (plain[i].time != NEVER && (first == HOSTS || plain[i].time < plain[first].time ||
                                           (plain[i].time == plain[first].time && plain[i].order < plain[first].order)))
                first = i;
        assert_true(turns_time(&turns) == (first == HOSTS ? NEVER : plain[first].time));
        if (first < HOSTS && chance_below(&chance, 3) == 0) {
            assert_int_equal(turns_take(&turns), first);
            plain[first].time = NEVER;
        }
    }
    turns_dispose(&turns);
}

/* ---- network ---- */

static struct world {
    struct settings settings;
    struct queue queue;
    struct trace trace;
    struct network *network;
    int received[4];
    int64_t last[4];
    unsigned first_byte[4][4096]; /* the frames' first byte of payload, in order */
    unsigned damaged;
} world;

static void receiver(void *context, int64_t now, uint32_t host, struct frame *frame)
{
    struct world *w = context;
    if (w->received[host] < 4096)
        w->first_byte[host][w->received[host]] = frame->bytes[14] | (unsigned)frame->bytes[15] << 8;
    w->received[host]++;
    w->last[host] = now;
    for (uint32_t i = 16; i < frame->size; i++)
        w->damaged += (unsigned)__builtin_popcount(frame->bytes[i] ^ 0x55u);
    frame_drop(frame);
}

static void begin(struct settings settings)
{
    world = (struct world){.settings = settings};
    world.settings.hosts = 4;
    world.settings.seed = 9;
    if (world.settings.queue == 0)
        world.settings.queue = 100000;
    assert_true(trace_open(&world.trace, NULL, 0));
    world.network = network_new(&world.settings, &world.queue, &world.trace, receiver, &world);
}

static void send_at(int64_t now, uint32_t from, uint32_t to, unsigned number, size_t size)
{
    uint8_t frame[2000];
    memset(frame, 0x55, sizeof frame);
    memcpy(frame, (uint8_t[]){to == 255 ? 255 : 2, 0, 0, 0, 0, (uint8_t)to}, 6);
    memcpy(frame + 6, (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)from}, 6);
    frame[14] = (uint8_t)number;
    frame[15] = (uint8_t)(number >> 8);
    network_send(world.network, now, from, frame, size);
}

static void run(void)
{
    while (queue_time(&world.queue) != NEVER) {
        struct passage p = queue_take(&world.queue);
        network_pass(world.network, &p);
    }
}

static void finish(void)
{
    char hash[TRACE_HASH];
    network_free(world.network);
    queue_dispose(&world.queue);
    assert_true(trace_close(&world.trace, hash));
    assert_int_equal(strlen(hash), TRACE_HASH - 1);
}

static uint64_t counted(enum trace_count what)
{
    return world.trace.count[what];
}

static void learns(void **state)
{
    (void)state;
    begin((struct settings){0});
    send_at(0, 0, 1, 1, 60); /* to all: nobody knows host 1 */
    run();
    assert_int_equal(counted(TRACE_FLOODED), 1);
    assert_int_equal(world.received[0], 0);
    for (int i = 1; i < 4; i++)
        assert_int_equal(world.received[i], 1);
    send_at(1, 1, 0, 2, 60);
    run();
    send_at(2, 0, 1, 3, 60);
    run();
    assert_int_equal(counted(TRACE_FLOODED), 1);
    assert_int_equal(world.received[0], 1);
    assert_int_equal(world.received[1], 2);
    assert_int_equal(world.received[2], 1);
    send_at(3, 2, 255, 4, 60); /* broadcast */
    run();
    assert_int_equal(counted(TRACE_FLOODED), 2);
    assert_int_equal(world.received[3], 2);
    send_at(4, 0, 0, 5, 60); /* to itself: comes nowhere */
    run();
    assert_int_equal(world.received[0], 2);
    finish();
}

static void cables_take_time(void **state)
{
    (void)state;
    begin((struct settings){.rate = 1000000000, .delay = 5000});
    send_at(100, 1, 255, 0, 60);
    run();
    send_at(1000000, 0, 1, 1, 1514);
    send_at(1000000, 0, 1, 2, 60);
    run();
    /* (1514 + 24) * 8 ns on each cable, then (60 + 24) * 8 ns behind it on the second */
    assert_true(world.last[1] == 1000000 + 12304 + 5000 + 12304 + 672);
    assert_true(world.last[0] == 100 + 672 + 5000 + 672);
    finish();
}

static void full_cables_lose(void **state)
{
    (void)state;
    begin((struct settings){.rate = 1000000, .queue = 10});
    for (unsigned i = 0; i < 25; i++)
        send_at(0, 0, 255, i, 100);
    run();
    assert_int_equal(counted(TRACE_OVERFLOWED), 15);
    assert_int_equal(world.received[1], 10);
    finish();
}

static void chance_does_what_it_says(void **state)
{
    (void)state;
    enum { FRAMES = 4000 };
    begin((struct settings){.loss = CHANCE_CERTAIN / 100, .duplicate = 3 * (CHANCE_CERTAIN / 100), .corrupt = CHANCE_CERTAIN / 50,
                            .delay = 1000000, .jitter = 3000});
    send_at(0, 1, 0, 0, 60);
    run();
    int before = world.received[1];
    uint64_t lost = counted(TRACE_LOST), twice = counted(TRACE_DUPLICATED);
    for (unsigned i = 0; i < FRAMES; i++)
        send_at(1000 * (i + 1), 0, 1, i, 200);
    run();
    lost = counted(TRACE_LOST) - lost;
    twice = counted(TRACE_DUPLICATED) - twice;
    assert_int_equal(world.received[1] - before, FRAMES - lost + twice);
    assert_in_range(lost, 20, 65);
    assert_in_range(twice, 80, 160);
    assert_in_range(counted(TRACE_CORRUPTED), 50, 115);
    assert_true(world.damaged > 0 && world.damaged <= counted(TRACE_CORRUPTED)); /* a bit each; some are in the header */
    finish();
}

/* Whether host 1 has received frames from host 0 in their order. */
static bool in_order(void)
{
    for (int i = 1; i < world.received[1]; i++)
        if (world.first_byte[1][i] < world.first_byte[1][i - 1])
            return false;
    return true;
}

static void jitter_keeps_the_order_and_reorder_does_not(void **state)
{
    (void)state;
    for (int reorder = 0; reorder < 2; reorder++) {
        begin((struct settings){.delay = 1000000, .jitter = 900000, .hold = 4000000, .reorder = reorder ? CHANCE_CERTAIN / 100 : 0});
        for (unsigned i = 0; i < 2000; i++)
            send_at(10000 * i, 0, 255, i, 60);
        run();
        assert_int_equal(world.received[1], 2000);
        assert_true(in_order() == !reorder);
        assert_int_equal(counted(TRACE_REORDERED) > 0, reorder);
        finish();
    }
}

static void same_seed_same_hash(void **state)
{
    (void)state;
    char hash[3][TRACE_HASH];
    for (int i = 0; i < 3; i++) {
        begin((struct settings){.loss = CHANCE_CERTAIN / 10, .delay = 1000, .jitter = 1000});
        if (i == 2) {
            network_free(world.network);
            world.settings.seed++;
            world.network = network_new(&world.settings, &world.queue, &world.trace, receiver, &world);
        }
        for (unsigned k = 0; k < 200; k++)
            send_at(k, k % 4, 255, k, 60);
        run();
        network_free(world.network);
        queue_dispose(&world.queue);
        assert_true(trace_close(&world.trace, hash[i]));
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[0], hash[2]);
}

/* ---- the command line ---- */

static void values(void **state)
{
    (void)state;
    int64_t n;
    uint32_t p;
    assert_true(settings_time("10ms", &n) && n == 10000000);
    assert_true(settings_time("1.5s", &n) && n == 1500000000);
    assert_true(settings_time("0.000000001s", &n) && n == 1);
    assert_true(settings_time("2min", &n) && n == INT64_C(120000000000));
    assert_true(settings_time("0", &n) && n == 0);
    static const char *const no_times[] = {"", "10", "ms", "-1s", "1e3s", "1 s", "9999999999999999999s", "99999999h", "0.", "1.5", " 1s", "1sx"};
    for (size_t i = 0; i < sizeof no_times / sizeof no_times[0]; i++)
        assert_false(settings_time(no_times[i], &n));
    assert_true(settings_probability("1%", &p) && p == CHANCE_CERTAIN / 100);
    assert_true(settings_probability("0.5%", &p) && p == CHANCE_CERTAIN / 200);
    assert_true(settings_probability("0.25", &p) && p == CHANCE_CERTAIN / 4);
    assert_true(settings_probability("100%", &p) && p == CHANCE_CERTAIN);
    assert_true(settings_probability("1", &p) && p == CHANCE_CERTAIN);
    static const char *const no_shares[] = {"", "%", "101%", "1.1", "-1%", "1%%", "x", "99999999999999999999%", "1.0000000001x"};
    for (size_t i = 0; i < sizeof no_shares / sizeof no_shares[0]; i++)
        assert_false(settings_probability(no_shares[i], &p));
    assert_true(settings_rate("1Gbit", &n) && n == 1000000000);
    assert_true(settings_rate("2.5Gbit", &n) && n == 2500000000);
    assert_true(settings_rate("0", &n) && n == 0);
    assert_false(settings_rate("5000Gbit", &n));
    assert_false(settings_rate("1gbit", &n));
}

static int read_words(struct settings *settings, const char *line)
{
    static char text[1000];
    char *words[64] = {"ukc-switch"};
    int count = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word, *rest = text; (word = strtok_r(rest, " ", &rest));)
        words[count++] = word;
    return settings_read(settings, count, words);
}

static void command_lines(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_words(&s, "--seed 7 --loss=1% --delay 10ms --serve a x2 b:--k={n} x30 --quiet @/tmp/s"), 0);
    assert_true(s.seed == 7 && s.loss == CHANCE_CERTAIN / 100 && s.delay == 10000000 && s.quiet && s.hosts == 33 && s.group_count == 3);
    assert_true(s.groups[0].serves && s.groups[0].count == 2 && !s.groups[1].serves && s.groups[1].count == 30);
    assert_string_equal(s.groups[1].arguments, "--k={n}");
    assert_string_equal(s.groups[2].image, "@/tmp/s");
    assert_true(s.hold == 20000000);
    static const char *const wrong[] = {
        "", "x3", "a x0", "a x99999", "a x16384 b", "a x3 x4", "--loss a", "--loss", "--bogus a", "--quiet=1 a", "a --serve", "--seed -1 a",
        "--mtu 575 a", "--mtu 9217 a", "--queue 0 a", "--record= a", "--patience 0 a", ":x", "@", "@p:--x",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(read_words(&s, wrong[i]), 2);
}

static void expands(const char *template, const char *expected)
{
    const char *reason;
    char *text = expand(template, &(struct expand_names){.n = 300, .i = 7, .hosts = 1000}, &reason);
    if (expected)
        assert_string_equal(text, expected);
    else
        assert_true(!text && reason && *reason);
    free(text);
}

static void templates(void **state)
{
    (void)state;
    expands("", "");
    expands("--address=10.0.{n/250}.{n%250+1} --peer={i}", "--address=10.0.1.51 --peer=7");
    expands("fd00::{n:x}", "fd00::12c");
    expands("{hosts-n-1} {(n+1)*2} {2+3*4} {10-2-3} {i-9}", "699 602 14 5 -2");
    expands("}", "}");
    static const char *const wrong[] = {"{", "{}", "{n", "{m}", "{n+}", "{n/0}", "{n%0}", "{99999999999999999999}", "{(n}", "{n)}", "{n:y}", "{hostsn}",
                                        "{9223372036854775807+1}", "{9223372036854775807*2}", "{n n}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expands(wrong[i], NULL);
    char deep[2003] = "{";
    memset(deep + 1, '(', 2000);
    expands(deep, NULL);
}

/* ---- chance ---- */

/* RFC 8439, 2.3.2 has counter 1 and a nonce; this is appendix A.1, test vectors 1 and 2: key 0, counters 0 and 1. */
static void chacha_vectors(void **state)
{
    (void)state;
    static const uint8_t first[] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
    static const uint8_t second[] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d};
    struct chacha stream;
    uint8_t bytes[80], pieces[80], key[32] = {0};
    chacha_start(&stream, key);
    chacha_fill(&stream, bytes, sizeof bytes);
    assert_memory_equal(bytes, first, sizeof first);
    assert_memory_equal(bytes + 64, second, sizeof second);
    chacha_start(&stream, key);
    for (size_t at = 0, piece = 1; at < sizeof pieces; at += piece, piece = piece % 7 + 1) {
        piece = piece < sizeof pieces - at ? piece : sizeof pieces - at;
        chacha_fill(&stream, pieces + at, piece);
    }
    assert_memory_equal(bytes, pieces, sizeof bytes);
}

static void keys_differ(void **state)
{
    (void)state;
    uint8_t a[32], b[32], c[32], again[32];
    chance_key(1, 1, a, sizeof a);
    chance_key(1, 2, b, sizeof b);
    chance_key(2, 1, c, sizeof c);
    chance_key(1, 1, again, sizeof again);
    assert_memory_equal(a, again, sizeof a);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    assert_memory_not_equal(b, c, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_in_order), cmocka_unit_test(same_time_in_order_of_adding), cmocka_unit_test(turns_against_search),
        cmocka_unit_test(learns), cmocka_unit_test(cables_take_time), cmocka_unit_test(full_cables_lose),
        cmocka_unit_test(chance_does_what_it_says), cmocka_unit_test(jitter_keeps_the_order_and_reorder_does_not),
        cmocka_unit_test(same_seed_same_hash), cmocka_unit_test(values), cmocka_unit_test(command_lines), cmocka_unit_test(templates),
        cmocka_unit_test(chacha_vectors), cmocka_unit_test(keys_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
