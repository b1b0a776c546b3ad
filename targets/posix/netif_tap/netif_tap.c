/*
 * netif_tap.c - a tap device: its life, and the host's end.
 *
 * A process with CAP_NET_ADMIN makes the device, which goes when the process ends, and configures the host's end.  Any
 * other one needs a device that was made for its user.  A device that somebody has configured is left as it is.
 */
#include "netif_tap.h"

#include "advice.h"
#include "frames.h"
#include "host.h"
#include "kernel.h"
#include "keys.h"
#include "log.h"
#include "netif.h"
#include "plan.h"
#include "task.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <ukc/address.h>
#include <ukc/may_open.h>
#include <unistd.h>

static const char component[] = "netif_tap";

static struct netif_info info;

/* ---- the device ---- */

/* Attaches to the device, making it if need be. */
static int attach(int descriptor, bool *with_header)
{
    unsigned features = 0;
    int size = sizeof(struct virtio_net_hdr);
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strncpy(request.ifr_name, KEY_DEVICE, IFNAMSIZ - 1);
    *with_header = KEY_OFFLOAD && ioctl(descriptor, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR);
    if (*with_header)
        request.ifr_flags |= IFF_VNET_HDR;
    if (ioctl(descriptor, TUNSETIFF, &request) != 0)
        return -errno;
    if (*with_header && ioctl(descriptor, TUNSETVNETHDRSZ, &size) != 0)
        return -errno;
    ioctl(descriptor, TUNSETOFFLOAD, *with_header ? TUN_F_CSUM : 0); /* if it fails, the host computes its checksums as ever */
    return 0;
}

/* A descriptor that is attached, or a negative errno value; *device_file: it is /dev/net/tun that cannot be had. */
static int open_device(bool *with_header, bool *device_file)
{
    MAY_OPEN("rw /dev/net/tun"); /* once more, when the device comes back */
    int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    *device_file = descriptor < 0;
    if (descriptor < 0)
        return -errno;
    int error = attach(descriptor, with_header);
    if (error == 0)
        return descriptor;
    close(descriptor);
    return error;
}

/* After it was gone: only if somebody has made it anew. */
static int reopen(void)
{
    bool with_header, device_file;
    if (if_nametoindex(KEY_DEVICE) == 0)
        return -ENODEV;
    int descriptor = open_device(&with_header, &device_file);
    if (descriptor >= 0 && with_header != (info.offload != 0)) {
        close(descriptor);
        return -EINVAL;
    }
    return descriptor;
}

/* Why it could not be opened, and what helps. */
static int refuse(int error, bool device_file, bool existed)
{
    char what[64 + IFNAMSIZ];
    if (error == -EBUSY)
        fprintf(stderr, "%s: the device %s is in use by another process; the key 'device' chooses another one\n", component, KEY_DEVICE);
    else if (error == -EINVAL && existed)
        fprintf(stderr, "%s: %s is no tap device, or one with several queues; the key 'device' chooses another one\n", component, KEY_DEVICE);
    else {
        snprintf(what, sizeof what, device_file ? "cannot open /dev/net/tun" : existed ? "cannot use the device %s" : "cannot make the device %s", KEY_DEVICE);
        advise(&(struct advice){.what = what, .error = error, .device_file = device_file, .remove = existed && error == -EPERM,
                                .make = !device_file || !existed});
    }
    return error;
}

/* ---- the host's end ---- */

static int add_addresses(int index)
{
    struct host_address v4 = {AF_INET, KEY_HOST_IPV4_BYTES, (uint8_t)KEY_HOST_IPV4_LENGTH};
    struct host_address v6 = {AF_INET6, KEY_HOST_IPV6_BYTES, (uint8_t)KEY_HOST_IPV6_LENGTH};
    int error = plan_ipv4() ? host_add_address(index, &v4) : 0;
    if (error || !plan_ipv6())
        return error;
    error = host_add_address(index, &v6);
    if (error == 0 || error == -EPERM)
        return error;
    log_write(LOG_LEVEL_WARNING, component, "%s gets no IPv6 address, %s: %s", KEY_DEVICE, KEY_HOST_IPV6, strerror(-error));
    return 0; /* the host may have no IPv6 */
}

static int configure(const struct host_device *device, bool *changed)
{
    int error = host_up(device->index, (unsigned)KEY_MTU);
    if (!error)
        error = add_addresses(device->index);
    *changed = !error;
    if (error == -EPERM && device->up) { /* perhaps it is meant to have no address */
        log_write(LOG_LEVEL_WARNING, component, "%s has no address, and this process may not give it one", KEY_DEVICE);
        return 0;
    }
    return error;
}

/* Makes the host's end usable unless somebody has done so. */
static int prepare(const struct host_device *device, bool made)
{
    bool changed = false;
    int error = 0;
    if (KEY_CONFIGURE && (made || !(device->has_address || device->enslaved)))
        error = configure(device, &changed);
    else if (!device->up)
        error = KEY_CONFIGURE ? host_up(device->index, 0) : 0;
    if (error)
        advise(&(struct advice){.what = "cannot configure the host's end", .error = error});
    else if (!changed && device->mtu != (unsigned)KEY_MTU)
        log_write(LOG_LEVEL_WARNING, component, "%s has an MTU of %u on the host, and one of %u here", KEY_DEVICE, device->mtu, (unsigned)KEY_MTU);
    return error;
}

/* ---- the image's end ---- */

/* Locally administered (IEEE 802, 8.4), the same for the same device: FNV-1a of its name. */
static void derive_mac(uint8_t mac[6])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = KEY_DEVICE; *c; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    mac[0] = 0x02;
    for (unsigned i = 1; i < 6; i++)
        mac[i] = (uint8_t)(hash >> 8 * i);
}

/* Both ends with one address would not hear one another. */
static int choose_mac(const uint8_t host[6])
{
    static const uint8_t none[6];
    memcpy(info.mac, KEY_MAC_BYTES, 6);
    bool derived = memcmp(info.mac, none, 6) == 0;
    if (derived)
        derive_mac(info.mac);
    bool same = memcmp(info.mac, host, 6) == 0;
    if (derived)
        info.mac[5] ^= same;
    else if (same || (info.mac[0] & 1)) {
        fprintf(stderr, "%s: the key 'mac' is %s, which is %s\n", component, KEY_MAC, same ? "the address of the host's end" : "the address of a group");
        return -EADDRNOTAVAIL;
    }
    return 0;
}

/* ---- start and stop ---- */

static int finish(int descriptor, bool with_header, bool made)
{
    struct host_device device;
    struct frames_device frames = {.name = KEY_DEVICE, .component = component, .lost = "is gone", .mtu = (unsigned)KEY_MTU,
                                   .header = with_header, .offload = with_header, .reopen = reopen};
    int error = host_look(KEY_DEVICE, &device);
    if (!error)
        error = choose_mac(device.mac);
    if (!error)
        error = prepare(&device, made);
    if (!error)
        error = host_look(KEY_DEVICE, &device); /* what it is called now */
    if (error) {
        close(descriptor);
        return error;
    }
    static_assert((int)HOST_ADDRESSES_MOST == (int)NETIF_OTHERS_MOST);
    info.other_count = device.address_count;
    memcpy(info.others, device.addresses, sizeof info.others);
    info.mtu = (uint16_t)KEY_MTU;
    info.offload = with_header ? NETIF_CHECKSUM_SEND | NETIF_CHECKSUM_RECEIVE : 0;
    info.divides = with_header ? FRAME_DIVIDED_MOST : 0;
    error = frames_open(&frames, descriptor);
    char mac[MAC_TEXT_SIZE];
    if (!error)
        log_write(LOG_LEVEL_INFO, component, "%s, %s, MTU %u%s", KEY_DEVICE, mac_format(mac, info.mac), info.mtu, made ? ", made here" : "");
    return error;
}

int netif_tap_start(void)
{
    bool with_header, device_file;
    if (!host_name_valid(KEY_DEVICE)) {
        fprintf(stderr, "%s: the key 'device' is no name of a device: up to 15 letters, digits, '_', '.' and '-'\n", component);
        return -EINVAL;
    }
    bool existed = if_nametoindex(KEY_DEVICE) != 0;
    int descriptor = open_device(&with_header, &device_file);
    if (descriptor < 0)
        return refuse(descriptor, device_file, existed);
    return finish(descriptor, with_header, !existed);
}

void netif_tap_stop(void)
{
    task_end_children(0); /* they may wait for frames */
    frames_close();
}

int netif_tap_info(struct netif_info *out)
{
    *out = info;
    return 0;
}

ptrdiff_t netif_tap_receive(void *frame, size_t size, int64_t deadline)
{
    return frames_receive(frame, size, deadline);
}

int netif_tap_send(const struct view *views, size_t count, int64_t deadline)
{
    return frames_send(views, count, deadline);
}
