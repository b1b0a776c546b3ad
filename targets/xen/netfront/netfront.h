/* netfront.h - a network interface of the domain; the contract is libs/signatures/netif.h. */
#ifndef NETFRONT_H
#define NETFRONT_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct netif_info;

int netfront_start(void);
void netfront_stop(void);
int netfront_info(struct netif_info *info);
ptrdiff_t netfront_receive(void *frame, size_t size, int64_t deadline);
int netfront_send(const struct view *views, size_t count, int64_t deadline);

#endif
