/*
 * kernel.h - what Linux's interfaces for tap devices, packet sockets, their filters and routing sockets look like.
 *
 * The C library that an image brings has no headers of the kernel, and those of the host are no declared input. Names and
 * values are the kernel's: tap devices (tuntap.txt), packet(7), socket filters (filter.txt), netlink(7), rtnetlink(7); the header of
 * frames is VIRTIO 1.2, 5.1.6.
 */
#ifndef NETIF_TAP_KERNEL_H
#define NETIF_TAP_KERNEL_H

#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* ---- tap devices ---- */

#define TUNSETIFF       _IOW('T', 202, int)
#define TUNGETFEATURES  _IOR('T', 207, unsigned int)
#define TUNSETOFFLOAD   _IOW('T', 208, unsigned int)
#define TUNSETVNETHDRSZ _IOW('T', 216, int)

enum { IFF_TAP = 0x0002, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000, TUN_F_CSUM = 1 };

/* ---- frames with a header ---- */

struct virtio_net_hdr {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset;
};
enum { VIRTIO_NET_HDR_F_NEEDS_CSUM = 1, VIRTIO_NET_HDR_F_DATA_VALID = 2 };
enum { VIRTIO_NET_HDR_GSO_NONE = 0, VIRTIO_NET_HDR_GSO_TCPV4 = 1, VIRTIO_NET_HDR_GSO_TCPV6 = 4 };

/* ---- packet sockets ---- */

#ifndef PACKET_VNET_HDR
#define PACKET_VNET_HDR 15
#endif
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

struct sock_filter {
    uint16_t code;
    uint8_t jt, jf;
    uint32_t k;
};
struct sock_fprog {
    unsigned short len;
    struct sock_filter *filter;
};
enum {
    BPF_LD = 0x00, BPF_JMP = 0x05, BPF_RET = 0x06,
    BPF_W = 0x00, BPF_H = 0x08, BPF_ABS = 0x20,
    BPF_JEQ = 0x10, BPF_JSET = 0x40, BPF_K = 0x00,
};
#define BPF_STMT(code, k)         {(uint16_t)(code), 0, 0, k}
#define BPF_JUMP(code, k, jt, jf) {(uint16_t)(code), jt, jf, k}

/* ---- routing sockets: messages of 4-byte aligned attributes ---- */

struct nlmsghdr {
    uint32_t nlmsg_len;
    uint16_t nlmsg_type, nlmsg_flags;
    uint32_t nlmsg_seq, nlmsg_pid;
};
struct nlmsgerr {
    int error;
    struct nlmsghdr msg;
};
enum { NETLINK_ROUTE = 0 };
enum { NLMSG_ERROR = 2, NLMSG_DONE = 3, RTM_NEWLINK = 16, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_GETADDR = 22 };
enum { NLM_F_REQUEST = 0x1, NLM_F_MULTI = 0x2, NLM_F_ACK = 0x4, NLM_F_DUMP = 0x300, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400 };

#define NLMSG_ALIGN(n)     (((n) + 3U) & ~3U)
#define NLMSG_HDRLEN       NLMSG_ALIGN(sizeof(struct nlmsghdr))
#define NLMSG_LENGTH(n)    (NLMSG_HDRLEN + (n))
#define NLMSG_DATA(m)      ((void *)((char *)(uintptr_t)(m) + NLMSG_HDRLEN))
#define NLMSG_OK(m, size)  ((size) >= sizeof(struct nlmsghdr) && (m)->nlmsg_len >= sizeof(struct nlmsghdr) && (m)->nlmsg_len <= (size))
/* The last message need not be filled up. */
#define NLMSG_NEXT(m, size)                                                                    \
    ((size) -= NLMSG_ALIGN((m)->nlmsg_len) < (size) ? NLMSG_ALIGN((m)->nlmsg_len) : (size), \
     (const struct nlmsghdr *)(const void *)((const char *)(m) + NLMSG_ALIGN((m)->nlmsg_len)))

struct ifinfomsg {
    uint8_t ifi_family, ifi_pad;
    uint16_t ifi_type;
    int32_t ifi_index;
    uint32_t ifi_flags, ifi_change;
};
struct ifaddrmsg {
    uint8_t ifa_family, ifa_prefixlen, ifa_flags, ifa_scope;
    uint32_t ifa_index;
};
enum { IFLA_ADDRESS = 1, IFLA_MTU = 4, IFLA_MASTER = 10 };
enum { IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_BROADCAST = 4 };
enum { IFA_F_NODAD = 2, RT_SCOPE_LINK = 253 };

struct rtattr {
    uint16_t rta_len, rta_type;
};
#define RTA_ALIGN(n)     NLMSG_ALIGN(n)
#define RTA_LENGTH(n)    (RTA_ALIGN(sizeof(struct rtattr)) + (n))
#define RTA_DATA(at)     ((void *)((char *)(uintptr_t)(at) + RTA_LENGTH(0)))
#define RTA_PAYLOAD(at)  ((at)->rta_len - RTA_LENGTH(0))
#define RTA_OK(at, size) ((size) >= sizeof(struct rtattr) && (at)->rta_len >= sizeof(struct rtattr) && (at)->rta_len <= (size))
#define RTA_NEXT(at, size)                                                           \
    ((size) -= RTA_ALIGN((at)->rta_len) < (size) ? RTA_ALIGN((at)->rta_len) : (size), \
     (const struct rtattr *)(const void *)((const char *)(at) + RTA_ALIGN((at)->rta_len)))
#define IFLA_RTA(link)   ((const struct rtattr *)(const void *)((const char *)(link) + NLMSG_ALIGN(sizeof(struct ifinfomsg))))
#define IFA_RTA(address) ((const struct rtattr *)(const void *)((const char *)(address) + NLMSG_ALIGN(sizeof(struct ifaddrmsg))))

#endif
