/* clock_posix.h - the host's clocks; the contract is libs/signatures/clock.h. */
#ifndef CLOCK_POSIX_H
#define CLOCK_POSIX_H

#include <stdint.h>

int64_t clock_posix_now(void);
int64_t clock_posix_wall(void);
int64_t clock_posix_resolution(void);

#endif
