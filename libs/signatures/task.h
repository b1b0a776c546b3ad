/*
 * task.h - cooperative tasks: direct-style code that waits without stopping others.
 *
 * One task runs at a time and keeps running until it calls something that
 * blocks: no locks are needed between two blocking calls, and none exist.
 * The program's main function runs as task 0.
 *
 * A task belongs to the task that spawned it and does not outlive it: when a
 * task's function returns, its children are cancelled and it ends once they
 * have.  The scheme (deadlines, cancellation as an error that is returned,
 * structured lifetimes) follows libdill.
 *
 * Cancellation is for good: every blocking call of a cancelled task, now and
 * later, of this signature and any other, returns -ECANCELED at once if it would have to wait.  A task
 * is expected to release what it holds and return.
 *
 * Deadlines are absolute, in the time of clock_now (see <ukc/deadline.h>).
 *
 * If every task waits and nothing outside can wake one of them, that is a deadlock: the
 * call in which task 0 waits returns -EDEADLK.
 *
 * When the world outside asks the image to stop (SIGTERM, SIGINT, a power
 * button), task 0 is cancelled.
 */
#ifndef TASK_H
#define TASK_H

#include <stddef.h>
#include <stdint.h>

struct task;

/*
 * Starts function(argument) as a child of the calling task; it first runs
 * when the caller blocks.  stack_size in bytes, 0 for the implementation's default.
 * Overflowing the stack hits a guard page.
 *
 * handle: where to store the child, which then must be given to task_join.
 * NULL: nobody will join it; it disappears when it ends.
 *
 * Returns 0, -ENOMEM, -EAGAIN when there are too many tasks, or -ECANCELED.
 */
int task_spawn(struct task **handle, size_t stack_size, void (*function)(void *argument), void *argument);

/* The calling task. */
struct task *task_self(void);

/* A short number for messages: 0 for task 0, unique among tasks that live at the same time. */
unsigned task_number(const struct task *task);

/*
 * Waits until a child has ended, and forgets it: after 0 the handle is gone.
 * -ETIMEDOUT, -ECANCELED, -EDEADLK; -EINVAL if it is not a child of the
 * caller or was spawned without a handle.
 */
int task_join(struct task *child, int64_t deadline);

/* Cancels a task; it ends when it notices.  Never blocks. */
void task_cancel(struct task *task);

/* -ECANCELED when the calling task has been cancelled, else 0: for long computations. */
int task_cancelled(void);

/*
 * Ends every child of the caller: those that have not ended by the deadline are
 * cancelled.  Waits until all have ended, even if the caller is itself
 * cancelled.  Handles of children are gone then.  Whoever hands objects to
 * tasks calls it with DEADLINE_NOW first thing in its stop function, before the objects go.
 */
void task_end_children(int64_t deadline);

/*
 * A service is a task of an implementation rather than of the task that starts it, such as one that receives frames or accepts connections.
 * Most are started by a start function and ended by the stop function; one that an operation starts is ended before that operation returns.
 * It is not among the children of who starts it: task_end_children, in the program or
 * in others' stop functions, neither waits for it nor ends it.
 *
 * task_start_service: 0, -ENOMEM or -EAGAIN; a cancelled task may start one, as stop functions do.  task_end_service waits until the service has ended, even
 * if the caller is itself cancelled; if it has not by the deadline, it is cancelled.  The handle is gone then.
 */
int task_start_service(struct task **service, size_t stack_size, void (*function)(void *argument), void *argument);
void task_end_service(struct task *service, int64_t deadline);

/* Waits until the deadline: 0, -ECANCELED or -EDEADLK. */
int task_sleep(int64_t deadline);

/* Lets every other task that can run do so first.  0 or -ECANCELED. */
int task_yield(void);

/*
 * The ground that other blocking calls stand on.  task_park waits for a
 * task_wake of the calling task: 0, -ETIMEDOUT, -ECANCELED or -EDEADLK.  A wake that comes first
 * is remembered (once) and makes the next park return at once; a task that was woken for
 * a reason that is past does the same.  So park in a loop that checks what was
 * waited for.
 */
int task_park(int64_t deadline);

/* Never blocks; the woken task runs after those that can run already. */
void task_wake(struct task *task);

#endif
