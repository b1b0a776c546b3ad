/*
 * timer.c - one shot of the local APIC's timer (Intel SDM, volume 3, 11.5.4): when the time stamp counter has reached a value, where
 * the processor can do that (11.5.4.1), else when the bus clock was counted down.
 *
 * The first is one MSR, which hypervisors answer fastest, and reaches any deadline; the second ends after 68 seconds, and somebody looks again.
 * How many ticks of the counter a nanosecond has, the clock knows and does not say: two looks at both tell, when the time between
 * them is ten thousand times what a look took.  Until then the bus clock is used.
 */
#include "timer.h"

#include <ukc/deadline.h>
#include <ukc/machine.h>

#include "apic.h"
#include "clock.h"

enum {
    TICK = 16, /* nanoseconds: QEMU and KVM run the bus at 1 GHz; where it is slower the wait only ends later or early, and is looked at again */
    DEADLINE_FEATURE = 24, MSR_DEADLINE = 0x6e0,
    EXACT = 10000,
};
#define LEFT_MOST (3600 * NANOSECONDS_PER_SECOND)

static bool can_compare, has_looked, compares;
static uint64_t first_ticks, first_width;
static uint64_t rate; /* ticks for a nanosecond, in 2^-32 */
static int64_t first_now;

void timer_open(void)
{
    can_compare = machine_cpuid(1, 0).ecx >> DEADLINE_FEATURE & 1;
    has_looked = compares = false;
    apic_write(APIC_DIVIDE, APIC_BY_SIXTEEN);
    apic_write(APIC_TIMER, VECTOR_TIMER);
}

/* Another look, which took `width` ticks: whether the rate is known by now, and used from here on. */
static bool learn(uint64_t ticks, uint64_t width, int64_t now)
{
    if (!has_looked || width < first_width / 2) { /* the machine stood still in the first */
        has_looked = true;
        first_ticks = ticks;
        first_width = width;
        first_now = now;
    }
    uint64_t counted = ticks - first_ticks, passed = (uint64_t)(now - first_now);
    if (counted / EXACT <= width + first_width)
        return false;
    for (; counted >> 32; counted >>= 1)
        passed >>= 1;
    if (passed == 0)
        return false;
    rate = (counted << 32) / passed;
    apic_write(APIC_TIMER, VECTOR_TIMER | APIC_TSC_DEADLINE);
    __asm__ volatile("mfence" : : : "memory"); /* the register in memory comes before the MSR */
    return true;
}

bool timer_set(int64_t deadline)
{
    uint64_t before = machine_tsc();
    int64_t now = clock_now(), left = deadline - now;
    uint64_t after = machine_tsc();
    if (left <= 0)
        return false;
    if (can_compare && !compares)
        compares = learn(after, after - before, now);
    if (compares) {
        left = left < LEFT_MOST ? left : LEFT_MOST;
        machine_write_msr(MSR_DEADLINE, after + (uint64_t)((unsigned __int128)left * rate >> 32));
    } else {
        int64_t ticks = left / TICK + 1;
        apic_write(APIC_INITIAL, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
    }
    return true;
}
