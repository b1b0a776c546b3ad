/*
 * netif_packet.c - an interface of the host through a packet socket (packet(7)): a network card, or one end of a veth pair.
 *
 * The host sees the same frames.  So that only one of both answers, the interface must have no addresses on the host;
 * the log warns if it has.
 */
#include "netif_packet.h"

#include "frames.h"
#include "host.h"
#include "kernel.h"
#include "keys.h"
#include "log.h"
#include "netif.h"
#include "task.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <ukc/address.h>
#include <unistd.h>

static const char component[] = "netif_packet";

static struct netif_info info;

/* ---- the socket ---- */

static int set(int descriptor, int name, const void *value, size_t size)
{
    return setsockopt(descriptor, SOL_PACKET, name, value, (socklen_t)size) == 0 ? 0 : -errno;
}

/* Frames to the image's address and to groups, as a network card would. */
static int filter(int descriptor)
{
    uint32_t first = (uint32_t)info.mac[0] << 24 | (uint32_t)info.mac[1] << 16 | (uint32_t)info.mac[2] << 8 | info.mac[3];
    uint32_t last = (uint32_t)info.mac[4] << 8 | info.mac[5];
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x01000000, 3, 0), /* a group's */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, last, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : -errno;
}

/* Frames of all kinds, of this interface only, and not those that the host sends. */
static int bind_to(int descriptor, int index, bool foreign)
{
    int one = 1;
    struct packet_mreq request = {.mr_ifindex = index, .mr_type = foreign ? PACKET_MR_PROMISC : PACKET_MR_ALLMULTI};
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
    int error = set(descriptor, PACKET_VNET_HDR, &one, sizeof one);
    if (!error)
        error = set(descriptor, PACKET_IGNORE_OUTGOING, &one, sizeof one);
    if (!error)
        error = filter(descriptor);
    if (!error)
        error = set(descriptor, PACKET_ADD_MEMBERSHIP, &request, sizeof request);
    if (!error && bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        error = -errno;
    return error;
}

/* A descriptor that is bound, or a negative errno value. */
static int open_socket(const struct host_device *device)
{
    int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); /* 0: nothing before it is bound */
    if (descriptor < 0)
        return -errno;
    int error = bind_to(descriptor, device->index, memcmp(info.mac, device->mac, 6) != 0);
    if (error == 0)
        return descriptor;
    close(descriptor);
    return error;
}

static int reopen(void)
{
    struct host_device device;
    int error = host_look(KEY_DEVICE, &device);
    if (error)
        return error;
    return device.up ? open_socket(&device) : -ENETDOWN;
}

/* ---- start and stop ---- */

static int choose(const struct host_device *device)
{
    static const uint8_t none[6];
    memcpy(info.mac, KEY_MAC_BYTES, 6);
    if (memcmp(info.mac, none, 6) == 0)
        memcpy(info.mac, device->mac, 6);
    if ((info.mac[0] & 1) || memcmp(info.mac, none, 6) == 0) {
        fprintf(stderr, "%s: %s has no address that the image can take; give one with the key 'mac'\n", component, KEY_DEVICE);
        return -EADDRNOTAVAIL;
    }
    unsigned mtu = KEY_MTU ? (unsigned)KEY_MTU : device->mtu;
    if (mtu > device->mtu || mtu < 576) {
        fprintf(stderr, "%s: the MTU of %s is %u\n", component, KEY_DEVICE, device->mtu);
        return -EMSGSIZE;
    }
    info.mtu = mtu > FRAME_MTU_MOST ? FRAME_MTU_MOST : (uint16_t)mtu;
    info.offload = KEY_OFFLOAD ? NETIF_CHECKSUM_SEND | NETIF_CHECKSUM_RECEIVE : 0;
    info.divides = KEY_OFFLOAD ? FRAME_DIVIDED_MOST : 0;
    return 0;
}

static int refuse(int error)
{
    if (error == -EPERM)
        fprintf(stderr, "%s: a packet socket on %s: %s\nRun the image as root, with CAP_NET_RAW; or, after each build, as root:\n"
                        "    setcap cap_net_raw+ep IMAGE\n", component, KEY_DEVICE, strerror(-error));
    else
        fprintf(stderr, "%s: a packet socket on %s: %s\n", component, KEY_DEVICE, strerror(-error));
    return error;
}

static int begin(const struct host_device *device)
{
    struct frames_device frames = {.name = KEY_DEVICE, .component = component, .lost = "is down or gone", .mtu = info.mtu,
                                   .header = true, .offload = KEY_OFFLOAD, .reopen = reopen};
    int descriptor = open_socket(device);
    if (descriptor < 0)
        return refuse(descriptor);
    if (device->has_address)
        log_write(LOG_LEVEL_WARNING, component, "%s has an address on the host, which will answer too", KEY_DEVICE);
    int error = frames_open(&frames, descriptor);
    char mac[MAC_TEXT_SIZE];
    if (!error)
        log_write(LOG_LEVEL_INFO, component, "%s, %s, MTU %u", KEY_DEVICE, mac_format(mac, info.mac), info.mtu);
    return error;
}

int netif_packet_start(void)
{
    struct host_device device;
    if (!host_name_valid(KEY_DEVICE)) {
        fprintf(stderr, "%s: the key 'device' is no name of a device: up to 15 letters, digits, '_', '.' and '-'\n", component);
        return -EINVAL;
    }
    int error = host_look(KEY_DEVICE, &device);
    if (error)
        fprintf(stderr, "%s: %s: %s; the key 'device' chooses another one\n", component, KEY_DEVICE, strerror(-error));
    else if ((error = choose(&device)) == 0)
        error = begin(&device);
    return error;
}

void netif_packet_stop(void)
{
    task_end_children(0); /* they may wait for frames */
    frames_close();
}

int netif_packet_info(struct netif_info *out)
{
    *out = info;
    return 0;
}

ptrdiff_t netif_packet_receive(void *frame, size_t size, int64_t deadline)
{
    return frames_receive(frame, size, deadline);
}

int netif_packet_send(const struct view *views, size_t count, int64_t deadline)
{
    return frames_send(views, count, deadline);
}
