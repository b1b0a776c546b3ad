/*
 * clock.h - what time it is.
 *
 * Times are in nanoseconds.  No call blocks or fails.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Since an arbitrary point before the image started: never negative, never steps back, not set by anybody.  Deadlines are in this time. */
int64_t clock_now(void);

/* Since 1970-01-01 00:00:00 UTC, leap seconds not counted (POSIX.1-2017, 4.16).  May step when the time is set. */
int64_t clock_wall(void);

/* The step of clock_now: at least 1. */
int64_t clock_resolution(void);

#endif
