/*
 * memory.h - the memory budget of the stack.
 *
 * Everything lwIP and this port keep comes out of one block (arena.h).  Buffers cannot have the last of it: what
 * remains is for connections, segments and acknowledgements, with which memory is won back.
 */
#ifndef LWIP_MEMORY_H
#define LWIP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

int memory_start(void); /* -ENOMEM */
void memory_stop(void);

/* For this port's own structures; NULL when there is none left. */
void *memory_get(size_t size);
void memory_put(void *piece);
void memory_fit(void *piece, size_t size); /* the rest of it is not used */

/* The largest piece that there is. */
size_t memory_largest(void);

/*
 * What buffers are allocated for at the moment.  Data stays away from the last of the memory; what a connection needs to get
 * on at all may have most of that; small answers, of the protocols and of connections that have nothing else on their way, may have all.
 */
enum memory_use { MEMORY_CONTROL, MEMORY_DATA, MEMORY_URGENT };
extern enum memory_use memory_use;

/* A buffer for received frames: NULL when memory is short; and one for those of connections that have nothing else. */
void *memory_get_frame(size_t size);
void *memory_get_urgent_frame(size_t size);

/* How many packets are being put together from fragments. */
unsigned memory_count_reassembled(void);

/* What one connection may have: `most` while half of the memory is free, less as it gets less, at least `least`. */
size_t memory_share(size_t most, size_t least);

/* So little is left that what was received is better dropped than kept. */
bool memory_short(void);

#endif
