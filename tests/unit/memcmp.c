/* memcmp.c - the memcmp of machines: every size, each place of a difference; bytes behind the end do not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { MOST = 70 };

int machine_memcmp(const void *a, const void *b, size_t size);

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void each_place(void **state)
{
    static const unsigned char values[][2] = {{0, 1}, {1, 0}, {0x7f, 0x80}, {0xff, 0}, {0, 0xff}};
    (void)state;
    for (size_t size = 0; size <= MOST; size++) {
        unsigned char *a = malloc(size + 1), *b = malloc(size + 1);
        memset(a, 'a', size);
        memset(b, 'a', size);
        a[size] = 1; /* behind the end */
        b[size] = 2;
        assert_int_equal(machine_memcmp(a, b, size), 0);
        for (size_t at = 0; at < size; at++)
            for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
                a[at] = values[v][0];
                b[at] = values[v][1];
                if (at + 1 < size) { /* a later difference the other way does not matter */
                    a[at + 1] = values[v][1];
                    b[at + 1] = values[v][0];
                }
                assert_int_equal(sign(machine_memcmp(a, b, size)), sign(memcmp(a, b, size)));
                assert_int_equal(machine_memcmp(a, b, at), 0);
                a[at] = b[at] = 'a';
                if (at + 1 < size)
                    a[at + 1] = b[at + 1] = 'a';
            }
        free(a);
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
