/*
 * instances.h - starts and stops the runtime's instances by hand, as generated
 * start-up would, around each test.
 *
 * cmocka's assertions jump: they may be used on task 0 only.  Tasks note what they saw.
 */
#ifndef INSTANCES_H
#define INSTANCES_H

#include "../test.h"
#include <errno.h>
#include <ukc/deadline.h>

#include "clock.h"
#include "task.h"

int epoll_loop_start(void);
void epoll_loop_stop(void);
int tasks_start(void);
void tasks_stop(void);

static inline int instances_start(void **state)
{
    (void)state;
    return epoll_loop_start() != 0 || tasks_start() != 0;
}

static inline int instances_stop(void **state)
{
    (void)state;
    tasks_stop();
    epoll_loop_stop();
    return 0;
}

static inline int64_t in_milliseconds(int64_t n)
{
    return deadline_after(clock_now(), n * NANOSECONDS_PER_MILLISECOND);
}

#endif
