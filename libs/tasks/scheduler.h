/*
 * scheduler.h - who runs next, and when; private to tasks.
 *
 * A task is the running one, or in the run queue, or waiting, or ended.  A
 * waiting task is made runnable exactly once per wait, by scheduler_resume,
 * with the result of its wait.
 */
#ifndef TASKS_SCHEDULER_H
#define TASKS_SCHEDULER_H

#include "context.h"
#include "tasks.h"

#include <stdbool.h>

enum task_state { TASK_RUNNABLE, TASK_WAITING, TASK_ENDED };

/* How a wait may end before its deadline, apart from being resumed by this library. */
enum wait_mode {
    WAIT_PARKED,   /* by a wake and by cancellation */
    WAIT_DEAF,     /* by cancellation only; a wake is remembered */
    WAIT_SHIELDED, /* by neither */
};

struct tasks {
    struct context context;
    struct tasks *next; /* in the run queue or in a list of free stacks */
    int64_t deadline;   /* while waiting */
    size_t timer;       /* position in the heap plus 1; 0: not in it */
    int result;         /* of the wait that is over */
    enum task_state state;
    enum wait_mode mode;
    bool permit;        /* a wake has come that no park has used */
    bool cancelled;
    bool has_handle;    /* stays until it is joined */
    unsigned number;
    void (*function)(void *argument);
    void *argument;
    struct tasks *parent, *first_child, *previous, *following; /* siblings */
    unsigned live_children;
    const struct tasks *awaited; /* whose end this task waits for; itself: that of all children */
    struct tasks *ender; /* of a service: who waits for its end */
    void *stack; /* as allocated; this structure lies at its top */
    size_t stack_size;
};

/* Task 0, and whoever runs now. */
extern struct tasks scheduler_main;
extern struct tasks *scheduler_current;

/* Blocks the current task until it is resumed or the deadline passes. */
int scheduler_wait(int64_t deadline, enum wait_mode mode);
/* Makes a waiting task runnable. */
void scheduler_resume(struct tasks *task, int result);
/* Puts a task that is not waiting at the end of the run queue. */
void scheduler_enqueue(struct tasks *task);
/* Runs what can run and returns when it is the caller's turn again. */
void scheduler_yield(void);
/* Leaves an ended task for good. */
_Noreturn void scheduler_leave(void);

/*
 * Timers: at most one per task, in a heap.  A timer is left in place when its task is woken
 * early, and moved only when a wait ends before it: a server that renews the
 * same timeout for each request touches the heap once per timeout, not once per request.
 */
bool timers_reserve(size_t tasks);              /* room for so many */
void timers_set(struct tasks *task);            /* for task->deadline */
void timers_forget(struct tasks *task);         /* before the task is gone */
int64_t timers_first(void);                     /* when to look again; DEADLINE_NEVER */
struct tasks *timers_expired(int64_t now);      /* the next waiting task whose deadline has passed, or NULL */
void timers_dispose(void);

#endif
