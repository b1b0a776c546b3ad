/* kernel_values.h - every name of targets/posix/netif_tap/kernel.h, as a number: compiled with that header and with the kernel's own. */
#include <stddef.h>

#define KERNEL_VALUES(V, SIZE, PLACE)                                                                                                   \
    V(TUNSETIFF) V(TUNGETFEATURES) V(TUNSETOFFLOAD) V(TUNSETVNETHDRSZ) V(IFF_TAP) V(IFF_NO_PI) V(IFF_VNET_HDR) V(TUN_F_CSUM)             \
    SIZE(virtio_net_hdr) PLACE(virtio_net_hdr, flags) PLACE(virtio_net_hdr, gso_type) PLACE(virtio_net_hdr, hdr_len)                    \
    PLACE(virtio_net_hdr, gso_size) PLACE(virtio_net_hdr, csum_start) PLACE(virtio_net_hdr, csum_offset)                                \
    V(VIRTIO_NET_HDR_F_NEEDS_CSUM) V(VIRTIO_NET_HDR_F_DATA_VALID) V(VIRTIO_NET_HDR_GSO_NONE) V(VIRTIO_NET_HDR_GSO_TCPV4)                \
    V(VIRTIO_NET_HDR_GSO_TCPV6)                                                                                                         \
    V(PACKET_VNET_HDR) V(PACKET_IGNORE_OUTGOING) V(PACKET_ADD_MEMBERSHIP) V(PACKET_MR_PROMISC) V(PACKET_MR_ALLMULTI)                    \
    SIZE(sock_filter) PLACE(sock_filter, code) PLACE(sock_filter, jt) PLACE(sock_filter, jf) PLACE(sock_filter, k)                      \
    SIZE(sock_fprog) PLACE(sock_fprog, len) PLACE(sock_fprog, filter)                                                                   \
    V(BPF_LD) V(BPF_JMP) V(BPF_RET) V(BPF_W) V(BPF_H) V(BPF_ABS) V(BPF_JEQ) V(BPF_JSET) V(BPF_K)                                        \
    SIZE(nlmsghdr) PLACE(nlmsghdr, nlmsg_len) PLACE(nlmsghdr, nlmsg_type) PLACE(nlmsghdr, nlmsg_flags) PLACE(nlmsghdr, nlmsg_seq)       \
    PLACE(nlmsghdr, nlmsg_pid) SIZE(nlmsgerr) PLACE(nlmsgerr, error) PLACE(nlmsgerr, msg)                                               \
    V(NETLINK_ROUTE) V(NLMSG_ERROR) V(NLMSG_DONE) V(RTM_NEWLINK) V(RTM_GETLINK) V(RTM_NEWADDR) V(RTM_GETADDR)                           \
    V(NLM_F_REQUEST) V(NLM_F_MULTI) V(NLM_F_ACK) V(NLM_F_DUMP) V(NLM_F_EXCL) V(NLM_F_CREATE)                                            \
    V(NLMSG_ALIGN(5)) V(NLMSG_HDRLEN) V(NLMSG_LENGTH(5))                                                                                \
    SIZE(ifinfomsg) PLACE(ifinfomsg, ifi_family) PLACE(ifinfomsg, ifi_type) PLACE(ifinfomsg, ifi_index) PLACE(ifinfomsg, ifi_flags)     \
    PLACE(ifinfomsg, ifi_change) SIZE(ifaddrmsg) PLACE(ifaddrmsg, ifa_family) PLACE(ifaddrmsg, ifa_prefixlen)                           \
    PLACE(ifaddrmsg, ifa_flags) PLACE(ifaddrmsg, ifa_scope) PLACE(ifaddrmsg, ifa_index)                                                 \
    V(IFLA_ADDRESS) V(IFLA_MTU) V(IFLA_MASTER) V(IFA_ADDRESS) V(IFA_LOCAL) V(IFA_BROADCAST) V(IFA_F_NODAD) V(RT_SCOPE_LINK)             \
    SIZE(rtattr) PLACE(rtattr, rta_len) PLACE(rtattr, rta_type) V(RTA_ALIGN(5)) V(RTA_LENGTH(5))

struct kernel_value {
    const char *name;
    unsigned long value;
};

#define AS_VALUE(name)         {#name, (unsigned long)(name)},
#define AS_SIZE(tag)           {"sizeof " #tag, sizeof(struct tag)},
#define AS_PLACE(tag, member)  {#tag "." #member, offsetof(struct tag, member)},
#define KERNEL_TABLE           {KERNEL_VALUES(AS_VALUE, AS_SIZE, AS_PLACE){NULL, 0}}

extern const struct kernel_value host_values[];

/* Two instructions: every argument in its place. */
#define KERNEL_FILTER {BPF_STMT(1, 2), BPF_JUMP(3, 4, 5, 6)}

struct sock_filter;
extern const struct sock_filter host_filter[];

/* Walks messages and attributes in a buffer; a sum over where they are and how long. NUMBER: what is left of attributes is counted in. */
unsigned long host_walk(const void *bytes, unsigned size);
#define KERNEL_WALK(function, NUMBER)                                                                                                   \
    unsigned long function(const void *bytes, unsigned size)                                                                            \
    {                                                                                                                                   \
        unsigned long sum = 0;                                                                                                          \
        unsigned rest = size;                                                                                                            \
        for (const struct nlmsghdr *m = bytes; NLMSG_OK(m, rest); m = NLMSG_NEXT(m, rest)) {                                            \
            const struct ifinfomsg *link = NLMSG_DATA(m);                                                                               \
            NUMBER left = (NUMBER)(m->nlmsg_len - NLMSG_LENGTH(sizeof *link));                                                          \
            sum = sum * 31 + (unsigned long)((const char *)m - (const char *)bytes) + 1;                                                \
            for (const struct rtattr *at = IFLA_RTA(link); RTA_OK(at, left); at = RTA_NEXT(at, left))                                   \
                sum = sum * 31 + (unsigned long)((const char *)RTA_DATA(at) - (const char *)bytes) * 7 + RTA_PAYLOAD(at);               \
        }                                                                                                                               \
        return sum;                                                                                                                     \
    }
