/* pause.c - waiting a moment, with or without tasks in the image. */
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
    /* nothing else could run */
    for (unsigned i = 0; i < 1000; i++)
        __asm__ volatile("pause");
    return 0;
#endif
}
