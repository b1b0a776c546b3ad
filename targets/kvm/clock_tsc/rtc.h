/* rtc.h - the date, from the clock with a battery; private to this folder. */
#ifndef CLOCK_TSC_RTC_H
#define CLOCK_TSC_RTC_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970, good to one; false: there is no such clock, or it does not know. */
bool rtc_read(int64_t *seconds);

#endif
