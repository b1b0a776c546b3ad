/* timer.c - the end of a wait for time, by the bus clock and by the time stamp counter: against registers of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>

#define SECOND NANOSECONDS_PER_SECOND

static bool has_mode;
static uint64_t tsc, hertz, delay, shot; /* ticks that come between two looks; where the counter is compared */
static uint32_t timer, initial;

static struct machine_cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    assert_true(leaf == 1 && subleaf == 0);
    return (struct machine_cpuid){.ecx = has_mode ? 1u << 24 : ~(1u << 24)};
}

static uint64_t fake_tsc(void)
{
    return tsc += delay;
}

static void fake_write_msr(uint32_t msr, uint64_t value)
{
    assert_int_equal(msr, 0x6e0);
    assert_int_equal(timer, 32 | 2 << 17); /* in another mode the processor ignores it */
    shot = value;
}

#define machine_cpuid(leaf, subleaf) fake_cpuid(leaf, subleaf)
#define machine_tsc fake_tsc
#define machine_write_msr fake_write_msr
#include "../../targets/pvh/idle_hlt/timer.c"

void apic_write(unsigned at, uint32_t value)
{
    if (at == APIC_TIMER)
        timer = value;
    if (at == APIC_INITIAL) {
        assert_int_equal(timer, 32);
        initial = value;
    }
}

int64_t clock_now(void)
{
    return (int64_t)((unsigned __int128)tsc * SECOND / hertz);
}

static void pass(int64_t time)
{
    tsc += (uint64_t)((unsigned __int128)time * hertz / SECOND);
}

static void begin(bool mode, uint64_t rate_)
{
    has_mode = mode;
    hertz = rate_;
    tsc = 1000000;
    delay = 10;
    shot = initial = 0;
    timer_open();
}

/* Waits so long: how much later than it should the shot comes, in nanoseconds. */
static int64_t wait_for(int64_t time)
{
    int64_t now = clock_now();
    shot = 0;
    assert_true(timer_set(now + time));
    assert_int_not_equal(shot, 0);
    return (int64_t)((unsigned __int128)shot * SECOND / hertz) - now - time;
}

static void by_bus_clock(void **state)
{
    (void)state;
    begin(false, 2000000000);
    for (int i = 0; i < 5; i++) {
        assert_true(timer_set(clock_now() + SECOND));
        assert_in_range(initial, SECOND / 16 - 100, SECOND / 16 + 1);
        pass(SECOND);
    }
    assert_true(timer_set(clock_now() + 1000 * SECOND));
    assert_int_equal(initial, UINT32_MAX);
    assert_false(timer_set(clock_now()));
    assert_false(timer_set(1));
    assert_int_equal(shot, 0);
}

static void by_counter(void **state)
{
    (void)state;
    static const uint64_t rates[] = {500000000, 999999937, 2100000000, 5700000000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        begin(true, rates[i]);
        assert_true(timer_set(clock_now() + SECOND)); /* nobody knows the rate yet */
        assert_int_equal(shot, 0);
        assert_int_not_equal(initial, 0);
        pass(SECOND / 100000);
        assert_true(timer_set(clock_now() + SECOND));
        assert_int_equal(shot, 0); /* too short a time to tell */
        pass(SECOND / 1000);
        initial = 0;
        assert_in_range(wait_for(SECOND) + 1000, 0, 2000);
        assert_in_range(wait_for(1000) + 1000, 0, 2000);
        assert_in_range(wait_for(1000 * SECOND) + 1000000, 0, 2000000);
        assert_int_equal(initial, 0);
        assert_false(timer_set(clock_now()));
        wait_for(INT64_MAX / 2); /* however far: an hour later somebody looks again */
        assert_in_range(shot - tsc, 3599 * hertz, 3601 * hertz);
    }
}

/* After a long first wait. */
static void late_look(void **state)
{
    (void)state;
    begin(true, 3000000000);
    assert_true(timer_set(clock_now() + SECOND));
    pass(100000 * SECOND);
    assert_in_range(wait_for(SECOND) + 1000, 0, 2000);
}

/* The machine stood still between a look at the counter and one at the clock: such a look says nothing. */
static void interrupted_look(void **state)
{
    (void)state;
    begin(true, 3000000000);
    delay = hertz;
    assert_true(timer_set(clock_now() + 10 * SECOND));
    assert_true(timer_set(clock_now() + 10 * SECOND));
    delay = 10;
    assert_true(timer_set(clock_now() + SECOND));
    assert_int_equal(shot, 0);
    pass(SECOND);
    assert_in_range(wait_for(SECOND) + 1000, 0, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_bus_clock),
        cmocka_unit_test(by_counter),
        cmocka_unit_test(late_look),
        cmocka_unit_test(interrupted_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
