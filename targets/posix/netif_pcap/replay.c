/* replay.c - reads a capture file with stdio; it may also be a pipe. */
#include "replay.h"

#include "capture.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static FILE *file;
static const char *name;
static struct capture_format format;
static uint8_t bytes[REPLAY_MOST];
static struct capture_record record; /* of the frame in `bytes`, if `loaded` */
static bool loaded;
static uint64_t count, unusable; /* frames read; of them cut ones, and those without a whole header */
static int64_t first, latest;    /* time of the first frame; the latest time after it */

static void complain(const char *reason)
{
    log_write(LOG_LEVEL_ERROR, "netif", "%s: frame %" PRIu64 ": %s", name, count + 1, reason);
}

int replay_open(const char *path)
{
    uint8_t header[CAPTURE_HEADER];
    name = path;
    loaded = false;
    count = unusable = 0;
    first = latest = 0;
    file = fopen(path, "rbe");
    if (!file) {
        int error = errno;
        log_write(LOG_LEVEL_ERROR, "netif", "%s cannot be opened", path);
        return -error;
    }
    bool whole = fread(header, sizeof header, 1, file) == 1;
    const char *wrong = whole                ? capture_read_header(&format, header)
                        : ferror(file) != 0  ? "cannot be read"
                                             : "too short for a pcap file";
    if (!wrong)
        return 0;
    log_write(LOG_LEVEL_ERROR, "netif", "%s: %s", path, wrong);
    replay_close();
    return -EINVAL;
}

void replay_close(void)
{
    if (file)
        fclose(file);
    file = NULL;
    loaded = false;
}

static void end(void)
{
    if (unusable > 0)
        log_write(LOG_LEVEL_WARNING, "netif", "%s: %" PRIu64 " of %" PRIu64 " frames were left out: they are not whole", name, unusable, count);
    replay_close();
}

/* The bytes after a record's header; what does not fit is read and forgotten. */
static bool read_frame(void)
{
    uint32_t kept = record.captured <= sizeof bytes ? record.captured : 0;
    if (kept > 0)
        return fread(bytes, kept, 1, file) == 1;
    for (uint32_t left = record.captured; left > 0; left--)
        if (getc_unlocked(file) == EOF)
            return false;
    return true;
}

/* Reads one record; false at the end. */
static bool load(void)
{
    uint8_t header[CAPTURE_RECORD];
    size_t got = fread(header, 1, sizeof header, file);
    if (got == 0 && !ferror(file))
        return false;
    const char *wrong = got < sizeof header ? "the file ends, or cannot be read, within it" : capture_read_record(&format, &record, header);
    if (!wrong && !read_frame())
        wrong = "the file ends, or cannot be read, within it";
    if (wrong) {
        complain(wrong);
        return false;
    }
    if (count++ == 0)
        first = record.time;
    if (record.time - first > latest)
        latest = record.time - first;
    return true;
}

bool replay_next(struct replay_frame *frame)
{
    while (file && !loaded) {
        if (!load())
            end();
        else if (record.cut || record.size < REPLAY_HEADER)
            unusable++;
        else
            loaded = true;
    }
    *frame = (struct replay_frame){.after = latest, .size = record.size, .bytes = bytes};
    return loaded;
}

void replay_take(void)
{
    loaded = false;
}
