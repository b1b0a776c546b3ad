/*
 * resolver.h - addresses of names.
 *
 * A name is a host's name in the DNS (RFC 1123, 2.1), with or without a final dot, at most 253 bytes, or an address as
 * text, which is its own answer.  No search list is applied.  "localhost" and names below it are the loopback addresses (RFC 6761, 6.3).
 *
 * Several tasks may ask at the same time.
 *
 * Errors are negative errno values.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/address.h>
#include <ukc/view.h>

/*
 * Stores up to `capacity` addresses of a family (IP_ANY: both, IPv6 first) and returns how many, at least one.
 *
 * -ENOENT: there is no such name, or it has no address of the family.  -EINVAL: it is not a name.  -EHOSTUNREACH: no
 * name server is known.  -ETIMEDOUT, -ECANCELED.  -EIO: no server gave a useful answer.  -ENOMEM.
 */
int resolver_lookup(struct view name, int family, struct ip_address *addresses, size_t capacity, int64_t deadline);

#endif
