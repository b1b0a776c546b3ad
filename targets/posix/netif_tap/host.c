/* host.c - a few requests to the kernel's routing socket, each with its answer. */
#include "host.h"
#include "kernel.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* One request: the message's header, the header of its kind, attributes. */
struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    };
    char attributes[256];
};

static_assert(offsetof(struct request, link) == NLMSG_HDRLEN, "the kind's header follows the message's");

static void begin(struct request *request, uint16_t type, uint16_t flags, size_t size)
{
    *request = (struct request){.header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags}};
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
}

static void attribute(struct request *request, uint16_t type, const void *data, size_t size)
{
    struct rtattr *at = (struct rtattr *)(void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    at->rta_type = type;
    at->rta_len = (uint16_t)RTA_LENGTH(size);
    memcpy(RTA_DATA(at), data, size);
    request->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(at->rta_len));
}

/* What an answer tells: called for each message of it. */
typedef void listener(const struct nlmsghdr *message, struct host_device *device);

/* The messages of one datagram; 1: there is more to come. */
static int listen_to(const struct nlmsghdr *message, size_t size, listener *tell, struct host_device *device)
{
    for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
        if (message->nlmsg_type == NLMSG_DONE)
            return 0;
        if (message->nlmsg_type == NLMSG_ERROR)
            return message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)) ? -EPROTO : ((struct nlmsgerr *)NLMSG_DATA(message))->error;
        if (tell)
            tell(message, device);
        if (!(message->nlmsg_flags & NLM_F_MULTI))
            return 0;
    }
    return 1;
}

static int converse(int descriptor, struct request *request, listener *tell, struct host_device *device)
{
    static _Alignas(struct nlmsghdr) char answer[32768];
    int result = send(descriptor, request, request->header.nlmsg_len, 0) < 0 ? -errno : 1;
    while (result == 1) {
        ssize_t got = recv(descriptor, answer, sizeof answer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        result = got < 0 ? -errno : listen_to((const void *)answer, (size_t)got, tell, device);
    }
    return result;
}

/* A socket for each: there are eight requests in an image's life. */
static int ask(struct request *request, listener *tell, struct host_device *device)
{
    struct timeval patience = {.tv_sec = 5};
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0)
        return -errno;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int result = converse(descriptor, request, tell, device);
    close(descriptor);
    return result;
}

/* ---- looking ---- */

static void note_link(const struct nlmsghdr *message, struct host_device *device)
{
    const struct ifinfomsg *link = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof *link) || link->ifi_index != device->index)
        return;
    device->up = link->ifi_flags & IFF_UP;
    size_t size = message->nlmsg_len - NLMSG_LENGTH(sizeof *link);
    for (const struct rtattr *at = IFLA_RTA(link); RTA_OK(at, size); at = RTA_NEXT(at, size)) {
        if (at->rta_type == IFLA_MTU && RTA_PAYLOAD(at) >= sizeof device->mtu)
            memcpy(&device->mtu, RTA_DATA(at), sizeof device->mtu);
        if (at->rta_type == IFLA_ADDRESS && RTA_PAYLOAD(at) == sizeof device->mac)
            memcpy(device->mac, RTA_DATA(at), sizeof device->mac);
        device->enslaved |= at->rta_type == IFLA_MASTER;
    }
}

/* IFA_ADDRESS of a link from point to point is the other end's; IFA_LOCAL is there with IPv4 only, or then. */
static void note_bytes(const struct ifaddrmsg *address, size_t size, struct host_device *device)
{
    struct ip_address found = {.family = address->ifa_family == AF_INET ? IP_V4 : IP_V6};
    size_t length = address->ifa_family == AF_INET ? 4 : 16;
    bool local = false;
    for (const struct rtattr *at = IFA_RTA(address); RTA_OK(at, size); at = RTA_NEXT(at, size)) {
        if ((at->rta_type != IFA_LOCAL && (at->rta_type != IFA_ADDRESS || local)) || RTA_PAYLOAD(at) != length)
            continue;
        memcpy(found.bytes, RTA_DATA(at), length);
        local = at->rta_type == IFA_LOCAL;
    }
    if (device->address_count < HOST_ADDRESSES_MOST)
        device->addresses[device->address_count++] = found;
}

static void note_address(const struct nlmsghdr *message, struct host_device *device, bool elsewhere)
{
    const struct ifaddrmsg *address = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *address) || address->ifa_scope >= RT_SCOPE_LINK ||
        ((int)address->ifa_index == device->index) == elsewhere)
        return;
    device->has_address |= !elsewhere;
    note_bytes(address, message->nlmsg_len - NLMSG_LENGTH(sizeof *address), device);
}

static void note_own_address(const struct nlmsghdr *message, struct host_device *device)
{
    note_address(message, device, false);
}

/* The host answers itself for an address of any of its devices. */
static void note_other_address(const struct nlmsghdr *message, struct host_device *device)
{
    note_address(message, device, true);
}

bool host_name_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return length > 0 && length < IFNAMSIZ && name[length] == '\0' && name[0] != '-' && name[0] != '.';
}

int host_look(const char *name, struct host_device *device)
{
    struct request request;
    *device = (struct host_device){.index = (int)if_nametoindex(name)};
    if (device->index == 0)
        return -ENODEV;
    begin(&request, RTM_GETLINK, 0, sizeof request.link);
    request.link.ifi_index = device->index;
    int error = ask(&request, note_link, device);
    if (error)
        return error;
    begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof request.address);
    error = ask(&request, note_own_address, device);
    return error ? error : ask(&request, note_other_address, device);
}

/* ---- changing ---- */

int host_up(int index, unsigned mtu)
{
    struct request request;
    begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof request.link);
    request.link.ifi_index = index;
    request.link.ifi_flags = request.link.ifi_change = IFF_UP;
    if (mtu)
        attribute(&request, IFLA_MTU, &mtu, sizeof mtu);
    return ask(&request, NULL, NULL);
}

int host_add_address(int index, const struct host_address *address)
{
    struct request request;
    size_t size = address->family == AF_INET ? 4 : 16;
    begin(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof request.address);
    request.address = (struct ifaddrmsg){
        .ifa_family = (uint8_t)address->family, .ifa_prefixlen = address->length, .ifa_index = (unsigned)index,
        .ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
    };
    attribute(&request, IFA_LOCAL, address->bytes, size);
    attribute(&request, IFA_ADDRESS, address->bytes, size);
    if (address->family == AF_INET && address->length < 31) { /* as ifconfig would */
        uint32_t broadcast;
        memcpy(&broadcast, address->bytes, 4);
        broadcast |= htonl(UINT32_MAX >> address->length);
        attribute(&request, IFA_BROADCAST, &broadcast, sizeof broadcast);
    }
    int error = ask(&request, NULL, NULL);
    return error == -EEXIST ? 0 : error;
}
