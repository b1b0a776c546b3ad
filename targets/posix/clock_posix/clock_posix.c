/* clock_posix.c - time from clock_gettime, which the vDSO answers without a system call. */
#include "clock_posix.h"

#include <time.h>
#include <ukc/deadline.h>

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * NANOSECONDS_PER_SECOND + time.tv_nsec;
}

int64_t clock_posix_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return nanoseconds(time);
}

int64_t clock_posix_wall(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return nanoseconds(time);
}

int64_t clock_posix_resolution(void)
{
    struct timespec step;
    clock_getres(CLOCK_MONOTONIC, &step);
    int64_t resolution = nanoseconds(step);
    return resolution > 0 ? resolution : 1;
}
