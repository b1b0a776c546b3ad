/*
 * mount.c - the store that is on the device: which slot is right, and what its log holds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/kv_key.h>

#include "internal.h"
#include "keys.h"
#include "log.h"

#define U(number) ((unsigned long long)(number))

struct found {
    enum slot_state state[2];
    struct slot slot[2];
};

static int refuse(int error, const char *why)
{
    log_write(LOG_LEVEL_ERROR, COMPONENT, "%s", why);
    return error;
}

/* ---- slots ---- */

int slot_put(unsigned which, const struct slot *slot)
{
    memset(kv.buffer, 0, kv.device.sector_size);
    slot_write(slot, kv.buffer);
    return block_write(slot_sector(which, kv.device.sector_size), kv.buffer, kv.device.sector_size);
}

/* A sector that cannot be read may be one whose writing power interrupted. */
static int read_slots(struct found *found)
{
    for (unsigned which = 0; which < 2; which++) {
        int error = block_read(slot_sector(which, kv.device.sector_size), kv.buffer, kv.device.sector_size);
        if (error && error != -EIO)
            return error;
        found->state[which] = error ? SLOT_BAD : slot_read(&found->slot[which], kv.buffer, kv.device.sector_size);
    }
    return 0;
}

static int format(const struct slot *empty)
{
    memset(kv.buffer, 0, kv.device.sector_size);
    int error = 0;
    for (unsigned which = 0; !error && which < 2; which++)
        error = block_write(slot_sector(which, kv.device.sector_size), kv.buffer, kv.device.sector_size);
    if (!error)
        error = block_flush();
    for (unsigned which = 0; !error && which < 2; which++) {
        error = slot_put(which, empty);
        if (!error)
            error = block_flush();
    }
    if (error)
        return refuse(error, "a new store cannot be written to the device");
    kv.now = *empty;
    log_write(LOG_LEVEL_NOTICE, COMPONENT, "a new store, of %llu sectors of %u bytes", U(empty->sectors), empty->sector_size);
    return 0;
}

/* ---- the log ---- */

/* One record: what it does to the index.  -EBADMSG: it is not one. */
static int read_record(const struct slot *slot, uint64_t at, uint64_t before, bool values, struct head *head)
{
    uint32_t sector = kv.device.sector_size;
    uint64_t front = record_sectors(KV_KEY_MOST, 0, sector), left = slot->used - at;
    int error = block_read(place(slot->log, at), kv.buffer, (size_t)(front < left ? front : left) * sector);
    if (error)
        return error;
    struct view key = {(char *)kv.buffer + HEAD_BYTES, 0};
    if (!head_read(head, kv.buffer) || head->before != before || sectors_of(head->key_size, head->value_size) > left)
        return -EBADMSG;
    key.size = head->key_size;
    bool known;
    if (!head_holds(head, key))
        return -EBADMSG;
    size_t old = index_find(&kv.index, key, &known);
    if (known)
        kv.live -= sectors_of(key.size, kv.index.entries[old].value_size);
    if (head->removal) {
        if (!known)
            return -EBADMSG;
        index_remove(&kv.index, old);
        return 0;
    }
    struct entry entry = {index_prepare(&kv.index, key), head->key_size, head->value_size, head->value_sum, at, 0};
    if (entry.key == NULL)
        return -ENOMEM;
    index_put(&kv.index, entry);
    kv.live += sectors_of(head->key_size, head->value_size);
    return values ? record_value(slot->log, at, head->key_size, head->value_size, head->value_sum, NULL, 0) : 0;
}

/* `values`: check these too.  *at is then where it failed. */
static int read_log(const struct slot *slot, bool values, uint64_t *at)
{
    uint64_t before = slot->seed;
    index_clear(&kv.index);
    kv.now = *slot;
    kv.live = 0;
    for (*at = 0; *at < slot->used;) {
        struct head head;
        int error = read_record(slot, *at, before, values, &head);
        if (error)
            return error;
        before = head.sum;
        *at += sectors_of(head.key_size, head.value_size);
    }
    return before == slot->last ? 0 : -EBADMSG;
}

static int read_settled(const struct slot *slot)
{
    uint64_t at;
    int error = read_log(slot, false, &at);
    if (error == -EBADMSG)
        log_write(LOG_LEVEL_ERROR, COMPONENT, "the store is damaged at sector %llu: bring it back from a copy, or begin anew with format=always",
                  U(place(slot->log, at)));
    else if (error)
        log_write(LOG_LEVEL_ERROR, COMPONENT, "reading the store failed at sector %llu", U(place(slot->log, at)));
    return error == -EBADMSG ? -EIO : error;
}

/* ---- which slot ---- */

static bool equal(const struct slot *a, const struct slot *b)
{
    unsigned char first[SLOT_BYTES], second[SLOT_BYTES];
    slot_write(a, first);
    slot_write(b, second);
    return memcmp(first, second, SLOT_BYTES) == 0;
}

/*
 * The one that is not in use is made like the other.  What was read may not be on the device yet, if it was the program and not
 * the machine that ended: hence the first flush.
 */
static int repair(unsigned chosen)
{
    if (kv.device.read_only)
        return 0;
    int error = block_flush();
    if (!error)
        error = slot_put(!chosen, &kv.now);
    if (!error)
        error = block_flush();
    return error ? refuse(error, "the device cannot be written") : 0;
}

/* Slot 0 is a change ahead of slot 1: the change counts if it is whole. */
static int open_ahead(const struct found *found)
{
    uint64_t at;
    int error = read_log(&found->slot[0], true, &at);
    if (error == 0)
        return repair(0);
    if (error != -EBADMSG && error != -EIO)
        return error;
    log_write(LOG_LEVEL_NOTICE, COMPONENT, "a change that was interrupted is forgotten");
    error = read_settled(&found->slot[1]);
    return error ? error : repair(1);
}

static int open_store(const struct found *found)
{
    const struct slot *slots = found->slot;
    bool first = found->state[0] == SLOT_GOOD, second = found->state[1] == SLOT_GOOD;
    for (unsigned which = 0; which < 2; which++)
        if (found->state[which] == SLOT_GOOD && slots[which].sectors > kv.device.sectors)
            return refuse(-EIO, "the device is smaller than it was when the store was made: a part is missing");
    if (first && second) {
        if (equal(&slots[0], &slots[1]))
            return read_settled(&slots[0]);
        if (slots[0].sequence == slots[1].sequence + 1 && slots[0].sectors == slots[1].sectors)
            return open_ahead(found);
        return refuse(-EIO, "the two slots of the store contradict each other: bring it back from a copy, or begin anew with format=always");
    }
    unsigned chosen = first ? 0 : 1;
    log_write(LOG_LEVEL_NOTICE, COMPONENT, "slot %u is damaged or was interrupted; slot %u is good", !chosen, chosen);
    int error = read_settled(&slots[chosen]);
    return error ? error : repair(chosen);
}

/* ---- no store ---- */

static bool either(const struct found *found, enum slot_state state)
{
    return found->state[0] == state || found->state[1] == state;
}

static int no_store(const struct found *found, const struct slot *empty)
{
    bool blank;
    int error = device_blank(empty, &blank);
    if (error)
        return refuse(error, "the device cannot be read");
    if (!blank && either(found, SLOT_NEWER))
        return refuse(-EINVAL, "the store was made by a later version; format=always begins anew");
    if (!blank && either(found, SLOT_OTHER_SECTORS))
        return refuse(-EINVAL, "the store was made with sectors of another size; format=always begins anew");
    if (!blank && either(found, SLOT_BAD))
        return refuse(-EIO, "both slots of the store are damaged: bring it back from a copy, or begin anew with format=always");
    if (!blank && KEY_FORMAT != KEY_FORMAT_OTHER)
        return refuse(-EINVAL, "the device holds something, and it is no store of this kind: use another device, or overwrite it with format=other");
    if (KEY_FORMAT == KEY_FORMAT_NEVER)
        return refuse(-EINVAL, "the device is blank, and format=never");
    if (kv.device.read_only)
        return refuse(-EROFS, "there is no store on the device, and it cannot be written");
    return format(empty);
}

int store_mount(void)
{
    struct slot empty = {.sector_size = kv.device.sector_size, .sectors = kv.device.sectors};
    struct found found = {0};
    if (KEY_FORMAT == KEY_FORMAT_ALWAYS)
        return kv.device.read_only ? refuse(-EROFS, "format=always, and the device cannot be written") : format(&empty);
    int error = read_slots(&found);
    if (error)
        return refuse(error, "the device cannot be read");
    return either(&found, SLOT_GOOD) ? open_store(&found) : no_store(&found, &empty);
}
