/*
 * senders.h - tasks that wait, in a row, for room in a device: the first is woken by the device, and lets the next one try.
 *
 * For implementations that require `task` under that name.
 */
#ifndef UKC_SENDERS_H
#define UKC_SENDERS_H

#include <stdint.h>
#include "task.h"

/* On the stack of the task that waits.  A row is a pointer to its first, NULL at the start. */
struct sender {
    struct task *task;
    struct sender *next;
};

/* Waits at the end of the row.  `arm` is called whenever somebody else may be the first: it has the device wake that one. */
static inline int senders_wait(struct sender **row, void (*arm)(void), int64_t deadline)
{
    struct sender self = {.task = task_self()}, **at = row;
    while (*at)
        at = &(*at)->next;
    *at = &self;
    arm();
    int error = task_park(deadline);
    for (at = row; *at != &self; at = &(*at)->next)
        ;
    *at = self.next;
    arm();
    return error;
}

static inline void senders_wake(const struct sender *row)
{
    for (const struct sender *s = row; s; s = s->next)
        task_wake(s->task);
}

#endif
