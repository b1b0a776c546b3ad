/* idle_hlt.h - waiting with the processor halted; the contract is libs/signatures/idle.h. */
#ifndef IDLE_HLT_H
#define IDLE_HLT_H

#include <stddef.h>
#include <stdint.h>

int idle_hlt_start(void);
int idle_hlt_wait(int64_t deadline, void **woken, size_t capacity);

#endif
