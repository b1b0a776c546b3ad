/* secret.h - numbers that nobody outside can guess. */
#ifndef LWIP_SECRET_H
#define LWIP_SECRET_H

#include <stddef.h>
#include <stdint.h>

void secret_start(void);

uint32_t secret_number(void);
uint16_t secret_identification(void); /* of an IPv4 packet */

/* SipHash-2-4 of 64-bit words under a key made at start. */
uint64_t secret_hash(const uint64_t *words, size_t count);

#endif
