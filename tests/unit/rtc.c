/* rtc.c - dates from the PC's clock with a battery, against registers of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>
#include <ukc/machine.h>

static uint8_t registers[128], selected;
static unsigned busy, second_reads, moves;

static void fake_out8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, 0x70);
    selected = value & 127;
}

static uint8_t fake_in8(uint16_t port)
{
    assert_int_equal(port, 0x71);
    if (selected == 10 && busy > 0) {
        busy--;
        return 0x80;
    }
    if (selected == 0 && moves > 0 && ++second_reads % 2 == 0) { /* the second read of an instant sees the next one */
        moves--;
        registers[0]++;
    }
    return registers[selected];
}

#define machine_out8 fake_out8
#define machine_in8 fake_in8
#include "../../targets/kvm/clock_tsc/rtc.c"

static uint8_t decimal(int n)
{
    return (uint8_t)(n / 10 << 4 | n % 10);
}

static void set(time_t when, bool is_binary, bool is_24)
{
    struct tm t;
    gmtime_r(&when, &t);
    int hour = is_24 ? t.tm_hour : t.tm_hour % 12 == 0 ? 12 : t.tm_hour % 12;
    const int values[][2] = {{0, t.tm_sec}, {2, t.tm_min}, {4, hour}, {7, t.tm_mday}, {8, t.tm_mon + 1}, {9, t.tm_year % 100}, {0x32, 19 + t.tm_year / 100}};
    memset(registers, 0, sizeof registers);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        registers[values[i][0]] = is_binary ? (uint8_t)values[i][1] : decimal(values[i][1]);
    if (!is_24 && t.tm_hour >= 12)
        registers[4] |= 0x80;
    registers[11] = (uint8_t)((is_binary ? 4 : 0) | (is_24 ? 2 : 0));
    registers[13] = 0x80;
    busy = second_reads = moves = 0;
}

static void good_dates(void **state)
{
    (void)state;
    for (int64_t when = 0; when < (int64_t)5000000000; when += 43211 * 7)
        for (int mode = 0; mode < 4; mode++) {
            int64_t read;
            set(when, mode & 1, mode & 2);
            assert_true(rtc_read(&read));
            assert_int_equal(read, when);
        }
}

static void no_century(void **state)
{
    int64_t read;
    (void)state;
    set(1700000000, false, true);
    registers[0x32] = 0;
    assert_true(rtc_read(&read));
    assert_int_equal(read, 1700000000);
}

static void moving(void **state)
{
    int64_t read;
    (void)state;
    set(1700000000, true, true); /* 22:13:20 */
    busy = 50;
    moves = 3;
    assert_true(rtc_read(&read));
    assert_int_equal(read, 1700000003);
    set(1700000000, true, true);
    busy = 1000000; /* stuck */
    assert_false(rtc_read(&read));
    set(1700000000, true, true);
    moves = 30;
    assert_false(rtc_read(&read));
}

static void no_dates(void **state)
{
    static const uint8_t lies[][2] = {{0, 0x60}, {0, 0x5a}, {2, 0x60}, {4, 0x24}, {7, 0}, {7, 0x32}, {8, 0}, {8, 0x13}, {9, 0xa0}, {13, 0}, {13, 0xff}};
    int64_t read;
    (void)state;
    memset(registers, 0xff, sizeof registers); /* nobody answers */
    busy = moves = 0;
    assert_false(rtc_read(&read));
    memset(registers, 0, sizeof registers);
    assert_false(rtc_read(&read));
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        set(1700000000, false, true);
        registers[lies[i][0]] = lies[i][1];
        assert_false(rtc_read(&read));
    }
    set(1709164800, false, true); /* 2024-02-29 */
    assert_true(rtc_read(&read));
    registers[9] = 0x23;
    assert_false(rtc_read(&read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_dates), cmocka_unit_test(no_century), cmocka_unit_test(moving), cmocka_unit_test(no_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
