/* fuzz_cable.h - waiting for frames, for netif_fuzz alone; the frames themselves are the world's. */
#ifndef FUZZ_CABLE_H
#define FUZZ_CABLE_H

/* When a frame has come, `cookie` is handed back through idle_wait, once.  NULL: no longer wanted. */
void fuzz_cable_await(void *cookie);

#endif
