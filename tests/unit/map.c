/*
 * map.c - the first value under a key stays with map_add, the last one wins
 * with map_set, and growth loses nothing.
 */
#include "test.h"

#include "../../ukc/base/map.h"

static void empty(void **state)
{
    (void)state;
    struct map m = {};
    assert_int_equal(map_get(&m, "x"), MAP_ABSENT);
    map_dispose(&m);
    map_dispose(&m);
}

static void add_and_set(void **state)
{
    (void)state;
    struct map m = {};
    assert_int_equal(map_add(&m, "a", 1), MAP_ABSENT);
    assert_int_equal(map_add(&m, "a", 2), 1);
    assert_int_equal(map_get(&m, "a"), 1);
    map_set(&m, "a", 3);
    assert_int_equal(map_get(&m, "a"), 3);
    map_set(&m, "", 0);
    assert_int_equal(map_get(&m, ""), 0);
    assert_int_equal(m.count, 2);
    map_dispose(&m);
    assert_int_equal(map_get(&m, "a"), MAP_ABSENT);
}

static void many(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    char(*keys)[16] = calloc(COUNT, sizeof *keys);
    struct map m = {};
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "key%u", (unsigned)i);
        assert_int_equal(map_add(&m, keys[i], i), MAP_ABSENT);
    }
    assert_int_equal(m.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        char same[16];
        snprintf(same, sizeof same, "key%u", (unsigned)i);
        assert_int_equal(map_get(&m, same), i);
    }
    assert_int_equal(map_get(&m, "key50000"), MAP_ABSENT);
    map_dispose(&m);
    free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(add_and_set),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
