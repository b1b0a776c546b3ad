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

static int check_range(uint64_t sector, size_t size)
{
    if (size % KEY_SECTOR_SIZE != 0 || sector > sectors || size / KEY_SECTOR_SIZE > sectors - sector)
        return -EINVAL;
    return 0;
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
