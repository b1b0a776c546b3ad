/*
 * fuzz_kv_block.c - a libFuzzer target: a device that holds anything, opened as a store.
 *
 * The first byte says how the rest becomes a device: with which sectors, and whether the sums of slots and records are put
 * right, so that the fuzzer need not find them.  Whatever the device holds, opening it ends; what opens can be walked, read, changed and opened again,
 * and then holds what was written.
 *
 * Built by tests/suites/fuzz.py; corpus in corpus/kv_block.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../libs/kv_block/crc64.h"
#include "../../libs/kv_block/format.h"
#include "../../libs/kv_block/kv_block.h"
#include "../unit/runtime/block_double.h"
#include "log.h"
#include "task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SECTORS = 60, BUFFER = 4096 };

int test_kv_format;

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* One task alone never waits. */
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
    abort();
}

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    (void)level, (void)component, (void)format;
}

static void put(unsigned char *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

/* ---- sums ---- */

/* The records of the log that slot 0 names, as far as they go: each gets its sum, and that of the one before. */
static uint64_t right_records(const struct slot *slot)
{
    uint32_t unit = block_double.info.sector_size;
    uint64_t before = slot->seed;
    for (uint64_t at = 0; at < slot->used;) {
        unsigned char *bytes = block_double.bytes + (log_sector(slot->log, slot->sectors, unit) + at) * unit;
        struct head head;
        put(bytes + 32, before);
        if (!head_read(&head, bytes))
            break;
        uint64_t sectors = record_sectors(head.key_size, head.value_size, unit);
        if (sectors > slot->used - at)
            break;
        put(bytes + 24, crc64(0, bytes + HEAD_BYTES + head.key_size, head.value_size));
        put(bytes + 48, before = crc64(crc64(0, bytes, HEAD_BYTES - 8), bytes + HEAD_BYTES, head.key_size));
        at += sectors;
    }
    return before;
}

static void right_slots(bool both)
{
    uint32_t unit = block_double.info.sector_size;
    for (unsigned which = 0; which < 2; which++) {
        unsigned char *bytes = block_double.bytes + slot_sector(which, unit) * unit;
        struct slot slot;
        put(bytes + 72, crc64(0, bytes, 72));
        if (slot_read(&slot, bytes, unit) == SLOT_GOOD && slot.sectors <= block_double.info.sectors)
            put(bytes + 56, right_records(&slot));
        put(bytes + 72, crc64(0, bytes, 72));
        if (both && which == 0)
            memcpy(block_double.bytes + slot_sector(1, unit) * unit, bytes, SLOT_BYTES);
    }
}

/* ---- what opens ---- */

static size_t walk(void)
{
    static char buffer[BUFFER], last[1024];
    size_t count = 0, last_size = 0;
    for (struct view key = {}; kv_block_next(key, &key) == 0; count++) {
        require(kv_key_valid(key));
        require(count == 0 || kv_key_compare((struct view){last, last_size}, key) < 0);
        int64_t size = kv_block_get(key, buffer, sizeof buffer);
        require(size >= 0 || size == -EIO);
        require(size == -EIO || kv_block_get(key, NULL, 0) == size);
        memcpy(last, key.bytes, last_size = key.size);
    }
    return count;
}

static void holds(const char *key, const char *value)
{
    char buffer[16];
    require(kv_block_get(view_of(key), buffer, sizeof buffer) == (int64_t)strlen(value));
    require(memcmp(buffer, value, strlen(value)) == 0);
}

static void use(void)
{
    size_t count = walk();
    bool known = kv_block_get(VIEW("new"), NULL, 0) >= 0;
    if (kv_block_set(VIEW("new"), VIEW("value")) != 0) {
        require(walk() == count);
        return;
    }
    holds("new", "value");
    for (int i = 0; i < 2 * SECTORS; i++) /* through both logs */
        if (kv_block_set(VIEW("new"), VIEW("again")) != 0)
            return; /* a record that cannot be moved */
    struct view key;
    require(kv_block_next((struct view){}, &key) == 0);
    bool own = view_equal(key, VIEW("new"));
    if (!own)
        require(kv_block_remove(key) == 0);
    kv_block_stop();
    test_kv_format = 0;
    require(kv_block_start() == 0);
    require(walk() == count + !known - !own);
    holds("new", "again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    bool wide = data[0] & 1, sums = data[0] & 2, both = data[0] & 4;
    block_double_begin(wide ? 20 : SECTORS, wide ? 4096 : 512);
    test_kv_format = data[0] >> 4 & 3;
    block_double.info.read_only = data[0] & 8;
    size_t room = block_double.info.sectors * block_double.info.sector_size;
    /* pieces of 128 bytes, each at the beginning of a sector that its first byte names */
    for (data++, size--; size > 1; ) {
        size_t part = size - 1 < 128 ? size - 1 : 128;
        size_t at = data[0] % block_double.info.sectors * block_double.info.sector_size;
        require(at + part <= room);
        memcpy(block_double.bytes + at, data + 1, part);
        data += part + 1, size -= part + 1;
    }
    if (sums)
        right_slots(both);
    if (kv_block_start() == 0)
        use();
    kv_block_stop();
    block_double_end();
    return 0;
}
