/* random_posix.h - the host's random number generator; the contract is libs/signatures/random.h. */
#ifndef RANDOM_POSIX_H
#define RANDOM_POSIX_H

#include <stddef.h>

int random_posix_start(void);
void random_posix_fill(void *bytes, size_t size);

#endif
