/* timer.h - the interrupt that ends a wait for time; private to this folder. */
#ifndef IDLE_HLT_TIMER_H
#define IDLE_HLT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

void timer_open(void);

/* Interrupts at the deadline, or before.  False: it has passed. */
bool timer_set(int64_t deadline);

#endif
