/* kernel_host.c - the kernel's interfaces as its own headers, of this host, have them. */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>

#include "kernel_values.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

const struct kernel_value host_values[] = KERNEL_TABLE;

const struct sock_filter host_filter[] = KERNEL_FILTER;

KERNEL_WALK(host_walk, int)
