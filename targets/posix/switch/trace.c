/* trace.c - the capture file is written by stdio, in large pieces. */
#include "trace.h"

#include "../netif_pcap/capture.h"
#include "../../../ukc/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define X(name, text) [TRACE_##name] = text,
    TRACE_COUNTS(X)
#undef X
};

struct entry {
    int64_t time;
    uint64_t number;
    uint32_t what, host, size, from;
};

bool trace_open(struct trace *trace, const char *path, int64_t wall)
{
    uint8_t header[CAPTURE_HEADER];
    *trace = (struct trace){.hash = hasher_create(), .path = path, .wall = wall};
    if (!path)
        return true;
    capture_write_header(header);
    trace->file = fopen(path, "wbe");
    if (trace->file && fwrite(header, sizeof header, 1, trace->file) == 1)
        return true;
    fprintf(stderr, "ukc-switch: %s: %s\n", path, strerror(errno));
    return false;
}

static void record(struct trace *trace, int64_t now, const struct frame *frame)
{
    uint8_t header[CAPTURE_RECORD];
    capture_write_record(header, trace->wall + now, frame->size);
    fwrite(header, sizeof header, 1, trace->file);
    fwrite(frame->bytes, frame->size, 1, trace->file); /* trace_close looks at ferror */
}

void trace_frame(struct trace *trace, enum trace_count what, int64_t now, uint32_t host, const struct frame *frame)
{
    struct entry entry = {.time = now, .number = frame->number, .what = what, .host = host, .size = frame->size, .from = frame->from};
    trace->count[what]++;
    hasher_add(trace->hash, &entry, sizeof entry);
    if (what == TRACE_CORRUPTED || what == TRACE_SENT)
        hasher_add(trace->hash, frame->bytes, frame->size);
    if (what != TRACE_SENT)
        return;
    trace->count[TRACE_BYTES] += frame->size;
    if (trace->file)
        record(trace, now, frame);
}

void trace_end(struct trace *trace, int64_t now, uint32_t host, int status)
{
    struct entry entry = {.time = now, .number = (uint64_t)status, .what = TRACE_COUNTED, .host = host};
    hasher_add(trace->hash, &entry, sizeof entry);
}

bool trace_close(struct trace *trace, char hash[TRACE_HASH])
{
    static_assert(TRACE_HASH == HASH_HEX, "");
    struct hash sum = hasher_finish(trace->hash);
    hash_hex(&sum, hash);
    if (!trace->file)
        return true;
    bool written = !ferror((FILE *)trace->file);
    written = fclose(trace->file) == 0 && written;
    if (!written)
        fprintf(stderr, "ukc-switch: %s could not be written\n", trace->path);
    return written;
}

void trace_print(const struct trace *trace, const char *hash)
{
    for (int i = 0; i < TRACE_COUNTED; i++)
        printf("%s %" PRIu64 "\n", names[i], trace->count[i]);
    printf("trace %s\n", hash);
}
