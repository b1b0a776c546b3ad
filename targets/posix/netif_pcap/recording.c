/* recording.c - one writev(2) for each frame. */
#include "recording.h"

#include "capture.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int file = -1;
static const char *name;
static off_t end; /* of the last whole frame */

static void give_up(int error)
{
    log_write(LOG_LEVEL_ERROR, "netif", "%s cannot be written, recording ends: %s", name, strerror(error));
    if (ftruncate(file, end) != 0)
        log_write(LOG_LEVEL_WARNING, "netif", "%s may end within a frame", name); /* a pipe, say */
    recording_close();
}

static bool write_all(struct iovec *parts, int count)
{
    for (int at = 0; at < count;) {
        ssize_t put = writev(file, parts + at, count - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        end += put;
        for (; at < count && (size_t)put >= parts[at].iov_len; at++)
            put -= (ssize_t)parts[at].iov_len;
        if (at < count) {
            parts[at].iov_base = (char *)parts[at].iov_base + put;
            parts[at].iov_len -= (size_t)put;
        }
    }
    return true;
}

/* All or nothing, as far as a regular file can be made shorter again. */
static void append(struct iovec *parts, int count)
{
    off_t before = end;
    if (write_all(parts, count))
        return;
    int error = errno;
    end = before;
    give_up(error);
}

int recording_open(const char *path)
{
    uint8_t header[CAPTURE_HEADER];
    name = path;
    end = 0;
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        int error = errno;
        log_write(LOG_LEVEL_ERROR, "netif", "%s cannot be written", path);
        return -error;
    }
    capture_write_header(header);
    append(&(struct iovec){header, sizeof header}, 1);
    return file < 0 ? -EIO : 0;
}

void recording_close(void)
{
    if (file >= 0)
        close(file);
    file = -1;
}

void recording_add(int64_t time, const struct view *views, size_t count, size_t size)
{
    uint8_t header[CAPTURE_RECORD];
    struct iovec parts[RECORDING_VIEWS + 1] = {{header, sizeof header}};
    if (file < 0)
        return;
    capture_write_record(header, time, (uint32_t)size);
    for (size_t i = 0; i < count; i++)
        parts[i + 1] = (struct iovec){(char *)views[i].bytes, views[i].size};
    append(parts, (int)count + 1);
}
