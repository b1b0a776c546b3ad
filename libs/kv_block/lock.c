/*
 * lock.c - who waits parks, first come first woken.
 */
#include "lock.h"

#include <stdbool.h>
#include <ukc/deadline.h>
#include "task.h"

struct waiter {
    struct task *task;
    struct waiter *next;
};

static bool held;
static struct waiter *waiting;

static void leave(struct waiter *self)
{
    struct waiter **at = &waiting;
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
}

static void wake_first(void)
{
    if (!held && waiting)
        task_wake(waiting->task);
}

int lock_take(void)
{
    while (held) {
        struct waiter self = {.task = task_self()}, **end = &waiting;
        while (*end)
            end = &(*end)->next;
        *end = &self;
        int error = task_park(DEADLINE_NEVER);
        leave(&self);
        if (error) {
            wake_first(); /* it may have been this task that was woken */
            return error;
        }
    }
    held = true;
    return 0;
}

void lock_release(void)
{
    held = false;
    wake_first();
}
