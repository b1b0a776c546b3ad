/*
 * arena.c - allocations are zeroed, aligned, apart from each other, and live
 * until the arena goes.
 */
#include "test.h"

#include "../../ukc/base/arena.h"

static void zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    for (size_t align = 1; align <= 4096; align *= 2)
        for (size_t bytes = 0; bytes < 70; bytes += 3) {
            unsigned char *p = arena_alloc(a, bytes, align);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % align, 0);
            for (size_t i = 0; i < bytes; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xff, bytes);
        }
    arena_destroy(a);
}

static void nothing_overlaps(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    struct arena *a = arena_create();
    static unsigned char *at[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        at[i] = arena_alloc(a, i % 700, 1);
        memset(at[i], (int)(i & 0xff), i % 700);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i % 700; j++)
            assert_int_equal(at[i][j], i & 0xff);
    arena_destroy(a);
}

static void large_blocks(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    char *small = arena_strdup(a, "small");
    char *large = arena_alloc(a, (size_t)8 << 20, 1);
    large[0] = large[((size_t)8 << 20) - 1] = 1;
    assert_string_equal(small, "small");
    arena_destroy(a);
    arena_destroy(NULL);
}

static void strings(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    assert_string_equal(arena_strdup(a, ""), "");
    assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(a, "ab", 30), "ab");
    const char open_ended[3] = {'x', 'y', 'z'};
    assert_string_equal(arena_strndup(a, open_ended, 3), "xyz");
    assert_string_equal(arena_printf(a, "%s-%d%c", "n", 42, '!'), "n-42!");
    char *long_one = arena_printf(a, "%9000d", 7);
    assert_int_equal(strlen(long_one), 9000);
    assert_memory_equal(arena_memdup(a, "a\0b", 3), "a\0b", 3);
    assert_non_null(arena_memdup(a, NULL, 0));
    arena_destroy(a);
}

static void vectors(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    VEC(uint64_t) v = {};
    for (uint64_t i = 0; i < 10000; i++)
        *vec_add(a, &v) = i * i;
    assert_int_equal(v.count, 10000);
    for (uint64_t i = 0; i < 10000; i++)
        assert_int_equal(v.items[i], i * i);
    struct wide {
        char bytes[100];
    };
    VEC(struct wide) w = {};
    assert_int_equal(vec_add(a, &w)->bytes[99], 0);
    arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_and_aligned), cmocka_unit_test(nothing_overlaps), cmocka_unit_test(large_blocks),
        cmocka_unit_test(strings),            cmocka_unit_test(vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
