/* fuzz_pcap.c - capture files for netif_pcap: whatever a file is, its frames can be read and their times do not go back. */
#include "../../targets/posix/netif_pcap/capture.h"
#include "../../targets/posix/netif_pcap/replay.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The log of the reader under test: a message is made, and nobody reads it. */
void log_write(enum log_level level, const char *component, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    if (level > LOG_LEVEL_DEBUG || vsnprintf(line, sizeof line, format, arguments) <= 0 || !component[0])
        abort();
    va_end(arguments);
}

static void check(const struct replay_frame *frame, int64_t before)
{
    static volatile uint8_t sum;
    if (frame->after < before || frame->size < REPLAY_HEADER || frame->size > CAPTURE_LONGEST)
        abort();
    for (uint32_t i = 0; frame->size <= REPLAY_MOST && i < frame->size; i++)
        sum ^= frame->bytes[i];
}

static void replay(const char *path, size_t size)
{
    struct replay_frame frame, again;
    int64_t before = 0;
    size_t count = 0;
    if (replay_open(path) != 0)
        return;
    while (replay_next(&frame)) {
        check(&frame, before);
        if (++count > size / CAPTURE_RECORD || !replay_next(&again) || again.after != frame.after || again.size != frame.size)
            abort();
        before = frame.after;
        replay_take();
    }
    if (replay_next(&frame))
        abort();
    replay_close();
}

/* What is written can be read, and is the same. */
static void write_and_read(const uint8_t *bytes, size_t size)
{
    uint8_t header[CAPTURE_HEADER], head[CAPTURE_RECORD];
    struct capture_format format;
    struct capture_record record;
    uint64_t time = 0;
    memcpy(&time, bytes, size < 7 ? size : 7);
    time %= UINT64_C(4294967296000000000);
    capture_write_header(header);
    capture_write_record(head, (int64_t)time, (uint32_t)(size % CAPTURE_LONGEST));
    if (capture_read_header(&format, header) || capture_read_record(&format, &record, head) || record.time != (int64_t)time ||
        record.size != size % CAPTURE_LONGEST || record.cut)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("capture", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
        abort();
    replay(path, size);
    write_and_read(bytes, size);
    return 0;
}
