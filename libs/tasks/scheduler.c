/*
 * scheduler.c - the run queue, waiting, and looking outside.
 *
 * There is no scheduler task: a task that blocks picks the next one on its
 * own stack and switches to it directly, or, when nobody can run, waits for
 * the outside itself.  The outside is looked at when the run queue is empty, and
 * every BURST switches while it is not, so that tasks which only yield do not starve the rest.
 */
#include "scheduler.h"

#include "clock.h"
#include "idle.h"

#include <errno.h>
#include <stdlib.h>
#include <ukc/deadline.h>

enum { BURST = 256, WOKEN = 512 };

struct tasks scheduler_main;
struct tasks *scheduler_current = &scheduler_main;

static struct tasks *head, *tail;
static unsigned burst;

void scheduler_enqueue(struct tasks *task)
{
    task->state = TASK_RUNNABLE;
    task->next = NULL;
    if (head)
        tail->next = task;
    else
        head = task;
    tail = task;
}

void scheduler_resume(struct tasks *task, int result)
{
    task->result = result;
    scheduler_enqueue(task);
}

/* Nothing can ever happen again: task 0 hears of it, which must be waiting, as all do. */
static void deadlock(void)
{
    if (scheduler_main.state != TASK_WAITING)
        abort();
    scheduler_resume(&scheduler_main, -EDEADLK);
}

/* Looks outside until the deadline; makes runnable who was woken, and whose time has come. */
static void look(int64_t deadline)
{
    static void *woken[WOKEN];
    burst = 0;
    int count = idle_wait(deadline, woken, WOKEN);
    for (int i = 0; i < count; i++)
        tasks_wake(woken[i]);
    if (count == -ECANCELED)
        tasks_cancel(&scheduler_main);
    else if (count == -EDEADLK)
        deadlock();
    else if (count < 0)
        abort(); /* the outside cannot be watched any more */
    if (timers_first() == DEADLINE_NEVER)
        return;
    int64_t now = clock_now();
    for (struct tasks *task; (task = timers_expired(now));)
        scheduler_resume(task, -ETIMEDOUT);
}

static struct tasks *pick(void)
{
    if (++burst >= BURST)
        look(DEADLINE_NOW);
    while (!head)
        look(timers_first());
    struct tasks *task = head;
    head = task->next;
    return task;
}

static void switch_to(struct tasks *task)
{
    struct tasks *from = scheduler_current;
    if (task == from)
        return;
    scheduler_current = task;
    context_switch(&from->context, &task->context);
}

int scheduler_wait(int64_t deadline, enum wait_mode mode)
{
    struct tasks *self = scheduler_current;
    self->deadline = deadline;
    self->mode = mode;
    self->state = TASK_WAITING;
    if (deadline != DEADLINE_NEVER)
        timers_set(self);
    switch_to(pick());
    return self->result;
}

/* When nobody else can run, those count too whose event has come. */
void scheduler_yield(void)
{
    if (!head)
        look(DEADLINE_NOW);
    scheduler_enqueue(scheduler_current);
    switch_to(pick());
}

_Noreturn void scheduler_leave(void)
{
    struct tasks *from = scheduler_current, *to = pick();
    scheduler_current = to;
    context_leave(&from->context, &to->context);
}
