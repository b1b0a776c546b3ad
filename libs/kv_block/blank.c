/*
 * blank.c - whether a device holds nothing.
 *
 * Not all of it is read: file systems, partition tables, volumes and this store itself all leave something in the first MiB,
 * the last one, or at the beginning of a log.
 *
 * Power may have been lost while a store was made: of a slot, any bytes may have arrived.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

enum { LOOK = 1 << 20 };

static bool all_zero(const unsigned char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static bool half_made(const unsigned char *bytes, const unsigned char *made, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0 && bytes[i] != made[i])
            return false;
    return true;
}

static bool sector_blank(uint64_t sector, const unsigned char *bytes, const unsigned char *made)
{
    uint32_t size = kv.device.sector_size;
    if (sector == slot_sector(0, size) || sector == slot_sector(1, size))
        return half_made(bytes, made, SLOT_BYTES) && all_zero(bytes + SLOT_BYTES, size - SLOT_BYTES);
    return all_zero(bytes, size);
}

static int look(uint64_t from, uint64_t to, const unsigned char *made, bool *blank)
{
    uint32_t size = kv.device.sector_size;
    for (uint64_t sector = from; *blank && sector < to;) {
        uint64_t count = to - sector < BUFFER_BYTES / size ? to - sector : BUFFER_BYTES / size;
        int error = block_read(sector, kv.buffer, (size_t)count * size);
        if (error)
            return error;
        for (uint64_t i = 0; *blank && i < count; i++)
            *blank = sector_blank(sector + i, kv.buffer + i * size, made);
        sector += count;
    }
    return 0;
}

int device_blank(const struct slot *slot, bool *blank)
{
    unsigned char made[SLOT_BYTES];
    slot_write(slot, made);
    uint64_t all = kv.device.sectors, part = LOOK / kv.device.sector_size;
    uint64_t second = log_sector(1, all, kv.device.sector_size);
    *blank = true;
    int error = look(0, part < all ? part : all, made, blank);
    if (!error)
        error = look(second, second + 1, made, blank);
    if (!error && part < all)
        error = look(all - part, all, made, blank);
    return error;
}
