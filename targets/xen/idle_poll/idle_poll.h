/* idle_poll.h - sleeping in Xen, and event channels as interrupts; the contracts are libs/signatures/idle.h and interrupt.h. */
#ifndef IDLE_POLL_H
#define IDLE_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interrupt.h"

struct idle_poll_source;

int idle_poll_start(void);
int idle_poll_wait(int64_t deadline, void **woken, size_t capacity);

/* No device sends messages here: -ENOSPC. */
int idle_poll_claim_message(struct idle_poll_source **source, struct interrupt_message *message);
/* A line is an event channel, by the number of its port. */
int idle_poll_claim_line(struct idle_poll_source **source, unsigned line);
void idle_poll_release(struct idle_poll_source *source);
bool idle_poll_taken(struct idle_poll_source *source);
void idle_poll_arm(struct idle_poll_source *source, void *cookie);

#endif
