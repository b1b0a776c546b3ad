/* blkfront.h - a disk of the domain; the contract is libs/signatures/block.h. */
#ifndef BLKFRONT_H
#define BLKFRONT_H

#include <stddef.h>
#include <stdint.h>

struct block_info;

int blkfront_start(void);
void blkfront_stop(void);
int blkfront_info(struct block_info *info);
int blkfront_read(uint64_t sector, void *buffer, size_t size);
int blkfront_write(uint64_t sector, const void *buffer, size_t size);
int blkfront_flush(void);
int blkfront_zero(uint64_t sector, uint64_t count);
int blkfront_discard(uint64_t sector, uint64_t count);

#endif
