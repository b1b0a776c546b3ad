/*
 * idle_hlt.c - halts until the deadline: one shot of the local APIC's timer (Intel SDM, volume 3, 11.5.4), no tick.
 *
 * Interrupts are on only while the processor is halted.  Nothing else interrupts yet, so nobody is ever woken by
 * the outside: waiting without a deadline is a deadlock, and is reported.
 */
#include "idle_hlt.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>

#include "clock.h"

enum {
    APIC = 0xfee00000, APIC_END = 0xb0, APIC_SPURIOUS = 0xf0, APIC_TIMER = 0x320, APIC_INITIAL = 0x380, APIC_DIVIDE = 0x3e0,
    APIC_ENABLED = 1 << 8, APIC_BY_SIXTEEN = 3,
    TIMER_VECTOR = 32, SPURIOUS_VECTOR = 47,
    TICK = 16, /* nanoseconds: QEMU and KVM run the bus at 1 GHz; where it is slower the wait only ends later or early, and is looked at again */
};

static volatile uint32_t *apic(unsigned at)
{
    return (volatile uint32_t *)(uintptr_t)(APIC + at);
}

/* Ends the interrupt and returns behind the hlt. */
[[gnu::naked]] static void on_timer(void)
{
    __asm__("pushq %rax\n\t"
            "movl $0xfee000b0, %eax\n\t"
            "movl $0, (%rax)\n\t"
            "popq %rax\n\t"
            "iretq");
}

[[gnu::naked]] static void on_nothing(void)
{
    __asm__("iretq");
}

int idle_hlt_start(void)
{
    if (!machine_map(APIC, MACHINE_PAGE, MACHINE_DEVICE))
        return -ENOMEM;
    /* the old interrupt controllers of a PC keep quiet */
    machine_out8(0x21, 0xff);
    machine_out8(0xa1, 0xff);
    machine_set_vector(TIMER_VECTOR, on_timer);
    machine_set_vector(SPURIOUS_VECTOR, on_nothing);
    *apic(APIC_SPURIOUS) = APIC_ENABLED | SPURIOUS_VECTOR;
    *apic(APIC_DIVIDE) = APIC_BY_SIXTEEN;
    *apic(APIC_TIMER) = TIMER_VECTOR;
    return 0;
}

int idle_hlt_wait(int64_t deadline, void **woken, size_t capacity)
{
    (void)woken, (void)capacity;
    if (deadline == DEADLINE_NEVER) {
        static const char message[] = "deadlock: every task waits, and nothing outside can wake one\n";
        machine_print(message, sizeof message - 1);
        return -EDEADLK;
    }
    int64_t left = deadline <= DEADLINE_NOW ? 0 : deadline - clock_now();
    if (left <= 0)
        return 0;
    int64_t ticks = left / TICK + 1;
    *apic(APIC_INITIAL) = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
    /* sti takes effect after the next instruction: an interrupt in between cannot be lost (Intel SDM, volume 2, STI) */
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
    return 0;
}
