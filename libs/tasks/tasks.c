/*
 * tasks.c - the life of a task: spawned, waited for, cancelled, ended.
 *
 * A task's structure lies at the top of its stack, so that spawning takes
 * one piece of memory, and nothing at all when a stack of an ended task can be used again.
 */
#include "tasks.h"

#include "keys.h"
#include "pages.h"
#include "scheduler.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>

#if defined(__SANITIZE_ADDRESS__)
#define STACK_SCALE 4 /* frames are larger with red zones */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STACK_SCALE 4
#endif
#endif
#ifndef STACK_SCALE
#define STACK_SCALE 1
#endif

/* Stacks of ended tasks, for the next ones, by size: programs use few sizes. */
static struct shelf {
    size_t size;
    struct tasks *first;
    size_t count;
} shelves[8];
enum { SHELVES = sizeof shelves / sizeof shelves[0] };
static struct tasks services; /* the parent of services; it never runs */
static struct tasks *doomed; /* a stack to give back as soon as nobody can be running on it */

static size_t live;       /* tasks that have not been forgotten, task 0 included */
static unsigned last_number;

enum { OVERHEAD = 4096 }; /* the structure and the colour, see stack_new */

/* What to allocate for a stack of so many bytes; 0 when that is too much. */
static size_t stack_total(size_t size)
{
    size_t unit = pages_unit();
    if (size > (SIZE_MAX - OVERHEAD - unit) / STACK_SCALE)
        return 0;
    return (size * STACK_SCALE + OVERHEAD + unit - 1) & ~(unit - 1);
}

/* ---- stacks ---- */

static struct tasks *stack_new(size_t size)
{
    char *stack = pages_allocate(size);
    if (!stack)
        return NULL;
    /* Stacks start at the same place in their pages; spread their tops over the cache's sets. */
    size_t colour = (size_t)(++last_number % 16) * 128;
    struct tasks *task = (struct tasks *)((uintptr_t)(stack + size - colour - sizeof(struct tasks)) & ~(uintptr_t)63);
    *task = (struct tasks){.stack = stack, .stack_size = size, .number = last_number};
    return task;
}

static void stack_free(struct tasks *task)
{
    context_destroy(&task->context);
    pages_free(task->stack, task->stack_size);
}

/* The shelf for stacks of this size, perhaps an empty one; NULL when all hold other sizes. */
static struct shelf *shelf_of(size_t size)
{
    struct shelf *empty = NULL;
    for (size_t i = 0; i < SHELVES; i++) {
        if (shelves[i].size == size)
            return &shelves[i];
        if (shelves[i].count == 0)
            empty = &shelves[i];
    }
    if (empty)
        empty->size = size;
    return empty;
}

static void free_doomed(void)
{
    if (doomed)
        stack_free(doomed);
    doomed = NULL;
}

/* Keeps the stack, or gives it back later: the caller may be running on it, until it leaves. */
static void stack_keep(struct tasks *task)
{
    struct shelf *shelf = shelf_of(task->stack_size);
    free_doomed();
    if (!shelf || shelf->count >= (size_t)KEY_KEEP) {
        doomed = task;
        return;
    }
    task->next = shelf->first;
    shelf->first = task;
    shelf->count++;
}

static struct tasks *stack_get(size_t size)
{
    struct shelf *shelf = shelf_of(size);
    struct tasks *task = shelf ? shelf->first : NULL;
    if (!task)
        return stack_new(size);
    shelf->first = task->next;
    shelf->count--;
    return task;
}

static void shelves_clear(void)
{
    free_doomed();
    for (size_t i = 0; i < SHELVES; i++)
        while (shelves[i].first) {
            struct tasks *task = shelves[i].first;
            shelves[i].first = task->next;
            shelves[i].count--;
            stack_free(task);
        }
}

/* ---- the family ---- */

static void adopt(struct tasks *parent, struct tasks *child)
{
    child->parent = parent;
    child->previous = NULL;
    child->following = parent->first_child;
    if (parent->first_child)
        parent->first_child->previous = child;
    parent->first_child = child;
    parent->live_children++;
}

static void forget(struct tasks *task)
{
    if (task->previous)
        task->previous->following = task->following;
    else
        task->parent->first_child = task->following;
    if (task->following)
        task->following->previous = task->previous;
    live--;
    stack_keep(task);
}

/* ---- running ---- */

static void run(void)
{
    context_entered();
    CONTEXT_FIRST_FRAME();
    struct tasks *self = scheduler_current;
    self->function(self->argument);
    tasks_end_children(DEADLINE_NOW);

    struct tasks *parent = self->parent;
    self->state = TASK_ENDED;
    timers_forget(self);
    parent->live_children--;
    if (self->ender && self->ender->state == TASK_WAITING)
        scheduler_resume(self->ender, 0);
    bool awaited = parent->awaited == self || (parent->awaited == parent && parent->live_children == 0);
    if (!self->has_handle)
        forget(self);
    if (awaited && parent->state == TASK_WAITING)
        scheduler_resume(parent, 0);
    scheduler_leave();
}

static int spawn(struct tasks *parent, struct tasks **handle, size_t stack_size, void (*function)(void *argument), void *argument)
{
    if (live >= (size_t)KEY_LIMIT)
        return -EAGAIN;
    size_t size = stack_total(stack_size ? stack_size : (size_t)KEY_STACK);
    if (!timers_reserve(live + 1))
        return -ENOMEM;
    struct tasks *task = size ? stack_get(size) : NULL;
    if (!task)
        return -ENOMEM;
    task->timer = 0;
    task->permit = task->cancelled = false;
    task->has_handle = handle;
    task->function = function;
    task->argument = argument;
    task->first_child = NULL;
    task->live_children = 0;
    task->awaited = NULL;
    task->ender = NULL;
    context_create(&task->context, task->stack, (size_t)((char *)task - (char *)task->stack), run);
    adopt(parent, task);
    live++;
    scheduler_enqueue(task);
    if (handle)
        *handle = task;
    return 0;
}

int tasks_spawn(struct tasks **handle, size_t stack_size, void (*function)(void *argument), void *argument)
{
    if (scheduler_current->cancelled)
        return -ECANCELED;
    return spawn(scheduler_current, handle, stack_size, function, argument);
}

int tasks_start_service(struct tasks **service, size_t stack_size, void (*function)(void *argument), void *argument)
{
    return spawn(&services, service, stack_size, function, argument);
}

struct tasks *tasks_self(void)
{
    return scheduler_current;
}

unsigned tasks_number(const struct tasks *task)
{
    return task->number;
}

/* ---- waiting ---- */

int tasks_park(int64_t deadline)
{
    struct tasks *self = scheduler_current;
    if (self->permit) {
        self->permit = false;
        return 0;
    }
    if (self->cancelled)
        return -ECANCELED;
    if (deadline <= DEADLINE_NOW)
        return -ETIMEDOUT;
    return scheduler_wait(deadline, WAIT_PARKED);
}

void tasks_wake(struct tasks *task)
{
    if (task->state == TASK_WAITING && task->mode == WAIT_PARKED)
        scheduler_resume(task, 0);
    else
        task->permit = true;
}

int tasks_sleep(int64_t deadline)
{
    if (scheduler_current->cancelled)
        return -ECANCELED;
    if (deadline <= DEADLINE_NOW)
        return 0;
    int result = scheduler_wait(deadline, WAIT_DEAF);
    return result == -ETIMEDOUT ? 0 : result;
}

int tasks_yield(void)
{
    if (scheduler_current->cancelled)
        return -ECANCELED;
    scheduler_yield();
    return scheduler_current->cancelled ? -ECANCELED : 0;
}

/* ---- ending ---- */

void tasks_cancel(struct tasks *task)
{
    if (task->state == TASK_ENDED || task->cancelled)
        return;
    task->cancelled = true;
    if (task->state == TASK_WAITING && task->mode != WAIT_SHIELDED)
        scheduler_resume(task, -ECANCELED);
}

int tasks_cancelled(void)
{
    return scheduler_current->cancelled ? -ECANCELED : 0;
}

int tasks_join(struct tasks *child, int64_t deadline)
{
    struct tasks *self = scheduler_current;
    if (child->parent != self || !child->has_handle)
        return -EINVAL;
    if (child->state != TASK_ENDED) {
        if (self->cancelled)
            return -ECANCELED;
        if (deadline <= DEADLINE_NOW)
            return -ETIMEDOUT;
        self->awaited = child;
        int result = scheduler_wait(deadline, WAIT_DEAF);
        self->awaited = NULL;
        /* it may have ended after the wait was over and before this task ran */
        if (child->state != TASK_ENDED)
            return result;
    }
    child->has_handle = false;
    forget(child);
    return 0;
}

static int wait_for_children(int64_t deadline)
{
    struct tasks *self = scheduler_current;
    int result = 0;
    self->awaited = self;
    while (self->live_children && result == 0)
        result = deadline <= DEADLINE_NOW ? -ETIMEDOUT : scheduler_wait(deadline, WAIT_SHIELDED);
    self->awaited = NULL;
    return result;
}

void tasks_end_children(int64_t deadline)
{
    struct tasks *self = scheduler_current;
    wait_for_children(deadline);
    for (struct tasks *child = self->first_child; child; child = child->following)
        tasks_cancel(child);
    while (self->live_children)
        wait_for_children(DEADLINE_NEVER);
    while (self->first_child)
        forget(self->first_child);
}

void tasks_end_service(struct tasks *service, int64_t deadline)
{
    int result = 0;
    service->ender = scheduler_current;
    while (service->state != TASK_ENDED) {
        if (result == 0 && deadline > DEADLINE_NOW)
            result = scheduler_wait(deadline, WAIT_SHIELDED);
        else {
            tasks_cancel(service);
            scheduler_wait(DEADLINE_NEVER, WAIT_SHIELDED);
        }
    }
    forget(service);
}

/* ---- start and stop ---- */

int tasks_start(void)
{
    memset(&scheduler_main, 0, sizeof scheduler_main);
    memset(&services, 0, sizeof services);
    scheduler_current = &scheduler_main;
    live = 1;
    last_number = 0;
    return timers_reserve(live) ? 0 : -ENOMEM;
}

void tasks_stop(void)
{
    tasks_end_children(DEADLINE_NOW);
    while (services.first_child)
        tasks_end_service(services.first_child, DEADLINE_NOW);
    shelves_clear();
    timers_forget(&scheduler_main);
    timers_dispose();
}
