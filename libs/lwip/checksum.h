/* checksum.h - the Internet checksum (RFC 1071), eight bytes at a time. */
#ifndef LWIP_CHECKSUM_H
#define LWIP_CHECKSUM_H

#include <stdint.h>

/* The one's complement sum of 16-bit words as they lie in memory, not complemented; an odd byte counts as if a zero followed. */
uint16_t checksum_of(const void *data, int length);

#endif
