/* pause.c - waiting a moment, or for a line, with or without tasks in the image. */
#include <errno.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>

#include "system.h"

#ifdef SYSTEM_CLOCK
#include "clock.h"
__typeof__(clock_now) clock_now __asm__(SYSTEM_CLOCK "now");
#endif
#ifdef SYSTEM_TASK
#include "task.h"
__typeof__(task_sleep) task_sleep __asm__(SYSTEM_TASK "sleep");
__typeof__(task_self) task_self __asm__(SYSTEM_TASK "self");
__typeof__(task_park) task_park __asm__(SYSTEM_TASK "park");
#endif
#ifdef SYSTEM_INTERRUPT
#include "interrupt.h"
__typeof__(interrupt_claim_line) interrupt_claim_line __asm__(SYSTEM_INTERRUPT "claim_line");
__typeof__(interrupt_arm) interrupt_arm __asm__(SYSTEM_INTERRUPT "arm");
#endif

int machine_pause(int64_t deadline)
{
    if (deadline <= DEADLINE_NOW)
        return -ETIMEDOUT;
#ifdef SYSTEM_CLOCK
    int64_t now = clock_now(), until = now + 10 * NANOSECONDS_PER_MILLISECOND;
    if (deadline <= now)
        return -ETIMEDOUT;
#endif
#if defined SYSTEM_CLOCK && defined SYSTEM_TASK
    return task_sleep(deadline < until ? deadline : until);
#else
    machine_rest(0, false); /* nothing else could run */
    return 0;
#endif
}

int machine_await_line([[maybe_unused]] struct interrupt_source **source, [[maybe_unused]] unsigned line, int64_t deadline)
{
#if defined SYSTEM_INTERRUPT && defined SYSTEM_TASK
    if (deadline > DEADLINE_NOW && *source) {
        interrupt_arm(*source, task_self());
        int error = task_park(deadline);
        interrupt_arm(*source, NULL);
        return error;
    }
    if (deadline > DEADLINE_NOW && interrupt_claim_line(source, line) == 0)
        return 0;
#elif !defined SYSTEM_TASK
    if (deadline == DEADLINE_NEVER) {
        machine_rest(line, true);
        return 0;
    }
#endif
    return machine_pause(deadline);
}
