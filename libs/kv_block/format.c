/*
 * format.c - slots and heads as bytes.
 */
#include "format.h"

#include <string.h>
#include <ukc/kv_key.h>
#include "crc64.h"

static const char slot_magic[8] = {'u', 'k', 'c', ' ', 'k', 'v', '\r', '\n'};
static const char head_magic[8] = {'u', 'k', 'c', ' ', 'r', 'e', 'c', '\n'};

static void put(unsigned char *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t take(const unsigned char *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)from[i] << 8 * i;
    return value;
}

/* ---- slots ---- */

void slot_write(const struct slot *slot, unsigned char bytes[SLOT_BYTES])
{
    memset(bytes, 0, SLOT_BYTES);
    memcpy(bytes, slot_magic, sizeof slot_magic);
    put(bytes + 8, FORMAT_VERSION, 4);
    put(bytes + 12, slot->sector_size, 4);
    put(bytes + 16, slot->sectors, 8);
    put(bytes + 24, slot->sequence, 8);
    put(bytes + 32, slot->log, 4);
    put(bytes + 40, slot->seed, 8);
    put(bytes + 48, slot->used, 8);
    put(bytes + 56, slot->last, 8);
    put(bytes + 72, crc64(0, bytes, 72), 8);
}

static bool sensible(const struct slot *slot)
{
    uint64_t most = log_sectors(slot->sectors, slot->sector_size);
    return slot->log <= 1 && slot->sectors <= INT64_MAX / SECTOR_MOST && slot->sequence < UINT64_MAX && most > 0 && slot->used <= most &&
           (slot->used > 0 || slot->last == slot->seed);
}

static bool all_zero(const unsigned char *bytes, size_t size)
{
    while (size > 0 && *bytes == 0)
        bytes++, size--;
    return size == 0;
}

enum slot_state slot_read(struct slot *slot, const unsigned char bytes[SLOT_BYTES], uint32_t sector_size)
{
    if (all_zero(bytes, SLOT_BYTES))
        return SLOT_ZERO;
    bool ours = memcmp(bytes, slot_magic, sizeof slot_magic) == 0;
    if (take(bytes + 72, 8) != crc64(0, bytes, 72))
        return ours ? SLOT_BAD : SLOT_FOREIGN;
    if (!ours)
        return SLOT_FOREIGN;
    if (take(bytes + 8, 4) != FORMAT_VERSION)
        return SLOT_NEWER;
    *slot = (struct slot){
        .sector_size = (uint32_t)take(bytes + 12, 4), .sectors = take(bytes + 16, 8), .sequence = take(bytes + 24, 8),
        .log = (uint32_t)take(bytes + 32, 4), .seed = take(bytes + 40, 8), .used = take(bytes + 48, 8), .last = take(bytes + 56, 8),
    };
    if (slot->sector_size != sector_size)
        return SLOT_OTHER_SECTORS;
    return sensible(slot) ? SLOT_GOOD : SLOT_BAD;
}

/* ---- heads ---- */

static uint64_t sum_of(const unsigned char bytes[HEAD_BYTES], struct view key)
{
    return crc64(crc64(0, bytes, HEAD_BYTES - 8), key.bytes, key.size);
}

static void head_bytes(const struct head *head, unsigned char bytes[HEAD_BYTES])
{
    memset(bytes, 0, HEAD_BYTES);
    memcpy(bytes, head_magic, sizeof head_magic);
    put(bytes + 8, head->removal, 4);
    put(bytes + 12, head->key_size, 4);
    put(bytes + 16, head->value_size, 8);
    put(bytes + 24, head->value_sum, 8);
    put(bytes + 32, head->before, 8);
    put(bytes + 48, head->sum, 8);
}

void head_write(struct head *head, struct view key, unsigned char bytes[HEAD_BYTES])
{
    head->key_size = (uint32_t)key.size;
    head_bytes(head, bytes);
    head->sum = sum_of(bytes, key);
    put(bytes + 48, head->sum, 8);
}

bool head_read(struct head *head, const unsigned char bytes[HEAD_BYTES])
{
    *head = (struct head){
        .removal = take(bytes + 8, 4) & 1, .key_size = (uint32_t)take(bytes + 12, 4), .value_size = take(bytes + 16, 8),
        .value_sum = take(bytes + 24, 8), .before = take(bytes + 32, 8), .sum = take(bytes + 48, 8),
    };
    unsigned char again[HEAD_BYTES]; /* what a head does not have must be zero */
    head_bytes(head, again);
    return memcmp(again, bytes, HEAD_BYTES) == 0 && head->key_size > 0 && head->key_size <= KV_KEY_MOST && head->value_size <= INT64_MAX / 2 &&
           !(head->removal && head->value_size > 0);
}

bool head_holds(const struct head *head, struct view key)
{
    unsigned char bytes[HEAD_BYTES];
    head_bytes(head, bytes);
    return head->key_size == key.size && sum_of(bytes, key) == head->sum && kv_key_valid(key);
}

/* ---- places ---- */

static uint64_t slot_room(uint32_t sector_size)
{
    return sector_size < SLOTS_APART ? SLOTS_APART / sector_size : 1;
}

uint64_t slot_sector(unsigned which, uint32_t sector_size)
{
    return which * slot_room(sector_size);
}

uint64_t log_sectors(uint64_t sectors, uint32_t sector_size)
{
    uint64_t slots = 2 * slot_room(sector_size);
    uint64_t each = sectors > slots ? (sectors - slots) / 2 : 0;
    return each < LOG_LEAST ? 0 : each;
}

uint64_t log_sector(unsigned which, uint64_t sectors, uint32_t sector_size)
{
    return 2 * slot_room(sector_size) + which * log_sectors(sectors, sector_size);
}

uint64_t record_sectors(uint64_t key_size, uint64_t value_size, uint32_t sector_size)
{
    return (HEAD_BYTES + key_size + value_size + sector_size - 1) / sector_size;
}
