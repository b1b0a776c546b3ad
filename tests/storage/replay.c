/*
 * replay.c - power is lost at every flush of a disk whose life QEMU's blklogwrites has logged.
 *
 *     replay LOG SECTORS KEY COMBINATIONS
 *
 * The log's format is that of Linux' dm-log-writes: a sector with magic, version, number of entries and sector size; then for each entry
 * a sector that says where, how much and flags, and the data, which a discard has none of.  Numbers are little-endian.
 *
 * Prints, for each flush, the number that KEY has when all before it has arrived.  Of what lies between two flushes any
 * sectors may have arrived: with all combinations, or a sample of so many, the number must be that before or that after.  Those that
 * were discarded are there still, or zeros, or anything.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libs/kv_block/kv_block.h"
#include "../unit/runtime/block_double.h"
#include "log.h"
#include "task.h"

#define MAGIC UINT64_C(0x6a736677736872)

enum { FLUSH = 1, FUA = 2, DISCARD = 4, UNIT = 512, PENDING_MOST = 4096 };

int test_kv_format = 1;

static unsigned char *log_bytes, *flushed;
static size_t log_size, device_size;
static const char *key;
static struct pending {
    uint64_t sector;
    const unsigned char *bytes; /* NULL: discarded */
} pending[PENDING_MOST];
static size_t pending_count, tried, discarded;

struct task *task_self(void)
{
    return NULL;
}

int task_park(int64_t deadline)
{
    (void)deadline;
    abort();
}

void task_wake(struct task *task)
{
    (void)task;
}

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    va_list arguments;
    if (level > LOG_LEVEL_WARNING)
        return;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", component);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static _Noreturn void fail(const char *why)
{
    fprintf(stderr, "replay: %s\n", why);
    exit(1);
}

static uint64_t number_at(size_t at, size_t size)
{
    uint64_t value = 0;
    if (at > log_size || size > log_size - at)
        fail("the log ends early");
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)log_bytes[at + i] << 8 * i;
    return value;
}

static void read_all(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail("the log cannot be read");
    log_size = (size_t)ftell(file);
    rewind(file);
    log_bytes = malloc(log_size + 1);
    if (log_bytes == NULL || fread(log_bytes, 1, log_size, file) != log_size)
        fail("the log cannot be read");
    fclose(file);
}

/* The number that the device, as it is now, has for the key. */
static long number(void)
{
    char digits[24] = "";
    tried++;
    if (kv_block_start() != 0)
        fail("a device cannot be opened after power was lost");
    int64_t size = kv_block_get(view_of(key), digits, sizeof digits - 1);
    if (size < 0 && size != -ENOENT)
        fail("the number cannot be read after power was lost");
    kv_block_stop();
    return strtol(digits, NULL, 10);
}

static void arrive(unsigned char *device, const struct pending *p)
{
    unsigned char *sector = device + p->sector * UNIT;
    if (p->bytes)
        memcpy(sector, p->bytes, UNIT);
    else if (random() & 1)
        memset(sector, 0, UNIT);
    else
        block_double_rot(sector);
}

static long with_all(void)
{
    memcpy(block_double.bytes, flushed, device_size);
    return number();
}

static void lose(unsigned long combinations)
{
    long before = with_all();
    unsigned char *earlier = malloc(device_size);
    if (earlier == NULL)
        fail("no memory");
    memcpy(earlier, flushed, device_size);
    for (size_t i = 0; i < pending_count; i++)
        arrive(flushed, &pending[i]);
    long after = with_all();
    bool all = pending_count < 20 && 1ul << pending_count <= combinations;
    for (unsigned long c = 0; c < (all ? 1ul << pending_count : combinations); c++) {
        memcpy(block_double.bytes, earlier, device_size);
        for (size_t i = 0; i < pending_count; i++)
            if (all ? c >> i & 1 : (unsigned long)random() & 1)
                arrive(block_double.bytes, &pending[i]);
        long now = number();
        if (now != before && now != after) {
            fprintf(stderr, "replay: %ld, neither %ld nor %ld\n", now, before, after);
            exit(1);
        }
    }
    free(earlier);
    pending_count = 0;
    printf("%ld\n", after);
}

static size_t entry(size_t at, unsigned long combinations)
{
    uint64_t sector = number_at(at, 8), count = number_at(at + 8, 8), flags = number_at(at + 16, 8);
    bool data = !(flags & DISCARD);
    at += UNIT;
    if (flags & FUA)
        fail("the store writes, discards and flushes, and does nothing else");
    for (uint64_t i = 0; i < count; i++, at += data ? UNIT : 0) {
        if (pending_count == PENDING_MOST || sector + i >= device_size / UNIT || (data && at + UNIT > log_size))
            fail("an entry of the log makes no sense");
        pending[pending_count++] = (struct pending){sector + i, data ? log_bytes + at : NULL};
        discarded += !data;
    }
    if (flags & FLUSH)
        lose(combinations);
    return at;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        fail("LOG SECTORS KEY COMBINATIONS");
    read_all(argv[1]);
    block_double_begin(strtoull(argv[2], NULL, 10), UNIT);
    device_size = (size_t)(block_double.info.sectors * UNIT);
    flushed = calloc(1, device_size);
    key = argv[3];
    if (flushed == NULL || number_at(0, 8) != MAGIC || number_at(8, 8) != 1 || number_at(24, 4) != UNIT)
        fail("this is no log");
    uint64_t entries = number_at(16, 8);
    size_t at = UNIT;
    for (uint64_t i = 0; i < entries; i++)
        at = entry(at, strtoul(argv[4], NULL, 10));
    fprintf(stderr, "%zu devices, %zu sectors discarded\n", tried, discarded);
    free(flushed);
    free(log_bytes);
    block_double_end();
    return 0;
}
