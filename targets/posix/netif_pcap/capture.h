/*
 * capture.h - the pcap file format, as bytes (draft-ietf-opsawg-pcap).
 *
 * A file is a header of 24 bytes, then for each frame one of 16 bytes and
 * the frame.  Readers accept both byte orders, and fractions of a second
 * counted in microseconds or nanoseconds; writers use nanoseconds and little-endian order.
 *
 * Everything read is hostile: an error is a sentence, NULL is success.  No
 * files, no memory: the caller has both.
 */
#ifndef NETIF_PCAP_CAPTURE_H
#define NETIF_PCAP_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CAPTURE_HEADER = 24,
    CAPTURE_RECORD = 16,
    CAPTURE_LONGEST = 262144, /* more bytes of a frame than any program captures: the file is broken */
    CAPTURE_ETHERNET = 1,     /* link type */
};

struct capture_format {
    bool swapped;     /* the file's byte order is the other one */
    bool nanoseconds; /* else microseconds */
    uint32_t check_bytes; /* of frame check sequence at the end of each frame */
};

struct capture_record {
    int64_t time;      /* nanoseconds since 1970 */
    uint32_t captured; /* bytes that follow in the file */
    uint32_t size;     /* of the frame, without a frame check sequence; at most `captured` unless it was cut */
    bool cut;          /* the file does not have all of the frame */
};

const char *capture_read_header(struct capture_format *format, const uint8_t bytes[CAPTURE_HEADER]);
const char *capture_read_record(const struct capture_format *format, struct capture_record *record, const uint8_t bytes[CAPTURE_RECORD]);

void capture_write_header(uint8_t bytes[CAPTURE_HEADER]);
void capture_write_record(uint8_t bytes[CAPTURE_RECORD], int64_t time, uint32_t size);

#endif
