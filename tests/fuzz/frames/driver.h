/* driver.h - what the fuzzer asks of the world. */
#ifndef FRAMES_DRIVER_H
#define FRAMES_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#ifndef FRAMES_DYNAMIC
#define FRAMES_DYNAMIC 0 /* 1: the image gets its addresses from DHCP and from routers */
#endif

/* The beginning of time, with an input. */
void world_start(const uint8_t *bytes, size_t size);

/* Frees what the image has left. */
void world_forget_pieces(void);

#endif
