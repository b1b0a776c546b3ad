/* dns.h - addresses of names from the DNS; the contract is libs/signatures/resolver.h. */
#ifndef DNS_H
#define DNS_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/address.h>
#include <ukc/view.h>

int dns_start(void);
void dns_stop(void);

int dns_lookup(struct view name, int family, struct ip_address *addresses, size_t capacity, int64_t deadline);

#endif
