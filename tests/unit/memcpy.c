/* memcpy.c - the memcpy of machines: every size and place, and what memmove asks of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdint.h>
#include <string.h>

enum { MOST = 300, AROUND = 32 };

void *machine_memcpy(void *to, const void *from, size_t size);

static void fill(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251 + 1);
}

static void apart(void **state)
{
    static unsigned char from[MOST + AROUND], to[MOST + 3 * AROUND];
    (void)state;
    fill(from, sizeof from);
    for (size_t size = 0; size <= MOST; size++)
        for (size_t shift = 0; shift < 256; shift++) {
            size_t in = shift % 16, out = AROUND + shift / 16;
            memset(to, 0xee, sizeof to);
            assert_ptr_equal(machine_memcpy(to + out, from + in, size), to + out);
            assert_memory_equal(to + out, from + in, size);
            for (size_t i = 0; i < AROUND; i++)
                assert_true(to[out - 1 - i] == 0xee && to[out + size + i] == 0xee);
        }
}

/* memmove leaves it what lies below its source, by as little as a byte. */
static void overlapping(void **state)
{
    static unsigned char bytes[2 * MOST], expected[2 * MOST];
    (void)state;
    for (size_t size = 0; size <= MOST; size++)
        for (size_t distance = 0; distance <= 40; distance++) {
            fill(bytes, sizeof bytes);
            fill(expected, sizeof expected);
            memmove(expected + 5, expected + 5 + distance, size);
            machine_memcpy(bytes + 5, bytes + 5 + distance, size);
            assert_memory_equal(bytes, expected, sizeof bytes);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(apart), cmocka_unit_test(overlapping)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
