/*
 * deadline.h - when a blocking call gives up.
 *
 * A deadline is a point in monotonic time, in nanoseconds, as read from the
 * clock signature.  It is absolute, so it can be handed down through any
 * number of calls.  A call whose deadline has passed still does what it can
 * do without blocking, then returns -ETIMEDOUT; a cancelled task's blocking
 * calls return -ECANCELED.
 */
#ifndef UKC_DEADLINE_H
#define UKC_DEADLINE_H

#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX
#define DEADLINE_NOW ((int64_t)0)

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

/* now + delay without overflow; delay < 0 means never */
static inline int64_t deadline_after(int64_t now, int64_t delay)
{
    return delay < 0 || delay > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + delay;
}

#endif
