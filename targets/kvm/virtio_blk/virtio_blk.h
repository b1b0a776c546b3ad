/* virtio_blk.h - a disk of the machine; the contract is libs/signatures/block.h. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include <stddef.h>
#include <stdint.h>

struct block_info;

int virtio_blk_start(void);
void virtio_blk_stop(void);
int virtio_blk_info(struct block_info *info);
int virtio_blk_read(uint64_t sector, void *buffer, size_t size);
int virtio_blk_write(uint64_t sector, const void *buffer, size_t size);
int virtio_blk_flush(void);
int virtio_blk_zero(uint64_t sector, uint64_t count);
int virtio_blk_discard(uint64_t sector, uint64_t count);

#endif
