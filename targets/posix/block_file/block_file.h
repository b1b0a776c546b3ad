/* block_file.h - a file as a block device; the contract is libs/signatures/block.h. */
#ifndef BLOCK_FILE_H
#define BLOCK_FILE_H

#include <stddef.h>
#include <stdint.h>

struct block_info;

int block_file_start(void);
void block_file_stop(void);
int block_file_info(struct block_info *info);
int block_file_read(uint64_t sector, void *buffer, size_t size);
int block_file_write(uint64_t sector, const void *buffer, size_t size);
int block_file_flush(void);
int block_file_zero(uint64_t sector, uint64_t count);
int block_file_discard(uint64_t sector, uint64_t count);

#endif
