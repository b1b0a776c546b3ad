/* capture.c - headers of the pcap format; the fields are in the order of draft-ietf-opsawg-pcap, sections 4 and 5. */
#include "capture.h"

#include <stddef.h>

#define MICROSECOND_MAGIC 0xA1B2C3D4u
#define NANOSECOND_MAGIC 0xA1B23C4Du
#define SECOND INT64_C(1000000000)

static uint32_t little(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t number(const struct capture_format *format, const uint8_t *at)
{
    uint32_t value = little(at);
    return format->swapped ? __builtin_bswap32(value) : value;
}

static void put_little(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* "swapped" means big-endian here, whatever the machine: bytes are put together by shifts. */
static bool read_magic(struct capture_format *format, uint32_t magic)
{
    format->swapped = magic == __builtin_bswap32(MICROSECOND_MAGIC) || magic == __builtin_bswap32(NANOSECOND_MAGIC);
    uint32_t straight = format->swapped ? __builtin_bswap32(magic) : magic;
    format->nanoseconds = straight == NANOSECOND_MAGIC;
    return straight == MICROSECOND_MAGIC || format->nanoseconds;
}

const char *capture_read_header(struct capture_format *format, const uint8_t bytes[CAPTURE_HEADER])
{
    *format = (struct capture_format){0};
    if (little(bytes) == 0x0A0D0D0A)
        return "a pcapng file; 'tcpdump -r FILE -w NEW' and 'editcap -F pcap' make a pcap file of it";
    if (!read_magic(format, little(bytes)))
        return "not a pcap file";
    uint32_t version = number(format, bytes + 4);
    uint16_t major = (uint16_t)(format->swapped ? version >> 16 : version);
    uint16_t minor = (uint16_t)(format->swapped ? version : version >> 16);
    if (major != 2 || minor != 4)
        return "not version 2.4 of the pcap format";
    uint32_t link = number(format, bytes + 20);
    if ((link & 0xffff) != CAPTURE_ETHERNET)
        return "its frames are not Ethernet frames";
    if (link & 1u << 26)
        format->check_bytes = (link >> 28) * 2;
    return NULL;
}

const char *capture_read_record(const struct capture_format *format, struct capture_record *record, const uint8_t bytes[CAPTURE_RECORD])
{
    uint32_t fraction = number(format, bytes + 4), original = number(format, bytes + 12);
    uint32_t limit = format->nanoseconds ? 1000000000 : 1000000;
    *record = (struct capture_record){.captured = number(format, bytes + 8)};
    if (record->captured > CAPTURE_LONGEST)
        return "longer than any frame is";
    if (record->captured > original)
        return "more of it captured than there was";
    if (fraction >= limit)
        return "its time has a fraction of more than a second";
    record->time = number(format, bytes) * SECOND + fraction * (SECOND / limit);
    record->cut = record->captured < original;
    record->size = record->captured;
    if (!record->cut)
        record->size -= format->check_bytes < record->size ? format->check_bytes : record->size;
    return NULL;
}

void capture_write_header(uint8_t bytes[CAPTURE_HEADER])
{
    put_little(bytes, NANOSECOND_MAGIC);
    put_little(bytes + 4, 4u << 16 | 2);
    put_little(bytes + 8, 0);
    put_little(bytes + 12, 0);
    put_little(bytes + 16, CAPTURE_LONGEST);
    put_little(bytes + 20, CAPTURE_ETHERNET);
}

void capture_write_record(uint8_t bytes[CAPTURE_RECORD], int64_t time, uint32_t size)
{
    put_little(bytes, (uint32_t)(time / SECOND));
    put_little(bytes + 4, (uint32_t)(time % SECOND));
    put_little(bytes + 8, size);
    put_little(bytes + 12, size);
}
