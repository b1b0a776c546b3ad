/* netif_fuzz.h - the network interface of an image in a fuzzer; the contract is libs/signatures/netif.h. */
#ifndef NETIF_FUZZ_H
#define NETIF_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

#include "netif.h"

int netif_fuzz_info(struct netif_info *info);
ptrdiff_t netif_fuzz_receive(void *frame, size_t size, int64_t deadline);
int netif_fuzz_send(const struct view *views, size_t count, int64_t deadline);

#endif
