/*
 * block_double.c - a device of sectors in memory.
 */
#include "block_double.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct block_double block_double;

void block_double_begin(uint64_t sectors, uint32_t sector_size)
{
    block_double_end();
    block_double = (struct block_double){
        .bytes = calloc(sectors ? sectors : 1, sector_size), .info = {.sectors = sectors, .sector_size = sector_size},
        .writes_until_failure = -1, .flushes_until_failure = -1, .bad_sector = UINT64_MAX,
    };
    if (block_double.bytes == NULL)
        abort();
}

void block_double_end(void)
{
    free(block_double.bytes);
    block_trace_free(&block_double.trace);
    block_double = (struct block_double){0};
}

static void note(enum block_event_kind kind, uint64_t number, const unsigned char *bytes)
{
    struct block_trace *trace = &block_double.trace;
    if (!block_double.noting)
        return;
    if ((trace->count & (trace->count - 1)) == 0)
        trace->events = reallocarray(trace->events, trace->count ? 2 * trace->count : 1, sizeof *trace->events);
    if (trace->events == NULL)
        abort();
    struct block_event *event = &trace->events[trace->count++];
    *event = (struct block_event){kind, number, NULL};
    if (bytes) {
        event->bytes = malloc(block_double.info.sector_size);
        if (event->bytes == NULL)
            abort();
        memcpy(event->bytes, bytes, block_double.info.sector_size);
    }
}

void block_double_mark(uint64_t number)
{
    note(BLOCK_EVENT_MARK, number, NULL);
}

struct block_trace block_double_take(void)
{
    struct block_trace trace = block_double.trace;
    block_double.trace = (struct block_trace){0};
    return trace;
}

void block_trace_free(struct block_trace *trace)
{
    for (size_t i = 0; i < trace->count; i++)
        free(trace->events[i].bytes);
    free(trace->events);
    *trace = (struct block_trace){0};
}

static bool beyond(uint64_t sector, uint64_t count)
{
    return sector > block_double.info.sectors || count > block_double.info.sectors - sector;
}

static bool outside(uint64_t sector, size_t size)
{
    return size % block_double.info.sector_size != 0 || beyond(sector, size / block_double.info.sector_size);
}

static bool fails(long *until)
{
    if (*until < 0)
        return false;
    if (*until == 0)
        return true;
    --*until;
    return false;
}

int block_info(struct block_info *info)
{
    *info = block_double.info;
    return 0;
}

int block_read(uint64_t sector, void *buffer, size_t size)
{
    if (outside(sector, size))
        return -EINVAL;
    uint64_t bad = block_double.bad_sector, unit = block_double.info.sector_size;
    if (block_double.pause)
        block_double.pause();
    if (bad >= sector && bad - sector < size / unit)
        return -EIO;
    memcpy(buffer, block_double.bytes + sector * unit, size);
    return 0;
}

int block_write(uint64_t sector, const void *buffer, size_t size)
{
    if (block_double.info.read_only)
        return -EROFS;
    if (outside(sector, size))
        return -EINVAL;
    if (block_double.pause)
        block_double.pause();
    uint32_t unit = block_double.info.sector_size;
    for (size_t i = 0; i < size / unit; i++) {
        if (fails(&block_double.writes_until_failure))
            return -EIO;
        const unsigned char *from = (const unsigned char *)buffer + i * unit;
        memcpy(block_double.bytes + (sector + i) * unit, from, unit);
        note(BLOCK_EVENT_WRITE, sector + i, from);
    }
    return 0;
}

int block_flush(void)
{
    if (block_double.pause)
        block_double.pause();
    if (fails(&block_double.flushes_until_failure))
        return -EIO;
    note(BLOCK_EVENT_FLUSH, 0, NULL);
    return 0;
}

int block_zero(uint64_t sector, uint64_t count)
{
    static const unsigned char zeroes[65536];
    if (!block_double.info.read_only && beyond(sector, count))
        return -EINVAL;
    int error = 0;
    for (; !error && count > 0; sector++, count--)
        error = block_write(sector, zeroes, block_double.info.sector_size);
    return error;
}

void block_double_rot(unsigned char *sector)
{
    static unsigned char with;
    memset(sector, ++with, block_double.info.sector_size);
}

int block_discard(uint64_t sector, uint64_t count)
{
    if (block_double.info.read_only)
        return -EROFS;
    if (beyond(sector, count))
        return -EINVAL;
    if (block_double.pause)
        block_double.pause();
    if (block_double.discard_fails)
        return -EIO;
    for (; count > 0; sector++, count--) {
        block_double_rot(block_double.bytes + sector * block_double.info.sector_size);
        note(BLOCK_EVENT_DISCARD, sector, NULL);
    }
    return 0;
}
