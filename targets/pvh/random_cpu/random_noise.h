/* random_noise.h - random bytes from noise of the host, and from the processor; the contract is libs/signatures/random.h. */
#ifndef RANDOM_NOISE_H
#define RANDOM_NOISE_H

#include <stddef.h>

int random_noise_start(void);
void random_noise_fill(void *bytes, size_t size);

#endif
