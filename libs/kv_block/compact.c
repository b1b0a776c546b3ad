/*
 * compact.c - records, and the log written anew without those that were replaced.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crc64.h"
#include "internal.h"
#include "log.h"

int record_write(unsigned log, uint64_t at, struct head *head, struct view key, struct view value)
{
    size_t size = (size_t)sectors_of(key.size, value.size) * kv.device.sector_size;
    unsigned char *bytes = calloc(1, size);
    if (bytes == NULL)
        return -ENOMEM;
    unsigned char *to = bytes + HEAD_BYTES + key.size;
    memcpy(bytes + HEAD_BYTES, key.bytes, key.size);
    if (value.size > 0)
        memcpy(to, value.bytes, value.size);
    head->value_size = value.size;
    head->value_sum = crc64(0, to, value.size);
    head_write(head, key, bytes);
    int error = block_write(place(log, at), bytes, size);
    free(bytes);
    return error;
}

int record_value(unsigned log, uint64_t at, size_t key_size, uint64_t value_size, uint64_t sum, void *copy, size_t size)
{
    uint32_t sector = kv.device.sector_size;
    uint64_t from = HEAD_BYTES + key_size, end = from + value_size, found = 0, done = from / sector * sector;
    size_t copied = 0;
    while (value_size > 0 && done < end) {
        size_t left = (size_t)(sectors_of(key_size, value_size) * sector - done < BUFFER_BYTES ? sectors_of(key_size, value_size) * sector - done : BUFFER_BYTES);
        int error = block_read(place(log, at + done / sector), kv.buffer, left);
        if (error)
            return error;
        size_t skip = done < from ? (size_t)(from - done) : 0;
        size_t bytes = (size_t)(end - done < left ? end - done : left) - skip;
        found = crc64(found, kv.buffer + skip, bytes);
        size_t want = bytes < size - copied ? bytes : size - copied;
        if (want > 0)
            memcpy((char *)copy + copied, kv.buffer + skip, want);
        copied += want;
        done += left;
    }
    return found == sum ? 0 : -EBADMSG;
}

/* A value that is damaged stays so: its sum goes with it. */
static int move(const struct entry *entry, struct slot *next)
{
    uint32_t sector = kv.device.sector_size;
    uint64_t size = sectors_of(entry->key_size, entry->value_size) * sector;
    struct head head = {.value_size = entry->value_size, .value_sum = entry->value_sum, .before = next->last};
    unsigned char bytes[HEAD_BYTES];
    head_write(&head, entry_key(entry), bytes);
    for (uint64_t done = 0; done < size;) {
        size_t part = size - done < BUFFER_BYTES ? (size_t)(size - done) : BUFFER_BYTES;
        uint64_t from = place(kv.now.log, entry->at + done / sector);
        int error = block_read(from, kv.buffer, part);
        if (error) {
            log_write(LOG_LEVEL_ERROR, COMPONENT, "sectors from %llu on cannot be read: the key %.*s stands in the way of every change; remove it",
                      (unsigned long long)from, (int)entry->key_size, entry->key);
            return error;
        }
        if (done == 0) {
            size_t in_first = HEAD_BYTES + entry->key_size < part ? HEAD_BYTES + entry->key_size : part;
            unsigned char front[HEAD_BYTES + 1024];
            memcpy(front, bytes, HEAD_BYTES);
            memcpy(front + HEAD_BYTES, entry->key, entry->key_size);
            memcpy(kv.buffer, front, in_first);
        }
        error = block_write(place(next->log, next->used + done / sector), kv.buffer, part);
        if (error)
            return error;
        done += part;
    }
    next->used += size / sector;
    next->last = head.sum;
    return 0;
}

int store_compact(struct view except, struct slot *next)
{
    next->log = !kv.now.log;
    next->seed = next->last = next->sequence;
    next->used = 0;
    for (size_t i = 0; i < kv.index.count; i++) {
        struct entry *entry = &kv.index.entries[i];
        if (view_equal(entry_key(entry), except))
            continue;
        entry->moved = next->used;
        int error = move(entry, next);
        if (error)
            return error;
    }
    return 0;
}
