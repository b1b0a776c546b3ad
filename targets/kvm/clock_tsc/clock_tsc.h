/* clock_tsc.h - time from the time stamp counter; the contract is libs/signatures/clock.h. */
#ifndef CLOCK_TSC_H
#define CLOCK_TSC_H

#include <stdint.h>

int64_t clock_tsc_now(void);
int64_t clock_tsc_wall(void);
int64_t clock_tsc_resolution(void);

#endif
