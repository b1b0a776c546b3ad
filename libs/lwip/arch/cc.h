/* cc.h - what lwIP has to know about the compiler and about its surroundings (lwip/arch.h). */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <endian.h>
#include <stdint.h>
#include "checksum.h"

#if BYTE_ORDER == LITTLE_ENDIAN
#define lwip_htons(x) ((u16_t)__builtin_bswap16(x))
#define lwip_htonl(x) ((u32_t)__builtin_bswap32(x))
#endif

/* Structures of packets are read wherever they lie. */
#define PACK_STRUCT_STRUCT __attribute__((packed))

#define LWIP_CHKSUM checksum_of

uint32_t secret_number(void);
#define LWIP_RAND() secret_number()
uint16_t secret_identification(void);

void stack_complaint(const char *text, const char *file, int line);
#define LWIP_PLATFORM_ASSERT(x) stack_complaint((x), __FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(x) ((void)0)

#endif
