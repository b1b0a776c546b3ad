/*
 * clock_tsc.c - time from the time stamp counter.
 *
 * How fast it counts is asked when time is first asked for, so that an image that never does pays nothing:
 *   1. KVM's clock (CPUID 0x40000001, bit 3; MSR 0x4b564d01: Linux, Documentation/virt/kvm/x86/msr.rst) says it
 *      exactly, and the wall-clock time of the machine's start with it;
 *   2. CPUID 0x15 and 0x40000010 say it, on some hypervisors;
 *   3. else it is measured for some microseconds against the local APIC's timer, which QEMU counts at 1 GHz, by registers in memory
 *      or, where the firmware has switched it to x2APIC, which has none there, by MSRs (Intel SDM, volume 3, 11.12.1).
 * The third is good to a thousandth, no better; a timer that stands still ends the image with a word.  Where KVM's clock does not say the date, it is read from the clock with a battery
 * (rtc.c), when it is first asked for; where there is none it begins at 1970.
 */
#include "clock_tsc.h"

#include <stdbool.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>

#include "rtc.h"

enum { KVM_FEATURE_CLOCK = 1 << 3, MSR_WALL = 0x4b564d00, MSR_SYSTEM = 0x4b564d01 };

/* Both as the hypervisor writes them: versions are odd while it does. */
struct wall_clock {
    uint32_t version, seconds, nanoseconds;
};
struct system_time {
    uint32_t version, padding;
    uint64_t tsc, nanoseconds;
    uint32_t multiplier;
    int8_t shift;
    uint8_t flags, padding2[2];
};

enum { FRACTION = 40 }; /* bits: a counter of 1 MHz or more is told to 2^-40 ns */

static struct {
    bool known, wall_known;
    uint64_t multiplier; /* nanoseconds = ticks * multiplier >> FRACTION */
    uint64_t tsc;
    int64_t nanoseconds, wall; /* at `tsc` */
} rate;

static void set_rate(uint64_t hertz)
{
    uint64_t one = (uint64_t)NANOSECONDS_PER_SECOND << 32;
    rate.multiplier = one / hertz << (FRACTION - 32) | (one % hertz << (FRACTION - 32)) / hertz;
    rate.tsc = machine_tsc();
}

/* ---- 1: KVM's clock ---- */

static bool ask_kvm(void)
{
    static _Alignas(64) volatile struct system_time system;
    static _Alignas(64) volatile struct wall_clock wall;
    struct machine_cpuid id = machine_cpuid(0x40000000, 0);
    if (!(machine_cpuid(1, 0).ecx >> 31) || id.ebx != 0x4b4d564b || id.ecx != 0x564b4d56 || id.edx != 0x4d)
        return false;
    if (!(machine_cpuid(0x40000001, 0).eax & KVM_FEATURE_CLOCK))
        return false;
    machine_write_msr(MSR_WALL, (uintptr_t)&wall);
    machine_write_msr(MSR_SYSTEM, (uintptr_t)&system | 1);
    uint32_t version;
    int shift; /* its nanoseconds are (ticks << shift) * multiplier >> 32 */
    do {
        version = system.version;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        rate.multiplier = system.multiplier;
        shift = system.shift + FRACTION - 32;
        rate.tsc = system.tsc;
        rate.nanoseconds = (int64_t)system.nanoseconds;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } while ((version & 1) || version != system.version);
    machine_write_msr(MSR_SYSTEM, 0); /* the counter's rate does not change: it is not asked again */
    if (rate.multiplier == 0 || shift < 0 || shift >= 32) /* no clock at all, or above 256 GHz, below 60 Hz */
        return false;
    rate.multiplier <<= shift;
    rate.wall = rate.nanoseconds + wall.seconds * NANOSECONDS_PER_SECOND + wall.nanoseconds;
    rate.wall_known = wall.seconds != 0;
    return true;
}

/* ---- 2: CPUID ---- */

static bool ask_cpuid(void)
{
    uint64_t hertz = 0;
    if (machine_cpuid(0, 0).eax >= 0x15) {
        struct machine_cpuid ratio = machine_cpuid(0x15, 0);
        if (ratio.eax && ratio.ebx && ratio.ecx)
            hertz = (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
    }
    if (!hertz && machine_cpuid(1, 0).ecx >> 31 && machine_cpuid(0x40000000, 0).eax >= 0x40000010)
        hertz = (uint64_t)machine_cpuid(0x40000010, 0).eax * 1000;
    if (hertz < 1000000)
        return false;
    set_rate(hertz);
    return true;
}

/* ---- 3: measured ---- */

enum { APIC = 0xfee00000, APIC_SPURIOUS = 0xf0, APIC_TIMER = 0x320, APIC_INITIAL = 0x380, APIC_CURRENT = 0x390, APIC_DIVIDE = 0x3e0 };
enum { MSR_APIC_BASE = 0x1b, BASE_X2APIC = 1 << 10, MSR_APIC = 0x800 };
enum { APIC_MASKED = 1 << 16, APIC_BY_ONE = 0xb, MEASURED = 200000 /* ticks of 1 ns */ };

static bool apic_is_x2;

static volatile uint32_t *in_memory(unsigned at)
{
    return (volatile uint32_t *)(uintptr_t)(APIC + at);
}

static uint32_t apic_read(unsigned at)
{
    return apic_is_x2 ? (uint32_t)machine_read_msr(MSR_APIC + at / 16) : *in_memory(at);
}

static void apic_write(unsigned at, uint32_t value)
{
    if (apic_is_x2)
        machine_write_msr(MSR_APIC + at / 16, value);
    else
        *in_memory(at) = value;
}

static void measure(void)
{
    apic_is_x2 = machine_read_msr(MSR_APIC_BASE) & BASE_X2APIC;
    if (!apic_is_x2 && !machine_map(APIC, MACHINE_PAGE, MACHINE_DEVICE))
        machine_panic("no memory to map the local APIC");
    uint32_t mode = apic_read(APIC_TIMER), divisor = apic_read(APIC_DIVIDE); /* somebody else's: given back */
    apic_write(APIC_TIMER, APIC_MASKED);
    apic_write(APIC_DIVIDE, APIC_BY_ONE);
    apic_write(APIC_INITIAL, UINT32_MAX);
    uint32_t before = apic_read(APIC_CURRENT), after;
    uint64_t from = machine_tsc(), to;
    unsigned turns = 0;
    do {
        __asm__ volatile(".rept 8\n\tpause\n\t.endr"); /* each look leaves the machine; what is between two of them is not an error */
        after = apic_read(APIC_CURRENT);
        to = machine_tsc();
    } while (before - after < MEASURED && ++turns < 1000000);
    apic_write(APIC_INITIAL, 0);
    apic_write(APIC_DIVIDE, divisor);
    apic_write(APIC_TIMER, mode);
    uint64_t hertz = before == after ? 0 : (to - from) * 1000000 / (before - after) * 1000;
    if (hertz == 0)
        machine_panic("the local APIC's timer stands still: there is nothing to measure time by");
    set_rate(hertz);
}

__attribute__((noinline, cold)) static void learn(void)
{
    if (!ask_kvm() && !ask_cpuid())
        measure();
    rate.known = true;
}

/* ---- time ---- */

static int64_t elapsed(void)
{
    if (!rate.known)
        learn();
    return (int64_t)((unsigned __int128)(machine_tsc() - rate.tsc) * rate.multiplier >> FRACTION);
}

/* From 1 on: 0 is DEADLINE_NOW. */
int64_t clock_tsc_now(void)
{
    int64_t since = elapsed();
    return 1 + rate.nanoseconds + since;
}

int64_t clock_tsc_wall(void)
{
    int64_t since = elapsed(), seconds;
    if (!rate.wall_known && rtc_read(&seconds))
        rate.wall = seconds * NANOSECONDS_PER_SECOND - since;
    rate.wall_known = true;
    return rate.wall + since;
}

int64_t clock_tsc_resolution(void)
{
    return 1;
}
