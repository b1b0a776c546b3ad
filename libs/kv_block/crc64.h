/*
 * crc64.h - CRC-64 with the polynomial of ECMA-182, reflected, as xz has it.
 */
#ifndef KV_BLOCK_CRC64_H
#define KV_BLOCK_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Of bytes that follow those whose sum is `before`; 0 to begin. */
uint64_t crc64(uint64_t before, const void *bytes, size_t size);

#endif
