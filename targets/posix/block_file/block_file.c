/*
 * block_file.c - sectors in a file.
 *
 * The file is locked against other processes and other instances.  Bytes
 * after the last whole sector are left alone.  A call blocks the whole
 * process while the host reads or writes.
 */
#include "block_file.h"

#include "block.h"
#include "keys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert((KEY_SECTOR_SIZE & (KEY_SECTOR_SIZE - 1)) == 0, "sector_size must be a power of two");

static int file = -1;
static uint64_t sectors;

static int open_file(void)
{
    int flags = KEY_READ_ONLY ? O_RDONLY : KEY_SIZE > 0 ? O_RDWR | O_CREAT : O_RDWR;
    struct stat status;
    file = open(KEY_PATH, flags | O_CLOEXEC, 0666);
    if (file < 0)
        return -errno;
    if (flock(file, (KEY_READ_ONLY ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    if (fstat(file, &status) != 0)
        return -errno;
    off_t end = S_ISREG(status.st_mode) ? status.st_size : lseek(file, 0, SEEK_END);
    if (end < 0)
        return -errno;
    if (!KEY_READ_ONLY && S_ISREG(status.st_mode) && end < (off_t)KEY_SIZE) {
        if (ftruncate(file, (off_t)KEY_SIZE) != 0)
            return -errno;
        end = (off_t)KEY_SIZE;
    }
    sectors = (uint64_t)end / KEY_SECTOR_SIZE;
    return 0;
}

int block_file_start(void)
{
    int error = open_file();
    if (error)
        block_file_stop();
    return error;
}

void block_file_stop(void)
{
    if (file >= 0)
        close(file);
    file = -1;
    sectors = 0;
}

int block_file_info(struct block_info *info)
{
    *info = (struct block_info){.sectors = sectors, .sector_size = KEY_SECTOR_SIZE, .read_only = KEY_READ_ONLY};
    return 0;
}

static int check_sectors(uint64_t sector, uint64_t count)
{
    return sector > sectors || count > sectors - sector ? -EINVAL : 0;
}

static int check_range(uint64_t sector, size_t size)
{
    return size % KEY_SECTOR_SIZE != 0 ? -EINVAL : check_sectors(sector, size / KEY_SECTOR_SIZE);
}

int block_file_read(uint64_t sector, void *buffer, size_t size)
{
    int error = check_range(sector, size);
    char *at = buffer;
    off_t offset = (off_t)(sector * KEY_SECTOR_SIZE);
    while (!error && size > 0) {
        ssize_t got = pread(file, at, size, offset);
        if (got > 0) {
            at += got;
            offset += got;
            size -= (size_t)got;
        } else if (got == 0)
            error = -EIO; /* somebody made the file shorter */
        else if (errno != EINTR)
            error = -errno;
    }
    return error;
}

int block_file_write(uint64_t sector, const void *buffer, size_t size)
{
    int error = KEY_READ_ONLY ? -EROFS : check_range(sector, size);
    const char *at = buffer;
    off_t offset = (off_t)(sector * KEY_SECTOR_SIZE);
    while (!error && size > 0) {
        ssize_t put = pwrite(file, at, size, offset);
        if (put >= 0) {
            at += put;
            offset += put;
            size -= (size_t)put;
        } else if (errno != EINTR)
            error = -errno;
    }
    return error;
}

int block_file_flush(void)
{
    if (KEY_READ_ONLY)
        return 0;
    return fdatasync(file) == 0 ? 0 : -errno;
}

/* ---- ranges, whose bytes need not be written ---- */

/* 0, -EOPNOTSUPP: the host's file system, or what lies below, does not do this; a negative errno value. */
static int punch_hole(uint64_t sector, uint64_t count)
{
    int result;
    if (count == 0)
        return 0;
    do
        result = fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(sector * KEY_SECTOR_SIZE), (off_t)(count * KEY_SECTOR_SIZE));
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno == ENOSYS || errno == ENODEV ? -EOPNOTSUPP : -errno;
}

static int write_zeroes(uint64_t sector, uint64_t count)
{
    static char zeroes[65536];
    uint64_t most = sizeof zeroes / KEY_SECTOR_SIZE;
    int error = 0;
    for (uint64_t part; !error && count > 0; sector += part, count -= part) {
        part = count < most ? count : most;
        error = block_file_write(sector, zeroes, (size_t)part * KEY_SECTOR_SIZE);
    }
    return error;
}

int block_file_zero(uint64_t sector, uint64_t count)
{
    int error = KEY_READ_ONLY ? -EROFS : check_sectors(sector, count);
    if (error)
        return error;
    error = punch_hole(sector, count);
    return error == -EOPNOTSUPP ? write_zeroes(sector, count) : error;
}

int block_file_discard(uint64_t sector, uint64_t count)
{
    int error = KEY_READ_ONLY ? -EROFS : check_sectors(sector, count);
    if (!error)
        error = punch_hole(sector, count);
    return error == -EOPNOTSUPP ? 0 : error;
}
