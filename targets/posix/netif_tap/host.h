/*
 * host.h - the host's end of the device: what it is, and making it usable, through rtnetlink(7); private to this folder.
 *
 * Answers of the kernel are read with their bounds, yet not doubted otherwise.
 */
#ifndef NETIF_TAP_HOST_H
#define NETIF_TAP_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <ukc/address.h>

enum { HOST_ADDRESSES_MOST = 8 };

struct host_device {
    int index;
    unsigned mtu;
    uint8_t mac[6];
    bool up;
    bool enslaved; /* a port of a bridge, of a bond */
    bool has_address; /* IPv4, or IPv6 that is not link-local */
    unsigned address_count;
    struct ip_address addresses[HOST_ADDRESSES_MOST]; /* the first of those, then of those of the host's other devices */
};

struct host_address {
    int family; /* AF_INET, AF_INET6 */
    const uint8_t *bytes;
    uint8_t length; /* of the prefix */
};

/* Whether it can be an interface's name that may also be pasted into a shell. */
bool host_name_valid(const char *name);

/* Each: 0 or a negative errno value; -ENODEV if there is no such device. */
int host_look(const char *name, struct host_device *device);
/* mtu 0: leave it. */
int host_up(int index, unsigned mtu);
/* An IPv6 address is usable at once: nobody else can have it on a device that was just made.  One that is there already is no error. */
int host_add_address(int index, const struct host_address *address);

#endif
