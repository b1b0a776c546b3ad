/*
 * netfront.c - finding the interface, and agreeing with its other end (xen/include/public/io/netif.h).
 *
 * One queue, with an event channel for each of its rings, or one for both where the other end knows of no more.  Checksums are left to the
 * other end where it takes them, and segments of TCP that it divides.  It may leave them together as well, in frames of several buffers, and
 * checksums out: those frames never were on a wire.
 */
#include "netfront.h"

#include "card.h"
#include "interrupt.h"
#include "keys.h"
#include "log.h"
#include "netif.h"
#include "pages.h"

#include <errno.h>
#include <string.h>
#include <ukc/address.h>
#include <ukc/xen.h>
#include <ukc/xen_store.h>

enum { NUMBERS = 32 /* of interfaces that are looked for */ };

struct card card;

/* ---- rings ---- */

char *share(unsigned pages, int *grants, bool read_only)
{
    unsigned granted = 0;
    char *memory = pages_allocate((size_t)pages * PAGE);
    if (memory) /* what was there is nobody else's business */
        memset(memory, 0, (size_t)pages * PAGE);
    for (; memory && granted < pages; granted++) {
        grants[granted] = xen_grant(card.device.domain, memory + (size_t)granted * PAGE, read_only);
        if (grants[granted] < 0)
            break;
    }
    if (memory && granted == pages)
        return memory;
    while (granted > 0)
        xen_grant_end(grants[--granted]);
    if (memory)
        pages_free(memory, (size_t)pages * PAGE);
    return NULL;
}

void unshare(char *memory, unsigned pages, const int *grants)
{
    bool kept = false;
    for (unsigned i = 0; memory && i < pages; i++)
        kept |= !xen_grant_end(grants[i]);
    if (memory && !kept)
        pages_free(memory, (size_t)pages * PAGE);
}

int ring_open(struct ring *ring, uint32_t event)
{
    *ring = (struct ring){.event = event};
    char *page = share(1, &ring->grant, false);
    if (!page)
        return -ENOMEM;
    ring->front = xen_front_open(page);
    return 0;
}

void ring_close(struct ring *ring)
{
    unshare((char *)(uintptr_t)ring->front.head, 1, &ring->grant);
    *ring = (struct ring){};
}

void ring_show(struct ring *ring)
{
    uint32_t before = ring->shown;
    ring->shown = ring->front.put;
    if (xen_front_show(&ring->front, before))
        xen_event_send(ring->event);
}

/* ---- which interface ---- */

static bool any_mac(void)
{
    static const uint8_t none[6];
    return memcmp(KEY_MAC_BYTES, none, 6) == 0;
}

static bool read_mac(const struct xen_device *device, uint8_t mac[6])
{
    char text[MAC_TEXT_SIZE];
    static const char digits[] = "0123456789abcdef";
    if (xen_device_read(device, false, "mac", text, sizeof text) != 17)
        return false;
    for (unsigned i = 0; i < 17; i++) {
        const char *digit = memchr(digits, text[i] | 0x20, 16);
        if (i % 3 == 2 ? text[i] != ':' : !digit)
            return false;
        if (i % 3 != 2)
            mac[i / 3] = (uint8_t)(mac[i / 3] << 4 | (digit - digits));
    }
    return true;
}

/* How many interfaces there are that the keys mean; the last one is the card's.  `fresh`: of those that nobody has agreed on. */
static unsigned look_for(bool fresh, int *error)
{
    struct xen_device device;
    unsigned found = 0;
    *error = -ENODEV;
    for (unsigned i = 0; i < NUMBERS; i++) {
        uint8_t mac[6] = {0};
        int got = xen_device_open(&device, "vif", i);
        if (got != 0) {
            *error = got == -ENODEV ? *error : got;
            continue;
        }
        if (!any_mac() ? !read_mac(&device, mac) || memcmp(mac, KEY_MAC_BYTES, 6) != 0 : KEY_INDEX >= 0 && (unsigned)KEY_INDEX != i)
            continue;
        if (fresh && xen_device_number(&device, false, "state", XEN_STATE_UNKNOWN) != XEN_STATE_BEGINNING)
            continue;
        card.device = device;
        card.number = i;
        found++;
    }
    return found;
}

/* The interface that the keys mean: 0, or a negative errno value after saying why not. */
static int find(void)
{
    int error;
    char mac[MAC_TEXT_SIZE];
    unsigned found = look_for(false, &error);
    if (found == 1)
        return 0;
    if (found > 1) {
        log_write(LOG_LEVEL_ERROR, "netfront", "there are several network interfaces: the key 'mac' or 'index' has to say which");
        return -ENOTUNIQ;
    }
    if (!any_mac())
        log_write(LOG_LEVEL_ERROR, "netfront", "there is no network interface with the address %s", mac_format(mac, KEY_MAC_BYTES));
    else if (KEY_INDEX >= 0)
        log_write(LOG_LEVEL_ERROR, "netfront", "there is no network interface %d", (int)KEY_INDEX);
    else
        log_write(LOG_LEVEL_ERROR, "netfront", "the domain has no network interface: its file for xl needs a line vif = [...]");
    return error;
}

/* ---- agreeing ---- */

struct grants {
    int receive, send;
};

static int write_channels(uint32_t transaction)
{
    if (card.receive_event == card.send_event)
        return xen_device_write_number(&card.device, transaction, "event-channel", card.send_event);
    int error = xen_device_write_number(&card.device, transaction, "event-channel-rx", card.receive_event);
    return error ? error : xen_device_write_number(&card.device, transaction, "event-channel-tx", card.send_event);
}

static int write_offer(uint32_t transaction, void *context)
{
    const struct grants *grants = context;
    static const struct {
        const char *key, *value;
    } fixed[] = {{"request-rx-copy", "1"},   {"feature-rx-notify", "1"}, {"feature-ipv6-csum-offload", "1"},
                 {"feature-sg", "1"}, {"feature-gso-tcpv4", "1"}, {"feature-gso-tcpv6", "1"}};
    enum { ALWAYS = 3 };
    int error = 0;
    for (size_t i = 0; !error && i < (card.joins ? sizeof fixed / sizeof *fixed : ALWAYS); i++)
        error = xen_device_write(&card.device, transaction, fixed[i].key, fixed[i].value);
    if (!error)
        error = xen_device_write_number(&card.device, transaction, "rx-ring-ref", (uint64_t)grants->receive);
    if (!error)
        error = xen_device_write_number(&card.device, transaction, "tx-ring-ref", (uint64_t)grants->send);
    return error ? error : write_channels(transaction);
}

static bool others_feature(const char *key)
{
    return xen_device_number(&card.device, true, key, 0) == 1;
}

static void read_features(void)
{
    card.fills4 = KEY_OFFLOAD && !others_feature("feature-no-csum-offload");
    card.fills6 = KEY_OFFLOAD && others_feature("feature-ipv6-csum-offload");
    card.joins = KEY_OFFLOAD && receive_can_join();
    card.divides = card.fills4 && card.fills6 && others_feature("feature-sg") && others_feature("feature-gso-tcpv4") && others_feature("feature-gso-tcpv6");
}

static void close_channels(void)
{
    if (card.send_event && card.send_event != card.receive_event)
        xen_event_close(card.send_event);
    if (card.receive_event)
        xen_event_close(card.receive_event);
    card.receive_event = card.send_event = 0;
}

/* Two, so that who waits for one ring is not woken for the other; one is enough. */
static int open_channels(void)
{
    int first = xen_event_open(card.device.domain);
    if (first < 0)
        return first;
    int second = others_feature("feature-split-event-channels") ? xen_event_open(card.device.domain) : first;
    card.receive_event = (uint32_t)first;
    card.send_event = (uint32_t)(second < 0 ? first : second);
    return 0;
}

static int connect(void)
{
    struct grants grants = {};
    if (xen_device_await(&card.device, XEN_STATE_WAITING, XEN_STATE_CONNECTED) == XEN_STATE_UNKNOWN) {
        log_write(LOG_LEVEL_ERROR, "netfront", "the network interface's other end, in domain %u, is not ready", card.device.domain);
        return -ETIMEDOUT;
    }
    read_features();
    close_channels();
    receive_close();
    send_close();
    int error = open_channels();
    if (!error)
        error = receive_open(&grants.receive);
    if (!error)
        error = send_open(&grants.send);
    if (!error)
        error = xen_store_write_together(write_offer, &grants);
    if (!error)
        error = xen_device_state(&card.device, XEN_STATE_CONNECTED);
    if (error)
        return error;
    xen_device_watch(&card.device);
    card.open = true;
    receive_begin();
    card.shown = xen_device_await(&card.device, XEN_STATE_CONNECTED, XEN_STATE_CONNECTED) != XEN_STATE_CONNECTED;
    return card.shown ? -ETIMEDOUT : 0;
}

/* ---- a new other end ---- */

/* At once, while all references are free: later they are somebody else's. */
static void resumed(void)
{
    card.again = card.again || card.open || card.shown;
    card.open = card.shown = false;
    card.receive_event = card.send_event = 0;
    receive_close();
    send_close();
}

/* The other end waits until this one has let go. */
static void detached(void)
{
    card.open = card.shown = false;
    card.away = true;
    xen_device_unwatch(&card.device);
    xen_device_state(&card.device, XEN_STATE_CLOSED);
}

static void told(enum xen_news news)
{
    card.look = true;
    if (news == XEN_NEWS_RESUMED)
        resumed();
    else if ((card.open || card.shown) && xen_device_goes(&card.device))
        detached();
}

/* The stack goes on with the address that it knows, and nothing stands still until the other end is ready. */
static int take_new(void)
{
    int error;
    uint8_t mac[6];
    char text[MAC_TEXT_SIZE];
    if (look_for(true, &error) != 1 || !xen_device_is_ready(&card.device))
        return -EAGAIN;
    if (read_mac(&card.device, mac) && memcmp(mac, card.mac, sizeof mac) != 0)
        log_write(LOG_LEVEL_WARNING, "netfront", "the new network interface has another address, %s is kept", mac_format(text, card.mac));
    return 0;
}

int card_again(void)
{
    if (card.away && card.look) {
        card.look = false;
        card.open = card.shown && xen_device_other_state(&card.device) == XEN_STATE_CONNECTED;
        card.again = !card.shown && take_new() == 0;
    }
    if (card.open) {
        card.shown = card.away = false;
        return 0;
    }
    if (!card.again)
        return card.away ? -EAGAIN : -EIO;
    card.again = false;
    int error = xen_device_open(&card.device, "vif", card.number);
    error = error ? error : connect();
    card.open = !error;
    card.away = error;
    if (error)
        log_write(LOG_LEVEL_ERROR, "netfront", "the network interface cannot be set up again: error %d", -error);
    return error ? -EAGAIN : 0;
}

int netfront_start(void)
{
    card = (struct card){0};
    int error = find();
    if (error)
        return error;
    if (!read_mac(&card.device, card.mac) || card.mac[0] & 1) {
        log_write(LOG_LEVEL_ERROR, "netfront", "the network interface has no Ethernet address that can be used");
        return -EIO;
    }
    uint64_t mtu = xen_device_number(&card.device, false, "mtu", MTU_MOST);
    card.mtu = mtu >= MTU_LEAST && mtu < (uint64_t)KEY_MTU ? (unsigned)mtu : (unsigned)KEY_MTU;
    error = connect();
    if (!error && !xen_device_drive(told))
        error = -ENOSPC;
    if (error) {
        log_write(LOG_LEVEL_ERROR, "netfront", "the network interface cannot be set up: error %d", -error);
        netfront_stop();
        return error;
    }
    char mac[MAC_TEXT_SIZE];
    log_write(LOG_LEVEL_INFO, "netfront", "%s, MTU %u%s%s%s", mac_format(mac, card.mac), card.mtu, card.fills4 ? ", checksums" : "",
              card.divides ? ", segments" : "", card.joins ? ", joined segments" : "");
    return 0;
}

/* Takes it out of use. */
static void close_card(void)
{
    if (card.open || card.shown)
        xen_device_state(&card.device, XEN_STATE_CLOSING);
    card.open = card.again = card.away = card.shown = false;
}

/* Pages that are granted stay: the other end may still have them, and the domain ends. */
void netfront_stop(void)
{
    close_card();
    receive_release();
    send_release();
}

int card_broken(void)
{
    if (card.open)
        log_write(LOG_LEVEL_ERROR, "netfront", "the network interface's other end broke the rules: it is not used any more");
    close_card();
    receive_wake();
    send_wake();
    return -EIO;
}

int netfront_info(struct netif_info *info)
{
    *info = (struct netif_info){
        .mtu = (uint16_t)card.mtu,
        .offload = NETIF_CHECKSUM_SEND | NETIF_CHECKSUM_RECEIVE, /* what the other end leaves is done here */
        .divides = card.divides ? send_most() : 0,
    };
    memcpy(info->mac, card.mac, 6);
    return 0;
}
