/* addresses.h - the image's own addresses, those of routers and name servers, and addresses as lwIP has them. */
#ifndef LWIP_ADDRESSES_H
#define LWIP_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <ukc/address.h>

#include "lwip/ip_addr.h"

int addresses_start(void);
void addresses_stop(void);

/* Waits until the image has an address with which it can reach one of this family: 0, -ETIMEDOUT, -ECANCELED, -EAFNOSUPPORT. */
int addresses_wait(int family, int64_t deadline);

/* Whether the image can be reached at the address, or it is an unspecified one. */
bool addresses_ours(const ip_addr_t *address);

/* lwIP's form; false when the family is not there.  IP_ANY becomes an address of any type. */
bool addresses_to_lwip(ip_addr_t *to, const struct ip_address *from);
struct ip_address addresses_from_lwip(const ip_addr_t *from);

#endif
