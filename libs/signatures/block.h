/*
 * block.h - a device of fixed-size sectors.
 *
 * Transfers are whole sectors: `size` is a multiple of the sector size, at
 * any address in memory.  A read returns what the last completed write put there.  Writes are
 * durable after block_flush returned 0, in no particular order before; the same holds for block_zero and block_discard.
 *
 * A call waits for the device and takes no deadline: a transfer
 * that was handed to a device cannot be taken back.
 *
 * Errors are negative errno values: -EINVAL for a size or a range outside
 * the device (nothing was transferred), -EROFS, -EIO (part of a write may have happened).
 */
#ifndef BLOCK_H
#define BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block_info {
    uint64_t sectors;     /* how many */
    uint32_t sector_size; /* bytes, a power of two, at least 512 */
    bool read_only;
};

int block_info(struct block_info *info);
int block_read(uint64_t sector, void *buffer, size_t size);
int block_write(uint64_t sector, const void *buffer, size_t size);
int block_flush(void);

/*
 * `count` sectors read as zeroes afterwards.  Whether they still take room where the device keeps them is left open: a device that
 * can give it up does, and one that knows nothing of the kind is written zeroes.
 */
int block_zero(uint64_t sector, uint64_t count);

/*
 * What is in `count` sectors is no longer needed.  Each reads as anything, and not always as the same, until it is
 * written or zeroed; from then on as that, whatever becomes of the power.  A hint: where the device knows nothing of the kind nothing
 * happens, and that is 0.  What the caller may need after a loss of power has to be flushed before.
 */
int block_discard(uint64_t sector, uint64_t count);

#endif
