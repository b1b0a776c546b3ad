/*
 * lwipopts.h - lwIP as the keys of this instance want it.
 *
 * lwIP's own page on each option is src/include/lwip/opt.h.  Memory is not lwIP's (memory.c), nor are timers (timers.c).
 */
#ifndef LWIP_LWIPOPTS_H
#define LWIP_LWIPOPTS_H

#include "keys.h"

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TIMERS_CUSTOM 1
#define LWIP_STATS 0
#define LWIP_RAW 0
#define LWIP_HOOK_FILENAME "hooks.h"

/* Assertions are for the dev profile and for sanitizers. */
#if defined(__OPTIMIZE__) && !__has_feature(address_sanitizer)
#define LWIP_NOASSERT
#endif

/* ---- families ---- */

#define LWIP_IPV4 (KEY_IPV4 != KEY_IPV4_OFF)
#define LWIP_IPV6 (KEY_IPV6 != KEY_IPV6_OFF)
#define LWIP_ICMP LWIP_IPV4
#define LWIP_IGMP 0
#define LWIP_DHCP (KEY_IPV4 == KEY_IPV4_DHCP)
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* seconds before the first packet; servers that hand out addresses check them */
#define LWIP_DHCP_MAX_DNS_SERVERS 4
#define DHCP_OPTIONS_LEN 312 /* with a host's name of 253 bytes; the message still fits 576 bytes */
#define LWIP_ACD 0
#define LWIP_IPV6_AUTOCONFIG (KEY_IPV6 == KEY_IPV6_SLAAC)
#define LWIP_IPV6_SEND_ROUTER_SOLICIT LWIP_IPV6_AUTOCONFIG
#define LWIP_IPV6_DHCP6 0
#define LWIP_IPV6_MLD LWIP_IPV6
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS (LWIP_IPV6_AUTOCONFIG ? 4 : 0)
#define LWIP_NETIF_HOSTNAME LWIP_DHCP

/* dns_setserver() is where DHCP and router advertisements bring the addresses of name servers; servers.c is all there is of it */
#define LWIP_DNS (LWIP_DHCP || LWIP_IPV6_AUTOCONFIG)
#define DNS_MAX_SERVERS 4

#define LWIP_ARP LWIP_IPV4
#define LWIP_ETHERNET 1 /* without ARP it would not be */
#define ETH_PAD_SIZE 2 /* so that what follows the Ethernet header is aligned */
#define ARP_TABLE_SIZE 127
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 16
#define LWIP_ND6_NUM_NEIGHBORS 127
#define LWIP_ND6_NUM_DESTINATIONS 127
#define LWIP_ND6_TCP_REACHABILITY_HINTS 0 /* would search the table for each acknowledgement */
#define LWIP_NETIF_HWADDRHINT 1 /* a connection remembers where its peer is in these tables */

#define IP_DEFAULT_TTL KEY_TTL
#define LWIP_ICMP6_HL 255
#define IP_REASSEMBLY KEY_REASSEMBLY
#define LWIP_IPV6_REASS (LWIP_IPV6 && KEY_REASSEMBLY)
#define IP_REASS_MAX_PBUFS 256
#define IP_FRAG 1
#define LWIP_IPV6_FRAG LWIP_IPV6
#define IPV6_FRAG_COPYHEADER 1 /* pointers are longer than the header they would overwrite */

#define LWIP_NETIF_LOOPBACK 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_LOOPBACK_MAX_PBUFS 0
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_INLINE_IP_CHKSUM 1 /* of the header, while it is written */

/* ---- TCP ---- */

#define LWIP_TCP 1
#define TCP_TMR_INTERVAL 100 /* milliseconds: delayed acknowledgements; the others tick every second one */
#define TCP_MSS 9160         /* at most: what the peer and the interface allow is found out at run time */
/* No connection may fill more than an eighth of the memory. */
#define SHARE_MOST (KEY_MEMORY / 8)
#define WINDOW_MOST (KEY_WINDOW < SHARE_MOST ? KEY_WINDOW : SHARE_MOST)
#define SEND_MOST (KEY_SEND_BUFFER < SHARE_MOST ? KEY_SEND_BUFFER : SHARE_MOST)
#define LWIP_WND_SCALE KEY_WINDOW_SCALING
#if LWIP_WND_SCALE
#define TCP_WND WINDOW_MOST
#define TCP_RCV_SCALE (WINDOW_MOST < 1 << 16 ? 0 : WINDOW_MOST < 1 << 17 ? 1 : WINDOW_MOST < 1 << 18 ? 2 : WINDOW_MOST < 1 << 19 ? 3 : \
                       WINDOW_MOST < 1 << 20 ? 4 : WINDOW_MOST < 1 << 21 ? 5 : WINDOW_MOST < 1 << 22 ? 6 : WINDOW_MOST < 1 << 23 ? 7 : 8)
#else
#define TCP_WND (WINDOW_MOST < 65535 ? WINDOW_MOST : 65535)
#endif
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 4)
#if !LWIP_WND_SCALE && SEND_MOST > 65535
#define TCP_SND_BUF 65535
#else
#define TCP_SND_BUF SEND_MOST
#endif
#define TCP_SND_QUEUELEN (TCP_SND_BUF / 128 > 60000 ? 60000 : TCP_SND_BUF / 128)
#define TCP_SNDLOWAT (2 * TCP_MSS + 1)
#define TCP_OVERSIZE TCP_MSS
#define TCP_LISTEN_BACKLOG 0 /* listener.c counts */
#define SO_REUSE 1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_KEEPIDLE_DEFAULT (KEY_KEEPALIVE * 1000UL)
#define TCP_KEEPINTVL_DEFAULT 15000UL
#define TCP_KEEPCNT_DEFAULT 6U
#define TCP_MSL (KEY_TIME_WAIT * 500UL)
#define LWIP_TCP_RTO_TIME 1000 /* RFC 6298, section 2.1 */
#define LWIP_TCP_SACK_OUT KEY_SACK
#define LWIP_TCP_TIMESTAMPS KEY_TIMESTAMPS
#define TCP_OOSEQ_MAX_PBUFS (TCP_WND / 536 > 2000 ? 2000 : TCP_WND / 536)
#define LWIP_HOOK_TCP_ISN secret_sequence

/* ---- memory ---- */

/* memory.c counts what there is of each kind; pbufs and segments are limited by the memory they share. */
#define MEM_ALIGNMENT 8
#define MEM_SIZE KEY_MEMORY
#define MEMP_NUM_TCP_PCB (KEY_CONNECTIONS ? KEY_CONNECTIONS : KEY_MEMORY / 4096)
#define MEMP_NUM_TCP_PCB_LISTEN 256
#define MEMP_NUM_TCP_SEG 10000000
#define MEMP_NUM_UDP_PCB 1024
#define MEMP_NUM_REASSDATA 32
#define MEMP_NUM_FRAG_PBUF 1024
#define MEMP_NUM_ARP_QUEUE 256
#define MEMP_NUM_ND6_QUEUE 256
#define MEMP_NUM_MLD6_GROUP 16
#define MEMP_NUM_PBUF 10000000
#define PBUF_POOL_SIZE 0
#define PBUF_POOL_BUFSIZE 1600

#endif
