/*
 * transfer.c - what the signature offers, said in requests.
 */
#include "blkfront.h"
#include "disk.h"

#include <errno.h>

/* The range in bytes: 0, -EINVAL. */
static int range_of(uint64_t sector, uint64_t count, uint64_t *at, uint64_t *size)
{
    if (sector > disk.info.sectors || count > disk.info.sectors - sector)
        return -EINVAL;
    *at = sector * disk.info.sector_size;
    *size = count * disk.info.sector_size;
    return 0;
}

static int transfer(enum operation operation, uint64_t sector, void *buffer, uint64_t count)
{
    uint64_t at, size;
    int error = range_of(sector, count, &at, &size);
    if (!error)
        error = requests_run(operation, at, buffer, size);
    return error == -ENOTSUP ? -EIO : error;
}

int blkfront_read(uint64_t sector, void *buffer, size_t size)
{
    return size % disk.info.sector_size ? -EINVAL : transfer(OPERATION_READ, sector, buffer, size / disk.info.sector_size);
}

int blkfront_write(uint64_t sector, const void *buffer, size_t size)
{
    if (disk.info.read_only)
        return -EROFS;
    return size % disk.info.sector_size ? -EINVAL : transfer(OPERATION_WRITE, sector, (void *)(uintptr_t)buffer, size / disk.info.sector_size);
}

/* There is no request for it: the protocol has pages of zeroes. */
int blkfront_zero(uint64_t sector, uint64_t count)
{
    return disk.info.read_only ? -EROFS : transfer(OPERATION_WRITE, sector, NULL, count);
}

/* A disk that does not offer to flush keeps nothing back.  One that offers it, and then does not, may have lost something. */
int blkfront_flush(void)
{
    if (!disk_ready())
        return -EIO;
    if (disk.flush == OPERATION_READ || disk.info.read_only)
        return 0;
    int error = requests_run(disk.flush, 0, NULL, UNIT);
    return error == -ENOTSUP ? -EIO : error;
}

int blkfront_discard(uint64_t sector, uint64_t count)
{
    uint64_t at, size;
    int error = disk.info.read_only ? -EROFS : range_of(sector, count, &at, &size);
    if (error)
        return error;
    if (!disk_ready())
        return -EIO;
    if (!disk.discards)
        return 0;
    error = requests_run(OPERATION_DISCARD, at, NULL, size);
    disk.discards = error != -ENOTSUP; /* it may change its mind */
    return error == -ENOTSUP ? 0 : error;
}
