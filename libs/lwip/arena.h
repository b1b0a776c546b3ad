/*
 * arena.h - the memory of the stack: one block of a fixed size, given out in pieces, each in constant time.
 *
 * The block is divided into chunks, of 128 KiB if it is large, of 8 KiB if it is small.  A chunk holds pieces of one size; when the last of them is given back, the chunk
 * is free for any size again, so that a burst of small pieces does not take the memory from large ones for good.
 *
 * The last chunks can be kept for those who ask for them, so that what ends connections and frees memory can be had when all else is gone.
 */
#ifndef LWIP_ARENA_H
#define LWIP_ARENA_H

#include <stdbool.h>
#include <stddef.h>

enum { ARENA_LARGEST = 131072 };

/* What can be made of the memory: at least 4 chunks of 8 KiB, or false.  It is aligned to 16 bytes, and nothing is written to most of it. */
bool arena_start(void *memory, size_t size);

/* At least `size` bytes, aligned to 16; NULL when that would leave fewer than `keep` chunks free, or is more than a chunk. */
void *arena_allocate(size_t size, size_t keep);
void arena_free(void *piece);

/* Only the first `size` bytes of a piece are used: with ASan, an access to the others is an error. */
void arena_fit(void *piece, size_t size);

/* How much can be written to: `size` or a little more. */
size_t arena_usable(size_t size);

size_t arena_chunk(void);       /* bytes in each, at most ARENA_LARGEST */
size_t arena_chunks(void);      /* all of them */
size_t arena_free_chunks(void); /* those that hold nothing */

#endif
