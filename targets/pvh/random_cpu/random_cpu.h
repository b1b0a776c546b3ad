/* random_cpu.h - random bytes from the processor; the contract is libs/signatures/random.h. */
#ifndef RANDOM_CPU_H
#define RANDOM_CPU_H

#include <stddef.h>

int random_cpu_start(void);
void random_cpu_fill(void *bytes, size_t size);

#endif
