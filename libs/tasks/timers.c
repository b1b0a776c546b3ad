/*
 * timers.c - a binary heap of the points in time at which to look at a task.
 *
 * An entry's time is never later than the deadline of its task's wait.  When
 * it comes and the task waits for something later by now, the entry moves.
 */
#include "pages.h"
#include "scheduler.h"

#include <stdint.h>
#include <string.h>
#include <ukc/deadline.h>

struct timer {
    int64_t time;
    struct tasks *task;
};

static struct timer *heap;
static size_t count, capacity;
static bool in_pages;

static void place(size_t at, struct timer timer)
{
    heap[at] = timer;
    timer.task->timer = at + 1;
}

static void rise(size_t at, struct timer timer)
{
    for (; at > 0; at = (at - 1) / 2) {
        struct timer above = heap[(at - 1) / 2];
        if (above.time <= timer.time)
            break;
        place(at, above);
    }
    place(at, timer);
}

static void sink(size_t at, struct timer timer)
{
    for (;;) {
        size_t below = 2 * at + 1;
        if (below + 1 < count && heap[below + 1].time < heap[below].time)
            below++;
        if (below >= count || heap[below].time >= timer.time)
            break;
        place(at, heap[below]);
        at = below;
    }
    place(at, timer);
}

static void timers_free(void)
{
    if (in_pages)
        pages_free(heap, capacity * sizeof *heap);
    in_pages = false;
}

/* Room for a few is there; more comes in whole pages. */
bool timers_reserve(size_t tasks)
{
    static struct timer few[32];
    if (tasks <= capacity)
        return true;
    bool enough = tasks <= sizeof few / sizeof few[0];
    size_t wanted = enough ? sizeof few / sizeof few[0] : tasks * 2;
    struct timer *larger = enough ? few : pages_allocate(wanted * sizeof *heap);
    if (!larger)
        return false;
    if (count)
        memcpy(larger, heap, count * sizeof *heap);
    timers_free();
    heap = larger;
    capacity = wanted;
    in_pages = !enough;
    return true;
}

void timers_set(struct tasks *task)
{
    struct timer timer = {task->deadline, task};
    if (!task->timer)
        rise(count++, timer); /* timers_reserve made room for every task */
    else if (heap[task->timer - 1].time > task->deadline)
        rise(task->timer - 1, timer);
}

void timers_forget(struct tasks *task)
{
    if (!task->timer)
        return;
    size_t at = task->timer - 1;
    task->timer = 0;
    struct timer last = heap[--count];
    if (at == count)
        return;
    if (at > 0 && heap[(at - 1) / 2].time > last.time)
        rise(at, last);
    else
        sink(at, last);
}

int64_t timers_first(void)
{
    return count ? heap[0].time : DEADLINE_NEVER;
}

struct tasks *timers_expired(int64_t now)
{
    while (count && heap[0].time <= now) {
        struct tasks *task = heap[0].task;
        if (task->state == TASK_WAITING && task->deadline > now && task->deadline != DEADLINE_NEVER) {
            sink(0, (struct timer){task->deadline, task});
            continue;
        }
        timers_forget(task);
        if (task->state == TASK_WAITING && task->deadline <= now)
            return task;
    }
    return NULL;
}

void timers_dispose(void)
{
    timers_free();
    heap = NULL;
    count = capacity = 0;
}
