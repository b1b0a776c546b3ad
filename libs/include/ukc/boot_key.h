/*
 * boot_key.h - how a key that is read at boot is stored.
 *
 * Generated keys.h files declare these variables, generated start-up code
 * defines them with their defaults, libs/boot sets them from the arguments.
 */
#ifndef UKC_BOOT_KEY_H
#define UKC_BOOT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BOOT_LIST_MOST = 64 }; /* items of a list */

/* An IPv4, IPv6 or Ethernet address in network order: 4, 16 or 6 bytes of `bytes` are used. */
struct boot_address {
    const char *text;  /* as it was written */
    uint8_t bytes[16];
    uint8_t length;    /* of the prefix in bits; 0 for what is no prefix */
};

#endif
