/* start.h - the steps from entry.S to main. */
#ifndef PVH_START_H
#define PVH_START_H

#include <stdint.h>

/* entry.S calls it, on the image's stack, with exceptions still fatal to the machine. */
[[gnu::noreturn]] void machine_start(uint64_t start_info);
/* crash.c: from here on an exception ends in a report. */
void machine_prepare_exceptions(void);
/* map.c: what is set once becomes read-only (<ukc/read_only.h>). The generated start calls it before the unikernel's main function. */
void image_seal(void);
/* libc/start.c: the C library's own state, then main and exit. */
[[gnu::noreturn]] void library_start(int argc, char **argv);

#endif
