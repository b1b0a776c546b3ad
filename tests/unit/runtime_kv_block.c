/* runtime_kv_block.c - a store on a device of the tests: what it keeps, what it refuses, and what damage does. */
#include "instances.h"

#include "block_double.h"
#include "internal.h"
#include "kv_block.h"
#include "log.h"

enum { SECTORS = 16 + 2 * 40, BYTES = SECTORS * 512, LOG = 16 * 512 };

int test_kv_format;
static char said[4096];
static unsigned errors;

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    assert_string_equal(component, "kv_block");
    vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    errors += level <= LOG_LEVEL_WARNING;
}

static void set_up(uint64_t sectors, uint32_t sector_size)
{
    kv_block_stop();
    block_double_begin(sectors, sector_size);
    test_kv_format = 1;
    errors = 0;
    *said = '\0';
}

static void tear_down(void)
{
    kv_block_stop();
    block_double_end();
}

static void again(void)
{
    kv_block_stop();
    assert_int_equal(kv_block_start(), 0);
}

static void is(const char *key, const char *value)
{
    char buffer[64];
    assert_int_equal(kv_block_get(view_of(key), buffer, sizeof buffer), strlen(value));
    assert_memory_equal(buffer, value, strlen(value));
}

static void refused(int error, const char *part)
{
    errors = 0;
    assert_int_equal(kv_block_start(), error);
    if (!strstr(said, part))
        fail_msg("%s", said);
    assert_int_equal(errors, 1);
}

/* ---- what is kept ---- */

static void expect_keys(const char *expected)
{
    char listed[500] = "";
    for (struct view key = {}; kv_block_next(key, &key) == 0;) {
        strncat(listed, key.bytes, key.size);
        strcat(listed, "|");
    }
    assert_string_equal(listed, expected);
}

static void contract(uint32_t sector_size)
{
    char buffer[4];
    set_up(64 + 2 * 40, sector_size);
    assert_int_equal(kv_block_start(), 0);
    expect_keys("");
    assert_int_equal(kv_block_get(VIEW("a"), buffer, sizeof buffer), -ENOENT);
    assert_int_equal(kv_block_remove(VIEW("a")), -ENOENT);
    assert_int_equal(kv_block_set(VIEW("b"), VIEW("second")), 0);
    assert_int_equal(kv_block_set(VIEW("a/x y"), VIEW("first")), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("")), 0);
    assert_int_equal(kv_block_set(VIEW("\xc3\xa4"), VIEW("umlaut")), 0);
    for (int twice = 0; twice < 2; twice++) {
        expect_keys("a|a/x y|b|\xc3\xa4|");
        is("b", "second");
        is("a", "");
        is("a/x y", "first");
        assert_int_equal(kv_block_get(VIEW("b"), buffer, sizeof buffer), 6);
        assert_memory_equal(buffer, "seco", 4);
        assert_int_equal(kv_block_get(VIEW("b"), NULL, 0), 6);
        again();
    }
    assert_int_equal(kv_block_set(VIEW("b"), VIEW("other")), 0);
    assert_int_equal(kv_block_remove(VIEW("a")), 0);
    again();
    is("b", "other");
    expect_keys("a/x y|b|\xc3\xa4|");
    assert_int_equal(kv_block_set(VIEW("a/../b"), VIEW("x")), -EINVAL);
    assert_int_equal(kv_block_get(VIEW(""), buffer, 1), -EINVAL);
    assert_int_equal(kv_block_remove(VIEW("../b")), -EINVAL);
    struct view key = {};
    assert_int_equal(kv_block_next(VIEW("zz"), &key), 0);
    assert_int_equal(kv_block_next(VIEW("\xff"), &key), -ENOENT);
    assert_int_equal(errors, 0);
    tear_down();
}

static void what_it_keeps(void **state)
{
    (void)state;
    contract(512);
    contract(4096);
    contract(65536);
}

/* Longer than the buffer, beginning in the second sector, and with the longest key. */
static void long_values(void **state)
{
    (void)state;
    static char value[100001], back[100000], key[1024];
    memset(key, 'k', sizeof key);
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (char)(i * 31 + i / 256);
    set_up(1200, 512);
    assert_int_equal(kv_block_start(), 0);
    struct kv_rw_limits limits;
    kv_block_limits(&limits);
    assert_true(limits.key_most == 1024 && limits.value_most == 100000);
    assert_int_equal(kv_block_set((struct view){key, 1024}, (struct view){value, 100001}), -EFBIG);
    static const size_t sizes[] = {456, 457, 65536, 65536 - 56 - 1024, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(kv_block_set((struct view){key, 1024}, (struct view){value, sizes[i]}), 0);
        for (int k = 0; k < 8; k++) /* the log comes to its end */
            assert_int_equal(kv_block_set(VIEW("other"), (struct view){value + 1, 50000}), 0);
        again();
        assert_int_equal(kv_block_get((struct view){key, 1024}, back, sizeof back), sizes[i]);
        assert_memory_equal(back, value, sizes[i]);
        assert_int_equal(kv_block_get(VIEW("other"), back, sizeof back), 50000);
        assert_memory_equal(back, value + 1, 50000);
    }
    tear_down();
}

static void a_full_device(void **state)
{
    (void)state;
    char name[16];
    int count = 0, error;
    set_up(SECTORS, 512);
    assert_int_equal(kv_block_start(), 0);
    while ((error = kv_block_set((snprintf(name, sizeof name, "%d", count), view_of(name)), VIEW("x"))) == 0)
        count++;
    assert_int_equal(error, -ENOSPC);
    assert_int_equal(count, 35); /* of 40 sectors */
    for (int i = 0; i < 50; i++)
        assert_int_equal(kv_block_set(VIEW("7"), VIEW("replaced")), 0);
    again();
    is("7", "replaced");
    is("34", "x");
    assert_int_equal(kv_block_set(view_of(name), VIEW("x")), -ENOSPC);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(kv_block_remove(view_of(name)), 0);
        assert_int_equal(kv_block_set(VIEW("7x"), VIEW("in its place")), 0);
    }
    again();
    expect_keys("7x|");
    tear_down();
}

/* ---- devices that cannot be used ---- */

static void too_small(void **state)
{
    (void)state;
    static const struct { uint32_t size; uint64_t least; } cases[] = {{512, 32}, {1024, 24}, {4096, 18}, {65536, 18}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up(cases[i].least - 1, cases[i].size);
        refused(-ENOSPC, "too small");
        set_up(cases[i].least, cases[i].size);
        assert_int_equal(kv_block_start(), 0);
        assert_int_equal(kv_block_set(VIEW("a"), VIEW("fits")), 0);
        again();
        is("a", "fits");
    }
    set_up(0, 512);
    refused(-ENOSPC, "too small");
    set_up(100, 768);
    refused(-EINVAL, "768 bytes");
    set_up(1, 131072);
    refused(-EINVAL, "cannot be used");
    tear_down();
}

static void read_only(void **state)
{
    (void)state;
    set_up(SECTORS, 512);
    block_double.info.read_only = true;
    refused(-EROFS, "cannot be written");
    test_kv_format = 3;
    refused(-EROFS, "format=always");
    test_kv_format = 1;
    block_double.info.read_only = false;
    assert_int_equal(kv_block_start(), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    block_double.info.read_only = true;
    again();
    is("a", "one");
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("two")), -EROFS);
    assert_int_equal(kv_block_remove(VIEW("a")), -EROFS);
    is("a", "one");
    memset(block_double.bytes + 4096, 0, 512); /* the second slot: it would be written anew */
    again();
    is("a", "one");
    tear_down();
}

static void other_formats(void **state)
{
    (void)state;
    static const size_t places[] = {0, 100, 510, 1080, 4096, 4096 + 300, LOG, LOG + 40 * 512, BYTES - 512, BYTES - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        set_up(SECTORS, 512);
        block_double.bytes[places[i]] = 0x55;
        unsigned char *before = malloc(BYTES);
        memcpy(before, block_double.bytes, BYTES);
        refused(-EINVAL, "format=other");
        test_kv_format = 0;
        refused(-EINVAL, "format=other");
        assert_memory_equal(before, block_double.bytes, BYTES);
        free(before);
        test_kv_format = 2;
        assert_int_equal(kv_block_start(), 0);
        assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
        again(); /* what is there now is a store, and stays */
        is("a", "one");
    }
    set_up(SECTORS, 512);
    test_kv_format = 0;
    refused(-EINVAL, "format=never");
    test_kv_format = 1;
    assert_int_equal(kv_block_start(), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    test_kv_format = 3;
    again();
    expect_keys("");
    tear_down();
}

static void other_geometries(void **state)
{
    (void)state;
    set_up(SECTORS, 512);
    assert_int_equal(kv_block_start(), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    kv_block_stop();
    block_double.info.sectors--;
    refused(-EIO, "smaller");
    block_double.info = (struct block_info){.sectors = SECTORS / 2, .sector_size = 1024};
    refused(-EINVAL, "sectors of another size");
    test_kv_format = 2;
    refused(-EINVAL, "sectors of another size");
    tear_down();
    set_up(2 * SECTORS, 512); /* a device that has grown */
    block_double.info.sectors = SECTORS;
    assert_int_equal(kv_block_start(), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    block_double.info.sectors = 2 * SECTORS;
    again();
    for (int i = 0; i < 100; i++)
        assert_int_equal(kv_block_set(VIEW("b"), VIEW("two")), 0);
    again();
    is("a", "one");
    tear_down();
}

/* ---- damage ---- */

static void filled(void)
{
    static char big[3000];
    set_up(SECTORS, 512);
    assert_int_equal(kv_block_start(), 0);
    memset(big, 'b', sizeof big);
    for (int i = 0; i < 50; i++) /* the other log is in use by then */
        assert_int_equal(kv_block_set(VIEW("a"), VIEW("old")), 0);
    assert_int_equal(kv_block_set(VIEW("big"), (struct view){big, sizeof big}), 0);
    assert_int_equal(kv_block_set(VIEW("gone"), VIEW("x")), 0);
    assert_int_equal(kv_block_remove(VIEW("gone")), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("new")), 0);
    kv_block_stop();
}

/* What is read is what was written, or it is an error. */
static unsigned check_damaged(void)
{
    char a[8], big[3000];
    unsigned lost = 0;
    errors = 0;
    if (kv_block_start() < 0) {
        assert_true(errors > 0);
        return 1;
    }
    int64_t size = kv_block_get(VIEW("a"), a, sizeof a);
    assert_true(size == -EIO || (size == 3 && memcmp(a, "new", 3) == 0));
    lost += size < 0;
    size = kv_block_get(VIEW("big"), big, sizeof big);
    assert_true(size == -EIO || size == sizeof big);
    for (int64_t i = 0; i < size; i++)
        assert_int_equal(big[i], 'b');
    lost += size < 0;
    assert_true(errors >= lost);
    assert_int_equal(kv_block_get(VIEW("gone"), a, sizeof a), -ENOENT);
    int error = kv_block_set(VIEW("after"), VIEW("x"));
    assert_true(error == 0 || error == -EIO);
    kv_block_stop();
    return lost;
}

/* One bit of every byte of the device. */
static void flipped_bits(void **state)
{
    (void)state;
    filled();
    unsigned char *good = malloc(BYTES);
    unsigned lost = 0;
    memcpy(good, block_double.bytes, BYTES);
    for (size_t at = 0; at < BYTES; at++) {
        memcpy(block_double.bytes, good, BYTES);
        block_double.bytes[at] ^= (unsigned char)(1 << at % 8);
        unsigned here = check_damaged();
        assert_true(here == 0 || at >= LOG); /* one slot is enough */
        lost += here;
    }
    /* 10 old values, whose bytes nobody reads, one of 3000 bytes, one that is gone, its removal, the new one */
    assert_int_equal(lost, 10 * (56 + 1) + (56 + 3 + 3000) + (56 + 4) + (56 + 4) + (56 + 1 + 3));
    free(good);
    tear_down();
}

static void scattered_damage(void **state)
{
    (void)state;
    filled();
    unsigned char *good = malloc(BYTES);
    memcpy(good, block_double.bytes, BYTES);
    srandom(1);
    for (int round = 0; round < 3000; round++) {
        memcpy(block_double.bytes, good, BYTES);
        for (long n = random() % 40; n >= 0; n--)
            block_double.bytes[random() % BYTES] ^= (unsigned char)(1 << random() % 8);
        if (round % 3 == 0) /* whole sectors, of zeros or of elsewhere */
            memcpy(block_double.bytes + random() % SECTORS * 512, round % 2 ? good + random() % SECTORS * 512 : (unsigned char[512]){0}, 512);
        check_damaged();
    }
    free(good);
    tear_down();
}

static void both_slots(void **state)
{
    (void)state;
    filled();
    block_double.bytes[20] ^= 1;
    block_double.bytes[4096 + 20] ^= 1;
    refused(-EIO, "both slots");
    test_kv_format = 2;
    refused(-EIO, "both slots");
    memset(block_double.bytes, 0, 512);
    memset(block_double.bytes + 4096, 0, 512);
    test_kv_format = 1;
    refused(-EINVAL, "format=other");
    tear_down();
}

/* ---- a device that fails ---- */

static void failing(void **state)
{
    (void)state;
    set_up(SECTORS, 512);
    assert_int_equal(kv_block_start(), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    block_double.writes_until_failure = 0; /* the record: the next attempt may do */
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("two")), -EIO);
    is("a", "one");
    block_double.writes_until_failure = -1;
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("two")), 0);
    block_double.flushes_until_failure = 0; /* nobody knows what is on the device */
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("three")), -EIO);
    assert_string_not_equal(said, "");
    is("a", "two");
    block_double.flushes_until_failure = -1;
    assert_int_equal(kv_block_set(VIEW("b"), VIEW("x")), -EIO);
    assert_int_equal(kv_block_remove(VIEW("a")), -EIO);
    is("a", "two");
    again();
    is("a", "three");
    block_double.writes_until_failure = 2; /* the second slot: the change lasts */
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("four")), 0);
    is("a", "four");
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("five")), -EIO);
    block_double.writes_until_failure = -1;
    again();
    is("a", "four");
    tear_down();
}

/* The log that was left is discarded, whole and nothing else, once no slot names it any more. */
static void the_log_that_was_left(void **state)
{
    (void)state;
    set_up(SECTORS, 512);
    block_double.noting = true;
    assert_int_equal(kv_block_start(), 0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    struct block_trace trace = block_double_take();
    for (size_t i = 0; i < trace.count; i++)
        assert_int_not_equal(trace.events[i].kind, BLOCK_EVENT_DISCARD);
    block_trace_free(&trace);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("two")), 0);
    trace = block_double_take();
    size_t first = trace.count - 40;
    assert_true(trace.count > 44 && trace.events[first - 1].kind == BLOCK_EVENT_FLUSH);
    for (size_t i = 0; i < 40; i++)
        assert_true(trace.events[first + i].kind == BLOCK_EVENT_DISCARD && trace.events[first + i].number == 16 + i);
    block_trace_free(&trace);
    again();
    is("a", "two");

    block_double.discard_fails = true;
    for (int i = 0; i < 100; i++)
        assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    assert_int_equal(errors, 0);
    block_double.discard_fails = false;

    while (kv.now.used < 40)
        assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    block_trace_free(&block_double.trace);
    block_double.writes_until_failure = 2; /* the record and slot 0: slot 1 names the log that was left */
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("two")), 0);
    trace = block_double_take();
    for (size_t i = 0; i < trace.count; i++)
        assert_int_not_equal(trace.events[i].kind, BLOCK_EVENT_DISCARD);
    block_trace_free(&trace);
    block_double.writes_until_failure = -1;
    again();
    is("a", "two");
    tear_down();
}

static void unreadable(void **state)
{
    (void)state;
    char name[8];
    set_up(SECTORS, 512);
    assert_int_equal(kv_block_start(), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    assert_int_equal(kv_block_set(VIEW("b"), VIEW("two")), 0);
    block_double.bad_sector = 16;
    char value[8];
    assert_int_equal(kv_block_get(VIEW("a"), value, sizeof value), -EIO);
    is("b", "two");
    int error = 0;
    for (int i = 0; i < 60 && error == 0; i++)
        error = kv_block_set(VIEW("b"), VIEW("two"));
    assert_int_equal(error, -EIO);
    assert_non_null(strstr(said, "remove it"));
    assert_int_equal(kv_block_remove(VIEW("a")), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(kv_block_set((snprintf(name, sizeof name, "%d", i), view_of(name)), VIEW("two")), 0);
    kv_block_stop();
    block_double.bad_sector = 0; /* one slot */
    assert_int_equal(kv_block_start(), 0);
    is("b", "two");
    kv_block_stop();
    block_double.bad_sector = 16 + 40; /* the log in use */
    refused(-EIO, "sector 56");
    tear_down();
}

/* ---- several tasks ---- */

static int results[8];
static unsigned inside, most_inside;

static void pause_device(void)
{
    if (++inside > most_inside)
        most_inside = inside;
    task_yield();
    inside--;
}

static void writer(void *argument)
{
    int n = *(int *)argument;
    char key[8], value[8];
    snprintf(key, sizeof key, "%d", n);
    for (int i = 0; i < 20 && results[n] == 0; i++) {
        snprintf(value, sizeof value, "%d", i);
        results[n] = kv_block_set(view_of(key), view_of(value));
        int64_t size = kv_block_get(view_of(key), value, sizeof value);
        if (results[n] == 0 && (size < 1 || atoi(value) != i))
            results[n] = 1;
    }
}

static void many_tasks(void **state)
{
    (void)state;
    static int numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct task *tasks[8];
    memset(results, 0, sizeof results);
    set_up(SECTORS, 512);
    assert_int_equal(kv_block_start(), 0);
    block_double.pause = pause_device;
    inside = most_inside = 0;
    for (int i = 0; i < 8; i++)
        assert_int_equal(task_spawn(&tasks[i], 0, writer, &numbers[i]), 0);
    task_yield();
    task_yield();
    task_cancel(tasks[3]); /* while it waits for the device or for its turn */
    for (int i = 0; i < 8; i++)
        assert_int_equal(task_join(tasks[i], in_milliseconds(5000)), 0);
    block_double.pause = NULL;
    assert_int_equal(most_inside, 1);
    for (int i = 0; i < 8; i++)
        assert_int_equal(results[i], i == 3 ? -ECANCELED : 0);
    again();
    is("0", "19");
    is("7", "19");
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_keeps), cmocka_unit_test(long_values), cmocka_unit_test(a_full_device),
        cmocka_unit_test(too_small), cmocka_unit_test(read_only), cmocka_unit_test(other_formats), cmocka_unit_test(other_geometries),
        cmocka_unit_test(flipped_bits), cmocka_unit_test(scattered_damage), cmocka_unit_test(both_slots),
        cmocka_unit_test(failing), cmocka_unit_test(the_log_that_was_left), cmocka_unit_test(unreadable),
        cmocka_unit_test_setup_teardown(many_tasks, instances_start, instances_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
