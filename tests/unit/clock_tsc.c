/* clock_tsc.c - where the rate of the counter comes from, on each kind of machine: against registers of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>

#define SECOND NANOSECONDS_PER_SECOND

/* What the machine has. */
static struct {
    bool kvm, cpuid_ratio, cpuid_kilohertz, x2apic, apic_runs;
    uint64_t hertz;
    int8_t kvm_shift; /* KVM's unit: 2 GHz */
} machine;
static uint64_t tsc, started; /* ticks; when the APIC's timer began */
static uint32_t timer, divide, initial;
static jmp_buf panicked;
static const char *panic;

static struct machine_cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    assert_int_equal(subleaf, 0);
    bool hypervisor = machine.kvm || machine.cpuid_kilohertz;
    switch (leaf) {
    case 0:
        return (struct machine_cpuid){.eax = machine.cpuid_ratio ? 0x15 : 0xd};
    case 1:
        return (struct machine_cpuid){.ecx = hypervisor ? 1u << 31 : 0};
    case 0x15:
        return (struct machine_cpuid){.eax = 2, .ebx = 2 * (uint32_t)(machine.hertz / 25000000), .ecx = 25000000};
    case 0x40000000:
        return machine.kvm ? (struct machine_cpuid){0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d} : (struct machine_cpuid){.eax = 0x40000010};
    case 0x40000001:
        return (struct machine_cpuid){.eax = 1 << 3};
    case 0x40000010:
        return (struct machine_cpuid){.eax = (uint32_t)(machine.hertz / 1000)};
    }
    fail();
    return (struct machine_cpuid){};
}

static uint64_t fake_tsc(void)
{
    return tsc += machine.hertz / 1000000; /* a look takes a microsecond */
}

static uint64_t fake_read_msr(uint32_t msr)
{
    if (msr == 0x1b)
        return 0xfee00900 | (machine.x2apic ? 1 << 10 : 0);
    assert_true(machine.x2apic);
    switch (msr) {
    case 0x832:
        return timer;
    case 0x83e:
        return divide;
    case 0x839:
        return initial - (machine.apic_runs ? (uint32_t)((unsigned __int128)(tsc - started) * SECOND / machine.hertz) : 0);
    }
    fail();
    return 0;
}

static void fake_write_msr(uint32_t msr, uint64_t value);

static bool fake_map(uint64_t start, uint64_t size, enum machine_access access)
{
    assert_false(machine.x2apic); /* then there is nothing in memory */
    assert_int_equal(access, MACHINE_DEVICE);
    void *wanted = (void *)(uintptr_t)start;
    void *got = mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return got == wanted;
}

[[gnu::noreturn]] static void fake_panic(const char *why)
{
    panic = why;
    longjmp(panicked, 1);
}

#define machine_cpuid(leaf, subleaf) fake_cpuid(leaf, subleaf)
#define machine_tsc fake_tsc
#define machine_read_msr fake_read_msr
#define machine_write_msr fake_write_msr
#define machine_map fake_map
#define machine_panic fake_panic
#include "../../targets/kvm/clock_tsc/clock_tsc.c"

static void fake_write_msr(uint32_t msr, uint64_t value)
{
    switch (msr) {
    case 0x4b564d00:
        *(struct wall_clock *)(uintptr_t)value = (struct wall_clock){.version = 2, .seconds = 1000000000};
        return;
    case 0x4b564d01:
        if (value & 1)
            *(struct system_time *)(uintptr_t)(value & ~UINT64_C(1)) =
                (struct system_time){.version = 2, .tsc = tsc, .nanoseconds = 5, .multiplier = 1u << 31, .shift = machine.kvm_shift};
        return;
    case 0x832:
        timer = (uint32_t)value;
        return;
    case 0x83e:
        divide = (uint32_t)value;
        return;
    case 0x838:
        initial = (uint32_t)value;
        started = tsc;
        return;
    }
    fail();
}

bool rtc_read(int64_t *seconds)
{
    *seconds = 2000000000;
    return true;
}

static void begin(void)
{
    memset(&machine, 0, sizeof machine);
    memset(&rate, 0, sizeof rate);
    machine.hertz = 2000000000;
    machine.apic_runs = true;
    tsc = 12345678;
    timer = divide = 3;
    panic = NULL;
}

/* How long ten seconds are: to a thousandth. */
static void counts_well(void)
{
    int64_t before = clock_tsc_now();
    assert_true(before > 0);
    tsc += 10 * machine.hertz;
    assert_in_range(clock_tsc_now() - before, 10 * SECOND - SECOND / 100, 10 * SECOND + SECOND / 100);
}

static void by_kvm(void **state)
{
    (void)state;
    for (int shift = -2; shift <= 2; shift++) {
        begin();
        machine.kvm = true;
        machine.kvm_shift = (int8_t)shift;
        machine.hertz = shift < 0 ? machine.hertz << -shift : machine.hertz >> shift;
        counts_well();
        assert_int_equal(clock_tsc_wall() / SECOND, 1000000010);
    }
}

/* No counter is so fast or so slow: time comes from elsewhere. */
static void by_kvm_not(void **state)
{
    (void)state;
    static const int8_t shifts[] = {-128, -9, 24, 127};
    for (size_t i = 0; i < sizeof shifts; i++) {
        begin();
        machine.kvm = machine.x2apic = true;
        machine.kvm_shift = shifts[i];
        counts_well();
        assert_int_equal(clock_tsc_wall() / SECOND, 2000000000);
    }
}

static void by_cpuid(void **state)
{
    (void)state;
    begin();
    machine.cpuid_ratio = true;
    counts_well();
    begin();
    machine.cpuid_kilohertz = true;
    counts_well();
    assert_int_equal(clock_tsc_wall() / SECOND, 2000000000);
}

/* Neither says it, and the firmware has switched the local APIC to x2APIC. */
static void by_x2apic(void **state)
{
    (void)state;
    static const uint64_t rates[] = {1000000000, 2100000000, 3999000000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        begin();
        machine.x2apic = true;
        machine.hertz = rates[i];
        counts_well();
        assert_int_equal(timer, 3); /* given back */
        assert_int_equal(divide, 3);
        assert_int_equal(initial, 0);
    }
}

/* Nothing to measure by: a word, and no endless wait. */
static void by_nothing(void **state)
{
    (void)state;
    for (int x2 = 0; x2 < 2; x2++) {
        begin();
        machine.x2apic = x2;
        machine.apic_runs = false;
#ifdef __SANITIZE_ADDRESS__ /* whose own memory is where the registers would be */
        machine.x2apic = true;
#endif
        if (!setjmp(panicked)) {
            clock_tsc_now();
            fail_msg("there is no time");
        }
        assert_string_equal(panic, "the local APIC's timer stands still: there is nothing to measure time by");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_kvm),
        cmocka_unit_test(by_kvm_not),
        cmocka_unit_test(by_cpuid),
        cmocka_unit_test(by_x2apic),
        cmocka_unit_test(by_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
