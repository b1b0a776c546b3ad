/* log_format.c - the log's formats give what printf gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../libs/log_console/format.h"

/* formats are made here, not written */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

enum { ROOM = 400 };

static size_t ours(char *to, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    memset(to, '~', ROOM);
    size_t size = log_console_format(to, room, format, arguments);
    va_end(arguments);
    assert_true(size <= room);
    assert_int_equal(to[size], '~'); /* not a byte more */
    to[size] = '\0';
    return size;
}

#define SAME(...)                                                                                                                                    \
    do {                                                                                                                                             \
        char expected[ROOM], got[ROOM];                                                                                                              \
        snprintf(expected, sizeof expected, __VA_ARGS__);                                                                                            \
        ours(got, ROOM - 1, __VA_ARGS__);                                                                                                            \
        assert_string_equal(got, expected);                                                                                                          \
    } while (0)

#define GIVES(text, ...)                                                                                                                             \
    do {                                                                                                                                             \
        char got[ROOM];                                                                                                                              \
        ours(got, ROOM - 1, __VA_ARGS__);                                                                                                            \
        assert_string_equal(got, text);                                                                                                              \
    } while (0)

static const char *const flags[] = {"", "-", "0", "+", " ", "#", "-0", "+-", "0+", "# ", "#0", "-#", "+ 0#"};
static const char *const widths[] = {"", "1", "7", "25"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".5", ".24"};

/* Calls `check` with each combination of flags, width and precision before these letters. */
static void each(const char *letters, void (*check)(const char *format))
{
    char format[32];
    for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++)
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
            for (size_t p = 0; p < sizeof precisions / sizeof precisions[0]; p++) {
                snprintf(format, sizeof format, "<%%%s%s%s%s>", flags[f], widths[w], precisions[p], letters);
                check(format);
            }
}

static void check_int(const char *format)
{
    const int values[] = {0, 1, -1, 7, 42, -300, 70000, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        SAME(format, values[i]);
}

static void check_long(const char *format)
{
    const long values[] = {0, 1, -1, 99, 1L << 40, LONG_MAX, LONG_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        SAME(format, values[i]);
}

static void check_string(const char *format)
{
    const char *values[] = {"", "a", "a word", "more than twenty-four bytes of text"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        SAME(format, values[i]);
}

static void integers(void **state)
{
    (void)state;
    const char *ints[] = {"d", "i", "u", "x", "X", "o", "hd", "hhd", "hu", "hhx"};
    for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++)
        each(ints[i], check_int);
    const char *longs[] = {"ld", "lld", "lu", "zu", "zx", "jd", "ju", "td", "lX", "llo"};
    for (size_t i = 0; i < sizeof longs / sizeof longs[0]; i++)
        each(longs[i], check_long);
}

static void texts(void **state)
{
    (void)state;
    const char *precise[] = {"", "-"};
    char format[32];
    for (size_t f = 0; f < 2; f++)
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
            snprintf(format, sizeof format, "<%%%s%sc>", precise[f], widths[w]);
            SAME(format, 'x');
            for (size_t p = 0; p < sizeof precisions / sizeof precisions[0]; p++) {
                snprintf(format, sizeof format, "<%%%s%s%ss>", precise[f], widths[w], precisions[p]);
                check_string(format);
            }
        }
    const char open[3] = {'a', 'b', 'c'}; /* without an end: the precision is one */
    SAME("%.3s", open);
    SAME("%.*s|%*d|%-*d|%*d", 2, "abc", 6, 5, 6, 5, -6, 5);
    SAME("%.*s|%.*d", -1, "abc", -1, 0);
    SAME("%p", (const void *)&format);
    SAME("100 %% of %s, %c%c", "it", 'a', 'b');
    GIVES("(null)", "%s", (const char *)NULL);
}

static void floating(void **state)
{
    (void)state;
    const double values[] = {0, -0.0, 0.5, 1.5, 2.5, -2.5, 0.25, 1, 3.25, -17.125, 999.9999, 123456.5, 1e9, 0.1, 1e-7, 1e15};
    const char *formats[] = {"%f", "%.0f", "%.1f", "%.2f", "%.3f", "%8.2f", "%-9.1f|", "%+.1f", "%09.3f", "% .2f"};
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++)
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
            SAME(formats[f], values[i]);
    SAME("%.1Lf %d", 2.25L, 7);
    SAME("%5.1f|%-5f|%f", (double)INFINITY, (double)INFINITY, -(double)INFINITY);
    GIVES("nan", "%f", (double)NAN);
    GIVES("1.50", "%.2e", 1.5);
    GIVES("1.500000", "%g", 1.5);
    GIVES("0.123456789", "%.40f", 0.123456789);
    GIVES("100000000000000000.000e3", "%.3f", 1e20);
    GIVES("after 5", "after %d", 5);
}

static void cut(void **state)
{
    (void)state;
    char got[ROOM];
    for (size_t room = 0; room < 30; room++) {
        char expected[ROOM];
        snprintf(expected, sizeof expected, "%s: %08d, %-9s|%x", "a text", 4711, "left", 255U);
        expected[room < strlen(expected) ? room : strlen(expected)] = '\0';
        assert_int_equal(ours(got, room, "%s: %08d, %-9s|%x", "a text", 4711, "left", 255U), strlen(expected));
        assert_string_equal(got, expected);
    }
    assert_int_equal(ours(got, 100, "%2000000000d", 1), 100);
    assert_int_equal(ours(got, 100, "%.2000000000d", 1), 100);
    assert_int_equal(ours(got, 100, "%99999999999999999999d", 1), 100);
    assert_int_equal(ours(got, 100, "%*d", INT_MIN, 1), 100);
    assert_int_equal(ours(got, 100, "%*d", INT_MAX, 1), 100);
    assert_int_equal(ours(got, 100, "%-*d", INT_MAX, 1), 100);
    assert_int_equal(ours(got, 100, "%.*d", INT_MAX, 1), 100);
    assert_int_equal(ours(got, 100, "%#*.*x", INT_MAX, INT_MAX, 1), 100);
}

/* What it does not know it writes as it stands, and takes no argument any more. */
static void unknown(void **state)
{
    (void)state;
    GIVES("1 %n 2 %s", "%d %n 2 %s", 1, (void *)NULL, "x");
    GIVES("%ls!", "%ls!", (void *)NULL);
    GIVES("%a %d", "%a %d", 1.0, 1);
    GIVES("50%", "50%");
    GIVES("50%-08.", "50%-08.");
    GIVES("%hhhhhhhhhd", "%hhhhhhhhhd", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(integers), cmocka_unit_test(texts),   cmocka_unit_test(floating),
                                       cmocka_unit_test(cut),      cmocka_unit_test(unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
