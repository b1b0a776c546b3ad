/*
 * idle.h - waiting for the world outside, when no task can run.
 *
 * For the scheduler alone.  Whoever watches something outside (the events
 * signature on posix, interrupts elsewhere) hands in a cookie, the task to
 * wake; idle_wait returns those whose event has come, so that nothing ever
 * calls up into the scheduler.
 */
#ifndef IDLE_H
#define IDLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Waits until something happens or the deadline passes; DEADLINE_NOW only looks.
 * Stores up to `capacity` cookies (at least 2) in `woken` and returns how many;
 * the rest come with the next call.  0: the deadline passed, or nothing of interest happened.
 *
 * -ECANCELED: the outside asks the image to stop (reported once per request).
 * -EDEADLK: the deadline is DEADLINE_NEVER and nothing is being waited for.
 */
int idle_wait(int64_t deadline, void **woken, size_t capacity);

#endif
