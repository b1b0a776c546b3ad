/*
 * runtime_kv_power.c - power is lost at every point of a store's life.
 *
 * A device notes every sector written and every flush.  For each flush, the writes before it that were not yet flushed may have
 * arrived in any combination: all of them are tried when the sectors are few, a seeded sample when they are many, and some sectors arrive in
 * part.  What was discarded is there still, or zeros, or anything.  Each device that results is opened: it must hold what was
 * there before the change in progress, or after it, whole.  If opening it wrote anything, power is lost there once more.
 *
 * UKC_LONG=1 in the environment: more changes, more combinations.
 */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block_double.h"
#include "kv_block.h"
#include "log.h"

enum { KEYS = 6, VALUE_MOST = 2600 };

int test_kv_format = 1;

struct state {
    int size[KEYS]; /* of the value; negative: no such key */
    unsigned char seed[KEYS];
};

static struct state *states;
static size_t tried, fell_back, discards;
static uint64_t chance;

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    assert_string_equal(component, "kv_block");
    assert_non_null(format);
    assert_true(level > LOG_LEVEL_WARNING || block_double.flushes_until_failure == 0);
}

static uint32_t next_random(void)
{
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(chance >> 33);
}

static bool long_run(void)
{
    const char *text = getenv("UKC_LONG");
    return text && *text == '1';
}

static struct view key_of(int number)
{
    static const char *const keys[KEYS] = {"a", "b", "some/longer name", "c", "d/e", "\xc3\xa4"};
    return view_of(keys[number]);
}

static void fill(unsigned char *bytes, int size, unsigned char seed)
{
    for (int i = 0; i < size; i++)
        bytes[i] = (unsigned char)(seed + i * 7 + i / 256);
}

/* ---- what the open store holds ---- */

static bool holds(const struct state *state)
{
    static unsigned char bytes[VALUE_MOST], expected[VALUE_MOST];
    size_t present = 0, listed = 0;
    for (int k = 0; k < KEYS; k++) {
        int64_t size = kv_block_get(key_of(k), bytes, sizeof bytes);
        if (size != (state->size[k] < 0 ? -ENOENT : state->size[k]))
            return false;
        if (size < 0)
            continue;
        present++;
        fill(expected, (int)size, state->seed[k]);
        if (memcmp(bytes, expected, (size_t)size) != 0)
            return false;
    }
    for (struct view key = {}; kv_block_next(key, &key) == 0;)
        listed++;
    return listed == present;
}

/* One change that the model makes too. */
static void change(size_t number)
{
    static unsigned char bytes[VALUE_MOST];
    states[number + 1] = states[number];
    struct state *s = &states[number + 1];
    int k = (int)(next_random() % KEYS);
    if (next_random() % 4 == 0) {
        assert_int_equal(kv_block_remove(key_of(k)), s->size[k] < 0 ? -ENOENT : 0);
        s->size[k] = -1;
    } else {
        int size = (int)(next_random() % 3 == 0 ? next_random() % VALUE_MOST : next_random() % 40);
        unsigned char seed = (unsigned char)next_random();
        fill(bytes, size, seed);
        int error = kv_block_set(key_of(k), (struct view){(char *)bytes, (size_t)size});
        if (error == -ENOSPC)
            return;
        assert_int_equal(error, 0);
        s->size[k] = size;
        s->seed[k] = seed;
    }
}

/* ---- power is lost ---- */

static void apply(unsigned char *device, const struct block_event *event, size_t most)
{
    unsigned char *sector = device + event->number * block_double.info.sector_size;
    if (event->kind == BLOCK_EVENT_WRITE)
        memcpy(sector, event->bytes, most);
    else if (discards++ % 3 == 0)
        memset(sector, 0, block_double.info.sector_size);
    else if (discards % 3 == 0)
        block_double_rot(sector);
}

/* Of pending[0..count) those whose bit is set arrive, one of the others perhaps in part. */
static void lose(unsigned char *device, const struct block_event *const *pending, size_t count, const bool *arrives, bool torn)
{
    uint32_t unit = block_double.info.sector_size;
    for (size_t i = 0; i < count; i++)
        if (arrives[i])
            apply(device, pending[i], unit);
    if (torn)
        apply(device, pending[next_random() % count], next_random() % unit);
}

static void open_and_compare(size_t before, size_t after)
{
    tried++;
    assert_int_equal(kv_block_start(), 0);
    bool old = holds(&states[before]), new = holds(&states[after]);
    if (!old && !new)
        print_error("device %zu, between states %zu and %zu\n", tried, before, after);
    assert_true(old || new);
    fell_back += old && !new;
    kv_block_stop();
}

/* Opening it has written: power is lost there too, once. */
static void lose_while_opening(const unsigned char *device, size_t size, size_t before, size_t after)
{
    struct block_trace repair = block_double_take();
    unsigned char *base = malloc(size);
    const struct block_event *pending[64];
    bool arrives[64];
    size_t count = 0;
    assert_non_null(base);
    memcpy(base, device, size);
    block_double.noting = false;
    for (size_t i = 0; i < repair.count; i++) {
        if (repair.events[i].kind == BLOCK_EVENT_WRITE) {
            assert_true(count < 64);
            pending[count++] = &repair.events[i];
            continue;
        }
        for (size_t p = 0; p < count; p++)
            arrives[p] = next_random() & 1;
        memcpy(block_double.bytes, base, size);
        if (count > 0) {
            lose(block_double.bytes, pending, count, arrives, next_random() & 1);
            open_and_compare(before, after);
        }
        for (size_t p = 0; p < count; p++)
            apply(base, pending[p], block_double.info.sector_size);
        count = 0;
    }
    free(base);
    block_trace_free(&repair);
}

static void try_combinations(const unsigned char *flushed, size_t size, const struct block_event *const *pending, size_t count, size_t before, size_t after)
{
    size_t few = long_run() ? 10 : 6, combinations = (size_t)1 << (count < few ? count : few);
    bool *arrives = calloc(count + 1, sizeof *arrives);
    unsigned char *device = malloc(size);
    assert_true(arrives && device);
    for (size_t c = 0; c < combinations; c++) {
        for (size_t i = 0; i < count; i++)
            arrives[i] = count <= few ? c >> i & 1 : c == 0 ? i + 1 < count : c == 1 ? i + 1 == count : next_random() & 1;
        for (int torn = 0; torn < 2; torn++) {
            memcpy(block_double.bytes, flushed, size);
            if (count > 0)
                lose(block_double.bytes, pending, count, arrives, torn);
            memcpy(device, block_double.bytes, size);
            block_double.noting = true;
            open_and_compare(before, after);
            lose_while_opening(device, size, before, after);
        }
    }
    free(device);
    free(arrives);
}

static void replay(const struct block_trace *trace)
{
    size_t size = block_double.info.sectors * block_double.info.sector_size, count = 0, state = 0;
    unsigned char *flushed = calloc(1, size);
    const struct block_event **pending = calloc(trace->count + 1, sizeof *pending);
    assert_true(flushed && pending);
    for (size_t i = 0; i < trace->count; i++) {
        const struct block_event *event = &trace->events[i];
        if (event->kind == BLOCK_EVENT_MARK)
            state = event->number;
        if (event->kind == BLOCK_EVENT_WRITE || event->kind == BLOCK_EVENT_DISCARD)
            pending[count++] = event;
        if (event->kind != BLOCK_EVENT_FLUSH)
            continue;
        try_combinations(flushed, size, pending, count, state == 0 ? 0 : state - 1, state);
        for (size_t p = 0; p < count; p++)
            apply(flushed, pending[p], block_double.info.sector_size);
        count = 0;
    }
    for (size_t p = 0; p < count; p++) /* a change that has returned left nothing unflushed that matters */
        assert_true(pending[p]->kind == BLOCK_EVENT_DISCARD);
    free(pending);
    free(flushed);
}

/* State 0 is the empty store, mark n the change from state n - 1 to n. */
static void live(uint32_t sector_size, uint64_t sectors, size_t changes, uint64_t seed)
{
    chance = seed;
    states = calloc(changes + 1, sizeof *states);
    assert_non_null(states);
    for (int k = 0; k < KEYS; k++)
        states[0].size[k] = -1;
    block_double_begin(sectors, sector_size);
    block_double.noting = true;
    block_double_mark(0);
    assert_int_equal(kv_block_start(), 0);
    for (size_t i = 0; i < changes; i++) {
        block_double_mark(i + 1);
        change(i);
        assert_true(holds(&states[i + 1]));
    }
    kv_block_stop();
    struct block_trace trace = block_double_take();
    replay(&trace);
    block_trace_free(&trace);
    block_double_end();
    free(states);
}

static void sectors_of_512(void **state)
{
    (void)state;
    tried = fell_back = discards = 0;
    for (uint64_t seed = 1; seed <= (long_run() ? 20 : 2); seed++)
        live(512, 16 + 2 * 20, 60, seed);
    print_message("%zu devices, %zu with the state before\n", tried, fell_back);
    assert_true(tried > 5000 && fell_back > 100 && fell_back < tried && discards > 1000);
}

static void sectors_of_4096(void **state)
{
    (void)state;
    tried = fell_back = discards = 0;
    for (uint64_t seed = 1; seed <= (long_run() ? 20 : 2); seed++)
        live(4096, 2 + 2 * 9, 40, seed);
    print_message("%zu devices, %zu with the state before\n", tried, fell_back);
    assert_true(tried > 1000 && fell_back > 50 && fell_back < tried && discards > 1000);
}

/* The program ends, the machine does not: what it had not flushed is read, and lost with the power later. */
static void the_program_alone(void **state)
{
    (void)state;
    block_double_begin(60, 512);
    assert_int_equal(kv_block_start(), 0);
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("one")), 0);
    block_double.flushes_until_failure = 0; /* written, not flushed: here the program ends */
    assert_int_equal(kv_block_set(VIEW("a"), VIEW("two")), -EIO);
    kv_block_stop();
    block_double.flushes_until_failure = -1;
    block_double.noting = true;
    assert_int_equal(kv_block_start(), 0);
    char value[8];
    assert_int_equal(kv_block_get(VIEW("a"), value, sizeof value), 3);
    assert_memory_equal(value, "two", 3);
    kv_block_stop();
    /* it had to flush what it had read before it wrote that into slot 1 */
    struct block_trace trace = block_double_take();
    assert_true(trace.count == 3 && trace.events[0].kind == BLOCK_EVENT_FLUSH && trace.events[1].kind == BLOCK_EVENT_WRITE &&
                trace.events[1].number == 8 && trace.events[2].kind == BLOCK_EVENT_FLUSH);
    block_trace_free(&trace);
    block_double_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sectors_of_512), cmocka_unit_test(sectors_of_4096), cmocka_unit_test(the_program_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
