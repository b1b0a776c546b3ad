/*
 * idle_hlt.c - halts until the deadline or an interrupt: one shot of the local APIC's timer, no tick.
 *
 * Interrupts are on only while the processor is halted, and for an instant when somebody only looks.
 */
#include "idle_hlt.h"

#include <errno.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>

#include "apic.h"
#include "interrupts.h"
#include "timer.h"

static struct idle_hlt_source *button;
static bool stopping; /* asked to, and not told yet */

static void watch_button(void)
{
    struct acpi_line line;
    if (machine_button(&line) && interrupts_claim(&button, &line) == 0)
        idle_hlt_arm(button, &button);
}

int idle_hlt_start(void)
{
    if (!apic_open())
        return -ENOMEM;
    /* the old interrupt controllers of a PC keep quiet */
    machine_out8(0x21, 0xff);
    machine_out8(0xa1, 0xff);
    machine_set_vector(VECTOR_TIMER, interrupt_end);
    machine_set_vector(VECTOR_SPURIOUS, interrupt_none);
    apic_write(APIC_SPURIOUS, APIC_ENABLED | VECTOR_SPURIOUS);
    timer_open();
    watch_button();
    return 0;
}

/* Lets in what is pending.  sti takes effect after the next instruction, so none can come before the hlt (Intel SDM, volume 2, STI). */
static void halt(void)
{
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

static void open_window(void)
{
    __asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
}

/* Who was woken.  The button's cookie is ours; that it was pressed is told when nobody else was woken. */
static int gather(void **woken, size_t capacity)
{
    size_t count = interrupts_gather(woken, capacity);
    for (size_t i = 0; i < count; i++)
        if (woken[i] == &button) {
            bool pressed = machine_button_pressed();
            idle_hlt_arm(button, &button);
            woken[i] = woken[--count];
            if (pressed)
                stopping = true;
            break;
        }
    if (count == 0 && stopping) {
        stopping = false;
        return -ECANCELED;
    }
    return (int)count;
}

int idle_hlt_wait(int64_t deadline, void **woken, size_t capacity)
{
    int count = gather(woken, capacity);
    if (count != 0)
        return count;
    if (deadline == DEADLINE_NEVER) {
        if (!interrupts_awaited(button ? 1 : 0)) {
            static const char message[] = "deadlock: every task waits, and nothing outside can wake one\n";
            machine_print(message, sizeof message - 1);
            return -EDEADLK;
        }
        halt();
    } else if (deadline > DEADLINE_NOW && timer_set(deadline)) {
        halt();
    } else {
        open_window();
    }
    return gather(woken, capacity);
}
