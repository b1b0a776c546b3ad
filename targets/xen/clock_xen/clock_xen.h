/* clock_xen.h - Xen's time; the contract is libs/signatures/clock.h. */
#ifndef CLOCK_XEN_H
#define CLOCK_XEN_H

#include <stdint.h>

int64_t clock_xen_now(void);
int64_t clock_xen_wall(void);
int64_t clock_xen_resolution(void);

#endif
