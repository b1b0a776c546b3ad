/*
 * virtio_net.c - finding the card, and agreeing with it (VIRTIO 1.2, 5.1).
 */
#include "virtio_net.h"

#include "card.h"
#include "keys.h"
#include "log.h"
#include "netif.h"

#include <errno.h>
#include <string.h>
#include <ukc/address.h>

/* 5.1.3 */
#define FEATURE_CSUM (UINT64_C(1) << 0)
#define FEATURE_GUEST_CSUM (UINT64_C(1) << 1)
#define FEATURE_MTU (UINT64_C(1) << 3)
#define FEATURE_MAC (UINT64_C(1) << 5)
#define FEATURE_GUEST_TSO (UINT64_C(1) << 7 | UINT64_C(1) << 8) /* IPv4 and IPv6 */
#define FEATURE_HOST_TSO (UINT64_C(1) << 11 | UINT64_C(1) << 12) /* IPv4 and IPv6 */
#define FEATURE_MRG_RXBUF (UINT64_C(1) << 15)
#define FEATURE_STATUS (UINT64_C(1) << 16)
#define FEATURE_CTRL_VQ (UINT64_C(1) << 17)
#define FEATURE_GUEST_ANNOUNCE (UINT64_C(1) << 21)
#define FEATURES_TO_ANNOUNCE (FEATURE_STATUS | FEATURE_CTRL_VQ | FEATURE_GUEST_ANNOUNCE) /* each needs those before */

/* 5.1.4 */
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_MTU = 10, STATUS_LINK_UP = 1, STATUS_ANNOUNCE = 2 };

struct card card;

/* ---- which card ---- */

static bool any_mac(void)
{
    static const uint8_t none[6];
    return memcmp(KEY_MAC_BYTES, none, 6) == 0;
}

static int open_by_mac(void)
{
    int error, result = -ENODEV;
    for (unsigned i = 0; (error = virtio_open(&card.device, VIRTIO_NET, i)) != -ENODEV; i++) {
        uint8_t mac[6];
        if (error) {
            result = error;
            continue;
        }
        if (virtio_read_config(card.device, CONFIG_MAC, mac, 6) == 0 && memcmp(mac, KEY_MAC_BYTES, 6) == 0)
            return 0;
        virtio_close(card.device);
    }
    card.device = NULL;
    char mac[MAC_TEXT_SIZE];
    log_write(LOG_LEVEL_ERROR, "virtio_net", "there is no network card with the address %s%s", mac_format(mac, KEY_MAC_BYTES),
              result == -EBUSY ? ", unless one that is in use has it" : "");
    return result;
}

static const char *why(int error)
{
    return error == -ENODEV ? "there is none" : error == -EBUSY ? "it is in use" : error == -ENOTSUP ? "it has no virtio 1.0" : "it does not work";
}

static int open_by_index(unsigned index)
{
    int error = virtio_open(&card.device, VIRTIO_NET, index);
    if (error)
        log_write(LOG_LEVEL_ERROR, "virtio_net", "network card %u: %s", index, why(error));
    return error;
}

static int open_only(void)
{
    struct virtio_device *other;
    int error = open_by_index(0);
    if (error)
        return error;
    error = virtio_open(&other, VIRTIO_NET, 1);
    if (error == -ENODEV)
        return 0;
    if (!error)
        virtio_close(other);
    log_write(LOG_LEVEL_ERROR, "virtio_net", "there are several network cards: the key 'mac' or 'index' has to say which");
    return -ENOTUNIQ;
}

/* ---- agreeing ---- */

/*
 * Segments that are joined need checksums that nobody looks at (5.1.3.1), and several buffers each, of which there have to be enough: a card
 * whose frame finds no room for good delivers nothing any more.
 */
static bool may_join(uint64_t offered)
{
    return KEY_RECEIVE_BUFFERS >= JOINED_BUFFERS && (offered & FEATURE_GUEST_CSUM) && (offered & FEATURE_MRG_RXBUF);
}

/* All of TCP's divisions or none: the signature makes no difference between IPv4 and IPv6. */
static int negotiate(uint64_t *features)
{
    uint64_t wanted = FEATURE_MTU | FEATURE_MAC | FEATURE_MRG_RXBUF | FEATURE_STATUS, offered;
    int error = virtio_offered(card.device, &offered);
    if (!error && (offered & FEATURES_TO_ANNOUNCE) == FEATURES_TO_ANNOUNCE)
        wanted |= FEATURES_TO_ANNOUNCE;
    if (KEY_OFFLOAD)
        wanted |= FEATURE_CSUM | FEATURE_GUEST_CSUM | FEATURE_HOST_TSO | (may_join(offered) ? FEATURE_GUEST_TSO : 0);
    if (!error)
        error = virtio_negotiate(card.device, wanted, features);
    if (error)
        return error;
    card.fills = *features & FEATURE_CSUM;
    card.verifies = *features & FEATURE_GUEST_CSUM;
    card.divides = card.fills && (*features & FEATURE_HOST_TSO) == FEATURE_HOST_TSO;
    card.merges = *features & FEATURE_MRG_RXBUF;
    card.joins = *features & FEATURE_GUEST_TSO;
    return 0;
}

static void say_link(uint16_t status)
{
    bool down = !(status & STATUS_LINK_UP);
    if (down != card.down)
        log_write(down ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "virtio_net", "the network card's link is %s", down ? "down" : "up again");
    card.down = down;
}

static int read_config(uint64_t features)
{
    uint16_t mtu = MTU_MOST, status = STATUS_LINK_UP;
    int error = 0;
    if (!(features & FEATURE_MAC)) {
        log_write(LOG_LEVEL_ERROR, "virtio_net", "the network card has no Ethernet address");
        return -ENOTSUP;
    }
    error = virtio_read_config(card.device, CONFIG_MAC, card.mac, 6);
    if (!error && (features & FEATURE_MTU))
        error = virtio_read_config(card.device, CONFIG_MTU, &mtu, 2);
    if (!error && (features & FEATURE_STATUS))
        error = virtio_read_config(card.device, CONFIG_STATUS, &status, 2);
    if (error)
        return error;
    if (mtu < MTU_LEAST || card.mac[0] & 1) {
        log_write(LOG_LEVEL_ERROR, "virtio_net", "the network card contradicts itself: MTU %u, address %02x:...", mtu, card.mac[0]);
        return -EIO;
    }
    card.mtu = mtu < KEY_MTU ? mtu : (unsigned)KEY_MTU;
    card.tells = features & FEATURE_STATUS;
    card.asks = features & FEATURE_GUEST_ANNOUNCE;
    say_link(status);
    return 0;
}

/* News of the configuration come with the interrupt of the first queue (virtio_bus). */
bool card_look(void)
{
    uint16_t status;
    if (!card.tells || virtio_read_config(card.device, CONFIG_STATUS, &status, sizeof status) != 0)
        return false;
    say_link(status);
    if (!card.asks || !(status & STATUS_ANNOUNCE) || !control_announced())
        return false;
    log_write(LOG_LEVEL_INFO, "virtio_net", "the network card asks for addresses to be announced: the machine may have been moved");
    return true;
}

static int set_up(void)
{
    uint64_t features;
    int error = negotiate(&features);
    if (!error)
        error = read_config(features);
    if (!error)
        error = receive_open();
    if (!error)
        error = send_open();
    if (!error && card.asks)
        error = control_open();
    if (!error)
        error = virtio_ready(card.device);
    if (!error)
        receive_begin();
    return error;
}

int virtio_net_start(void)
{
    card = (struct card){0};
    int error = !any_mac() ? open_by_mac() : KEY_INDEX >= 0 ? open_by_index((unsigned)KEY_INDEX) : open_only();
    if (!error && (error = set_up()) != 0)
        log_write(LOG_LEVEL_ERROR, "virtio_net", "the network card cannot be set up: error %d", -error);
    if (error) {
        virtio_net_stop();
        return error;
    }
    char mac[MAC_TEXT_SIZE];
    log_write(LOG_LEVEL_INFO, "virtio_net", "%s, MTU %u%s%s%s", mac_format(mac, card.mac), card.mtu, card.fills ? ", checksums" : "",
              card.divides ? ", segments" : "", card.joins ? ", joined segments" : "");
    return 0;
}

void virtio_net_stop(void)
{
    virtio_close(card.device);
    card.device = NULL;
    receive_close();
    send_close();
}

int card_broken(void)
{
    if (card.device) {
        log_write(LOG_LEVEL_ERROR, "virtio_net", "the network card broke virtio's rules, or gave up: it is not used any more");
        virtio_close(card.device);
    }
    card.device = NULL;
    receive_wake();
    send_wake();
    return -EIO;
}

int virtio_net_info(struct netif_info *info)
{
    *info = (struct netif_info){
        .mtu = (uint16_t)card.mtu,
        .offload = (card.fills ? NETIF_CHECKSUM_SEND : 0) | (card.verifies ? NETIF_CHECKSUM_RECEIVE : 0),
        .divides = card.divides ? send_most() : 0,
    };
    memcpy(info->mac, card.mac, 6);
    return 0;
}
