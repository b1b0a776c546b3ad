/* idle_hlt.h - waiting with the processor halted, and interrupts; the contracts are libs/signatures/idle.h and interrupt.h. */
#ifndef IDLE_HLT_H
#define IDLE_HLT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interrupt.h"

struct idle_hlt_source;

int idle_hlt_start(void);
int idle_hlt_wait(int64_t deadline, void **woken, size_t capacity);

int idle_hlt_claim_message(struct idle_hlt_source **source, struct interrupt_message *message);
int idle_hlt_claim_line(struct idle_hlt_source **source, unsigned line);
void idle_hlt_release(struct idle_hlt_source *source);
bool idle_hlt_taken(struct idle_hlt_source *source);
void idle_hlt_arm(struct idle_hlt_source *source, void *cookie);

#endif
