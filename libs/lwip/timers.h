/*
 * timers.h - what lwIP has to do later.
 *
 * A task of the image's runs lwIP's periodic functions.  It sleeps until the next one has something to do: the timer of TCP
 * stands still while no connection waits for anything, and those of the tables of neighbours tick slowly while no frame comes or goes.
 * What they missed is made up for before the next frame or operation (timers_rouse).
 */
#ifndef LWIP_TIMERS_H
#define LWIP_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

/* Runs in a task of its own until that is cancelled. */
void timers_run(void *unused);

extern bool timers_dormant;
extern uint32_t timers_frames; /* counts frames in and out */
void timers_wake_up(void);

/* Before anything is sent or what was received is looked at. */
static inline void timers_rouse(void)
{
    if (timers_dormant)
        timers_wake_up();
}

/* The interface had no room for a frame: try again in a moment, after a longer one when that fails. */
void timers_retry_output(void);

extern bool timers_retried; /* the last that is known of the interface: no room */
void timers_output_resumed(void);

/* It took a frame: what waits goes out soon. */
static inline void timers_output_works(void)
{
    if (timers_retried)
        timers_output_resumed();
}

/* Something that a timer watches was created (memory.c). */
void timers_look_again(void);

#endif
