/*
 * kv_block.c - keys and values on a device of sectors.
 *
 * Changes are written one after the other into a log; what is where is in memory.  When the log is full, what still counts is
 * written to the other one (compact.c).  How a change becomes valid is said in internal.h, the bytes in format.h.
 *
 * One task at a time works on the device, in the order in which they come.
 */
#include "kv_block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/kv_key.h>

#include "internal.h"
#include "keys.h"
#include "lock.h"
#include "log.h"

struct store kv;

/* ---- start ---- */

static int check_device(void)
{
    uint32_t size = kv.device.sector_size;
    if (size < SECTOR_LEAST || size > SECTOR_MOST || (size & (size - 1)) != 0 || kv.device.sectors > INT64_MAX / SECTOR_MOST) {
        log_write(LOG_LEVEL_ERROR, COMPONENT, "a device of %llu sectors of %u bytes cannot be used", (unsigned long long)kv.device.sectors, size);
        return -EINVAL;
    }
    if (log_sectors(kv.device.sectors, size) > 0)
        return 0;
    log_write(LOG_LEVEL_ERROR, COMPONENT, "the device is too small: it has %llu sectors of %u bytes, and a store needs %llu",
              (unsigned long long)kv.device.sectors, size, (unsigned long long)(2 * slot_sector(1, size) + 2 * LOG_LEAST));
    return -ENOSPC;
}

int kv_block_start(void)
{
    int error = block_info(&kv.device);
    if (!error)
        error = check_device();
    if (error)
        return error;
    kv.buffer = malloc(BUFFER_BYTES);
    if (kv.buffer == NULL)
        return -ENOMEM;
    error = store_mount();
    if (error)
        kv_block_stop();
    return error;
}

void kv_block_stop(void)
{
    index_clear(&kv.index);
    free(kv.buffer);
    kv = (struct store){0};
}

static uint64_t value_most(void)
{
    uint64_t bytes = live_most() * kv.device.sector_size, front = HEAD_BYTES + KV_KEY_MOST;
    uint64_t most = bytes > front ? bytes - front : 0;
    return most < (uint64_t)KEY_VALUE_BYTES ? most : (uint64_t)KEY_VALUE_BYTES;
}

void kv_block_limits(struct kv_rw_limits *limits)
{
    *limits = (struct kv_rw_limits){.key_most = KV_KEY_MOST, .value_most = value_most()};
}

/* ---- reading ---- */

static int64_t get(struct view key, void *buffer, size_t size)
{
    bool known;
    size_t at = index_find(&kv.index, key, &known);
    if (!known)
        return -ENOENT;
    struct entry e = kv.index.entries[at];
    if (size == 0)
        return (int64_t)e.value_size;
    int error = record_value(kv.now.log, e.at, e.key_size, e.value_size, e.value_sum, buffer, size);
    if (error == -EBADMSG) {
        log_write(LOG_LEVEL_ERROR, COMPONENT, "the value of %.*s is damaged, at sector %llu", (int)key.size, key.bytes,
                  (unsigned long long)place(kv.now.log, e.at));
        error = -EIO;
    }
    return error ? error : (int64_t)e.value_size;
}

int64_t kv_block_get(struct view key, void *buffer, size_t size)
{
    if (!kv_key_valid(key))
        return -EINVAL;
    int error = lock_take();
    if (error)
        return error;
    int64_t result = get(key, buffer, size);
    lock_release();
    return result;
}

/* Never waits: the index changes between two waits of whoever changes it. */
int kv_block_next(struct view after, struct view *key)
{
    static char last[KV_KEY_MOST]; /* `after` may lie in it */
    bool known = false;
    size_t at = after.size > 0 ? index_find(&kv.index, after, &known) : 0;
    at += known;
    if (at == kv.index.count)
        return -ENOENT;
    struct view next = entry_key(&kv.index.entries[at]);
    memcpy(last, next.bytes, next.size);
    *key = (struct view){last, next.size};
    return 0;
}

/* ---- writing ---- */

/*
 * What has been written counts from now on.  Once slot 0 is safe so is the change, whatever becomes of slot 1; but the next one would
 * not be.
 */
static int commit(const struct slot *next)
{
    int error = slot_put(0, next), later = 0;
    if (!error)
        error = block_flush();
    if (!error)
        later = slot_put(1, next);
    if (!error && !later)
        later = block_flush();
    if (error || later) {
        kv.broken = true;
        log_write(LOG_LEVEL_ERROR, COMPONENT, "the device failed while a change became valid: nothing more is written until the store is opened again");
    }
    return error ? -EIO : 0;
}

static void use_other_log(void)
{
    for (size_t i = 0; i < kv.index.count; i++)
        kv.index.entries[i].at = kv.index.entries[i].moved;
}

/*
 * Both slots name one log, so whatever becomes of the power nobody reads the other before it is written anew: the device may
 * have its room.  A slot that could not be written may name it still.  A device that fails here fails a hint.
 */
static void forget_other_log(void)
{
    if (!kv.broken)
        block_discard(place(!kv.now.log, 0), log_sectors(kv.now.sectors, kv.device.sector_size));
}

/* Room for a record at the end of *next, by compaction if need be: without `key`, whose record is the one to come or is removed. */
static int make_room(struct view key, uint64_t need, struct slot *next, bool *compacted)
{
    *next = kv.now;
    next->sequence++;
    *compacted = need > log_sectors(kv.now.sectors, kv.device.sector_size) - kv.now.used;
    return *compacted ? store_compact(key, next) : 0;
}

static int append(struct slot *next, bool removal, struct view key, struct view value, struct head *head)
{
    *head = (struct head){.removal = removal, .before = next->last};
    int error = record_write(next->log, next->used, head, key, value);
    next->used += sectors_of(key.size, value.size);
    next->last = head->sum;
    return error;
}

static int set(struct view key, struct view value)
{
    bool known, compacted;
    size_t old = index_find(&kv.index, key, &known);
    uint64_t need = sectors_of(key.size, value.size), freed = known ? sectors_of(key.size, kv.index.entries[old].value_size) : 0;
    if (kv.live - freed + need > live_most())
        return -ENOSPC;
    char *copy = index_prepare(&kv.index, key);
    if (copy == NULL)
        return -ENOMEM;
    struct slot next;
    struct head head;
    int error = make_room(key, need, &next, &compacted);
    uint64_t at = next.used;
    if (!error)
        error = append(&next, false, key, value, &head);
    if (!error)
        error = commit(&next);
    if (error) {
        free(copy);
        return error;
    }
    if (compacted)
        use_other_log();
    kv.now = next;
    kv.live += need - freed;
    index_put(&kv.index, (struct entry){copy, (uint32_t)key.size, value.size, head.value_sum, at, 0});
    if (compacted)
        forget_other_log();
    return 0;
}

/* A log that was written anew without the key needs no record of its removal: so a full device can be emptied. */
static int remove_key(struct view key)
{
    bool known, compacted;
    size_t old = index_find(&kv.index, key, &known);
    if (!known)
        return -ENOENT;
    uint64_t freed = sectors_of(key.size, kv.index.entries[old].value_size);
    struct slot next;
    struct head head;
    int error = make_room(key, sectors_of(key.size, 0), &next, &compacted);
    if (!error && !compacted)
        error = append(&next, true, key, (struct view){}, &head);
    if (!error)
        error = commit(&next);
    if (error)
        return error;
    index_remove(&kv.index, old);
    if (compacted)
        use_other_log();
    kv.now = next;
    kv.live -= freed;
    if (compacted)
        forget_other_log();
    return 0;
}

static int may_write(struct view key)
{
    if (!kv_key_valid(key))
        return -EINVAL;
    return kv.device.read_only ? -EROFS : 0;
}

int kv_block_set(struct view key, struct view value)
{
    int error = may_write(key);
    if (error)
        return error;
    if (value.size > value_most())
        return -EFBIG;
    error = lock_take();
    if (error)
        return error;
    error = kv.broken ? -EIO : set(key, value);
    lock_release();
    return error;
}

int kv_block_remove(struct view key)
{
    int error = may_write(key);
    if (!error)
        error = lock_take();
    if (error)
        return error;
    error = kv.broken ? -EIO : remove_key(key);
    lock_release();
    return error;
}
