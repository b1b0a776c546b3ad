/* runtime_netfront.c - frames to and from a double of netback; which interface is taken; every lie that a shared ring can tell. */
#include "instances.h"

#include "../../targets/xen/netfront/card.h"
#include "interrupt.h"
#include "log.h"
#include "netfront.h"
#include "netif.h"

#include <stdlib.h>
#include <string.h>
#include <ukc/checksum.h>
#include <ukc/xen.h>
#include <ukc/xen_bus.h>
#include <ukc/xen_store.h>

uint8_t test_vif_mac[6];
int test_vif_index;
bool test_vif_offload;

/* ---- Xen ---- */

enum { GRANTS = 1024, EVENT = 9, DOMAIN = 5 };
static const char *granted[GRANTS];
static bool read_only[GRANTS];
static unsigned grant_count, sends;

int xen_grant(uint16_t domain, const void *page, bool only_read)
{
    assert_int_equal(domain, DOMAIN);
    assert_true(grant_count < GRANTS && (uintptr_t)page % PAGE == 0);
    granted[grant_count] = page;
    read_only[grant_count] = only_read;
    return (int)grant_count++;
}

/* References are not used twice: what was taken back may not be used any more. */
bool xen_grant_end(int reference)
{
    assert_true((unsigned)reference < GRANTS);
    granted[reference] = NULL;
    return true;
}

int xen_event_open(uint16_t domain)
{
    assert_int_equal(domain, DOMAIN);
    return EVENT;
}

void xen_event_close(uint32_t event)
{
    assert_int_equal(event, EVENT);
}

void xen_event_send(uint32_t event)
{
    assert_int_equal(event, EVENT);
    sends++;
}

/* ---- the store and the other end's state ---- */

static unsigned vifs;            /* how many there are */
static uint64_t offered_mtu, ring_grants[2];
static const char *features; /* words: what the other end can do */
static enum xen_state own_state;
static enum xen_state other_state;
static unsigned again;           /* transactions that have to be repeated */

int xen_device_open(struct xen_device *device, const char *kind, unsigned number)
{
    assert_string_equal(kind, "vif");
    *device = (struct xen_device){.domain = DOMAIN};
    device->own[0] = (char)('0' + number);
    return number < vifs ? 0 : -ENODEV;
}

int xen_device_read(const struct xen_device *device, bool others, const char *key, char *value, unsigned size)
{
    assert_false(others);
    assert_string_equal(key, "mac");
    assert_true(size > 17);
    strcpy(value, "00:16:3E:00:00:00");
    value[16] = device->own[0];
    return 17;
}

uint64_t xen_device_number(const struct xen_device *device, bool others, const char *key, uint64_t otherwise)
{
    (void)device;
    if (others)
        return strstr(features, key) ? 1 : otherwise;
    if (strcmp(key, "state") == 0)
        return own_state;
    assert_string_equal(key, "mtu");
    return offered_mtu ? offered_mtu : otherwise;
}

int xen_device_write(const struct xen_device *device, uint32_t transaction, const char *key, const char *value)
{
    (void)device, (void)key;
    assert_int_equal(transaction, 7);
    assert_string_equal(value, "1");
    return 0;
}

int xen_device_write_number(const struct xen_device *device, uint32_t transaction, const char *key, uint64_t value)
{
    (void)device;
    assert_int_equal(transaction, 7);
    if (strcmp(key, "rx-ring-ref") == 0)
        ring_grants[0] = value;
    else if (strcmp(key, "tx-ring-ref") == 0)
        ring_grants[1] = value;
    else
        assert_true(strcmp(key, "event-channel") == 0 && value == EVENT);
    return 0;
}

int xen_device_state(const struct xen_device *device, enum xen_state state)
{
    (void)device;
    own_state = state;
    return 0;
}

static void (*tell)(enum xen_news);

bool xen_device_drive(void (*driver)(enum xen_news))
{
    tell = driver;
    return true;
}

void xen_device_watch(const struct xen_device *device)
{
    assert_int_equal(device->domain, DOMAIN);
}

bool xen_device_goes(const struct xen_device *device)
{
    (void)device;
    return other_state >= XEN_STATE_CLOSING;
}

enum xen_state xen_device_await(const struct xen_device *device, enum xen_state one, enum xen_state other)
{
    (void)device;
    return other_state == one || other_state == other ? other_state : XEN_STATE_UNKNOWN;
}

int xen_store_begin(uint32_t *transaction)
{
    *transaction = 7;
    return 0;
}

int xen_store_end(uint32_t transaction, bool commit)
{
    assert_true(transaction == 7 && commit);
    return again && again-- ? -EAGAIN : 0;
}

/* ---- interrupts ---- */

struct interrupt_source {
    bool claimed;
    void *cookie;
};
static struct interrupt_source sources[2];

int interrupt_claim_line(struct interrupt_source **source, unsigned line)
{
    assert_int_equal(line, EVENT);
    *source = &sources[sources[0].claimed];
    assert_false((*source)->claimed);
    (*source)->claimed = true;
    return 0;
}

void interrupt_release(struct interrupt_source *source)
{
    *source = (struct interrupt_source){0};
}

void interrupt_arm(struct interrupt_source *source, void *cookie)
{
    source->cookie = cookie;
}

static void interrupt(void)
{
    for (unsigned i = 0; i < 2; i++)
        if (sources[i].cookie) {
            struct task *task = sources[i].cookie;
            sources[i].cookie = NULL;
            task_wake(task);
        }
}

/* ---- the log ---- */

static char logged[4096];

void log_vwrite(enum log_level level, const char *subject, const char *format, va_list arguments)
{
    (void)level, (void)subject;
    vsnprintf(logged + strlen(logged), sizeof logged - strlen(logged), format, arguments);
}

void log_write(enum log_level level, const char *subject, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_vwrite(level, subject, format, arguments);
    va_end(arguments);
}

/* ---- netback (netif.h of Xen) ---- */

enum { RECEIVE, SEND };
struct receive_answer {
    uint16_t id, offset, flags;
    int16_t status;
};
struct send_request {
    uint32_t grant;
    uint16_t offset, flags, id, size;
};
static uint32_t receive_taken, send_taken;

static struct xen_front_head *head(int which)
{
    return (struct xen_front_head *)(void *)(uintptr_t)granted[ring_grants[which]];
}

static char *slot(int which, uint32_t index)
{
    return (char *)(head(which) + 1) + (index % SLOTS) * (which == RECEIVE ? 8 : 12);
}

/* The next buffer for a frame: its number and page. */
static uint16_t next_buffer(char **page)
{
    uint16_t id;
    uint32_t grant;
    assert_true(head(RECEIVE)->request_put != receive_taken);
    memcpy(&id, slot(RECEIVE, receive_taken), 2);
    memcpy(&grant, slot(RECEIVE, receive_taken) + 4, 4);
    receive_taken++;
    assert_true(grant < grant_count && !read_only[grant]);
    *page = (char *)(uintptr_t)granted[grant];
    return id;
}

static void answer_receive(struct receive_answer a)
{
    memcpy(slot(RECEIVE, head(RECEIVE)->answer_put), &a, sizeof a);
    head(RECEIVE)->answer_put++;
}

static void deliver(const char *frame, size_t size, uint16_t offset)
{
    char *page;
    uint16_t id = next_buffer(&page);
    memcpy(page + offset, frame, size);
    answer_receive((struct receive_answer){.id = id, .offset = offset, .status = (int16_t)size});
}

static bool take_sent(struct send_request *r, const char **bytes)
{
    if (head(SEND)->request_put == send_taken)
        return false;
    memcpy(r, slot(SEND, send_taken++), sizeof *r);
    assert_true(r->grant < grant_count && read_only[r->grant] && r->offset + r->size <= PAGE);
    *bytes = granted[r->grant] + r->offset;
    return true;
}

static void answer_send(uint16_t id)
{
    const uint16_t answer[2] = {id, 0};
    memcpy(slot(SEND, head(SEND)->answer_put), answer, sizeof answer);
    head(SEND)->answer_put++;
}

/* ---- tests ---- */

static void set_up(void)
{
    memset(test_vif_mac, 0, 6);
    test_vif_index = -1;
    test_vif_offload = true;
    features = "feature-ipv6-csum-offload feature-sg feature-gso-tcpv4 feature-gso-tcpv6";
    grant_count = sends = again = receive_taken = send_taken = 0;
    memset(sources, 0, sizeof sources);
    vifs = 1;
    offered_mtu = 0;
    own_state = XEN_STATE_UNKNOWN;
    other_state = XEN_STATE_CONNECTED;
    logged[0] = '\0';
}

static void start(void)
{
    set_up();
    assert_int_equal(netfront_start(), 0);
    assert_int_equal(own_state, XEN_STATE_CONNECTED);
    assert_int_equal(head(RECEIVE)->request_put, 64);
}

/* With what the other end can do. */
static void start_with(const char *words)
{
    set_up();
    features = words;
    assert_int_equal(netfront_start(), 0);
}

static int send_frame(const char *bytes, size_t size)
{
    const struct view views[] = {{bytes, 10}, {NULL, 0}, {bytes + 10, size - 10}};
    return netfront_send(views, 3, DEADLINE_NOW);
}

static void which_one(void **state)
{
    (void)state;
    struct netif_info info;
    set_up();
    vifs = 0;
    assert_int_equal(netfront_start(), -ENODEV);
    assert_non_null(strstr(logged, "has no network interface"));
    set_up();
    vifs = 2;
    assert_int_equal(netfront_start(), -ENOTUNIQ);
    assert_non_null(strstr(logged, "several"));
    set_up();
    vifs = 3;
    test_vif_index = 1;
    assert_int_equal(netfront_start(), 0);
    assert_int_equal(netfront_info(&info), 0);
    assert_int_equal(info.mac[5], 1);
    set_up();
    vifs = 3;
    memcpy(test_vif_mac, (uint8_t[]){0, 0x16, 0x3e, 0, 0, 2}, 6);
    offered_mtu = 1400;
    again = 2;
    assert_int_equal(netfront_start(), 0);
    assert_int_equal(netfront_info(&info), 0);
    assert_memory_equal(info.mac, test_vif_mac, 6);
    assert_int_equal(info.mtu, 1400);
    set_up();
    memcpy(test_vif_mac, (uint8_t[]){0, 0x16, 0x3e, 0, 0, 9}, 6);
    assert_int_equal(netfront_start(), -ENODEV);
    assert_non_null(strstr(logged, "00:16:3e:00:00:09"));
    set_up();
    other_state = XEN_STATE_BEGINNING;
    assert_int_equal(netfront_start(), -ETIMEDOUT);
    assert_non_null(strstr(logged, "not ready"));
}

static void frames_both_ways(void **state)
{
    (void)state;
    static char frame[1515], got[2000];
    struct send_request r;
    const char *bytes;
    start();
    for (unsigned i = 0; i < 1000; i++) { /* around both rings */
        size_t size = 14 + i * 7 % 1501;
        memset(frame, (int)i, sizeof frame);
        deliver(frame, size, (uint16_t)(i % 3 * 100));
        assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), size);
        assert_memory_equal(frame, got, size);
        assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
        assert_int_equal(send_frame(frame, size), 0);
        assert_true(take_sent(&r, &bytes) && r.size == size && r.flags == 0);
        assert_memory_equal(bytes, frame, size);
        answer_send(r.id);
    }
    assert_int_equal(send_frame(frame, 1514), 0);
    assert_int_equal(send_frame(frame, 1515), -EMSGSIZE);
    assert_int_equal(send_frame(frame, 13), -EINVAL);
    deliver(frame, 1000, 0);
    assert_int_equal(netfront_receive(got, 999, DEADLINE_NOW), -EMSGSIZE);
}

/* What is no frame is dropped, and its buffer comes back. */
static void no_frames(void **state)
{
    (void)state;
    char *page, got[100];
    start();
    const struct {
        uint16_t flags;
        int16_t status;
    } kinds[] = {{0, -1}, {0, 0}, {0, 13}, {4, 60}, {4, 60}, {0, 60}};
    for (unsigned i = 0; i < 200; i++) {
        uint16_t id = next_buffer(&page);
        answer_receive((struct receive_answer){.id = id, .flags = kinds[i % 6].flags, .status = kinds[i % 6].status});
        assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    }
    assert_string_equal(strstr(logged, "rules") ? "broken" : "", "");
}

/* ---- checksums and segments ---- */

enum { TCP_HEAD4 = 14 + 20 + 20, TCP_HEAD6 = 14 + 40 + 20 };

/* A segment of TCP of so many bytes in all, over IPv4 or IPv6, its checksum wrong. */
static void segment(char *frame, unsigned version, size_t size)
{
    memset(frame, 0x5a, size);
    size_t ip = size - 14;
    uint8_t *p = (uint8_t *)frame;
    memcpy(p + 12, version == 4 ? "\x08\x00" : "\x86\xdd", 2);
    p[14] = version == 4 ? 0x45 : 0x60;
    if (version == 4) {
        p[16] = (uint8_t)(ip >> 8), p[17] = (uint8_t)ip;
        p[20] = p[21] = 0;
        p[23] = 6;
    } else {
        p[18] = (uint8_t)((ip - 40) >> 8), p[19] = (uint8_t)(ip - 40);
        p[20] = 6;
    }
    p[14 + (version == 4 ? 20 : 40) + 12] = 0x50;
}

/* Sends it, and takes the one request that it makes. */
static struct send_request send_one(char *frame, size_t size, const char **bytes)
{
    struct send_request r;
    assert_int_equal(send_frame(frame, size), 0);
    assert_true(take_sent(&r, bytes));
    answer_send(r.id);
    return r;
}

static void checksums_of_what_is_sent(void **state)
{
    (void)state;
    static char frame[1514];
    const char *bytes;
    struct checksum_place place;
    for (unsigned version = 4; version <= 6; version += 2) {
        start();
        segment(frame, version, 500);
        struct send_request r = send_one(frame, 500, &bytes);
        assert_int_equal(r.flags, 3);
        assert_int_equal(checksum_find((const uint8_t *)bytes, 500, 500, &place), CHECKSUM_FOUND);
        assert_memory_equal(bytes + place.start + place.field, &place.pseudo, 2);
        start_with(version == 4 ? "feature-no-csum-offload" : "");
        r = send_one(frame, 500, &bytes);
        assert_int_equal(r.flags, 0);
        assert_int_equal(checksum_verify((const uint8_t *)bytes, 500), CHECKSUM_FOUND);
    }
    start();
    segment(frame, 4, 60); /* behind the datagram: bytes that the other end must not sum up */
    frame[17] = 20 + 20 + 1;
    assert_int_equal(send_one(frame, 60, &bytes).size, TCP_HEAD4 + 1);
    set_up();
    test_vif_offload = false;
    assert_int_equal(netfront_start(), 0);
    assert_int_equal(send_one(frame, 60, &bytes).flags, 0);
}

static void checksums_of_what_is_received(void **state)
{
    (void)state;
    static char frame[200], got[200];
    struct checksum_place place;
    start();
    segment(frame, 4, sizeof frame);
    for (uint16_t flags = 0; flags < 4; flags++) {
        char *page;
        uint16_t id = next_buffer(&page);
        memcpy(page, frame, sizeof frame);
        answer_receive((struct receive_answer){.id = id, .flags = flags, .status = sizeof frame});
        assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), flags ? (int)sizeof frame : -ETIMEDOUT);
    }
    assert_int_equal(checksum_find((uint8_t *)frame, sizeof frame, sizeof frame, &place), CHECKSUM_FOUND);
    checksum_fill((uint8_t *)frame, &place);
    deliver(frame, sizeof frame, 0);
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), sizeof frame);
}

/* A long segment: a request for each piece, and what says how to divide it behind the first. */
static void segments_are_divided(void **state)
{
    (void)state;
    static char frame[40000], joined[40000];
    struct netif_info info;
    for (unsigned version = 4; version <= 6; version += 2) {
        start();
        netfront_info(&info);
        assert_int_equal(info.divides, 16 * 2048);
        for (unsigned round = 0; round < 100; round++) { /* around the ring */
            size_t size = 1515 + round * 313, at = 0;
            segment(frame, version, size);
            assert_int_equal(send_frame(frame, size), 0);
            for (bool more = true; more;) {
                const char *bytes;
                struct send_request r;
                uint32_t index = send_taken;
                bool first = at == 0;
                memcpy(&r, slot(SEND, index), sizeof r);
                if (first && size > 2048) { /* its size is that of all */
                    r.size = 2048;
                    memcpy(slot(SEND, index) + 10, &r.size, 2);
                }
                assert_true(take_sent(&r, &bytes));
                memcpy(joined + at, bytes, r.size);
                at += r.size;
                more = r.flags & 4;
                answer_send(r.id);
                assert_int_equal(r.flags & 8, first ? 8 : 0);
                if (!first)
                    continue;
                uint8_t extra[8];
                const uint16_t nothing[2] = {0xffff, 1};
                memcpy(extra, slot(SEND, send_taken++), sizeof extra);
                assert_true(extra[0] == 1 && extra[1] == 0 && extra[4] == (version == 4 ? 1 : 2));
                assert_int_equal(extra[2] | extra[3] << 8, 1514 - (version == 4 ? TCP_HEAD4 : TCP_HEAD6));
                memcpy(slot(SEND, head(SEND)->answer_put++), nothing, sizeof nothing);
            }
            assert_int_equal(at, size);
            assert_int_equal(send_taken, head(SEND)->request_put);
            assert_memory_equal(joined + 60, frame + 60, 10);
            assert_memory_equal(joined + 80, frame + 80, size - 80);
        }
    }
    assert_int_equal(send_frame(frame, 16 * 2048 + 1), -EMSGSIZE);
    memset(frame, 0, sizeof frame); /* no segment */
    assert_int_equal(send_frame(frame, 3000), -EMSGSIZE);
    start_with("feature-ipv6-csum-offload feature-sg feature-gso-tcpv4");
    netfront_info(&info);
    assert_int_equal(info.divides, 0);
    segment(frame, 4, 1515);
    assert_int_equal(send_frame(frame, 1515), -EMSGSIZE);
}

static int wanted;

static void receiver(void *context)
{
    char frame[100];
    *(ptrdiff_t *)context = netfront_receive(frame, sizeof frame, in_milliseconds(5000));
    wanted++;
}

static void sender(void *context)
{
    static const char frame[60];
    *(int *)context = netfront_send(&(struct view){frame, sizeof frame}, 1, in_milliseconds(5000));
    wanted++;
}

static void who_waits_is_woken(void **state)
{
    (void)state;
    static const char frame[64];
    struct task *a, *b;
    ptrdiff_t received = 0;
    int first = 1;
    struct send_request r;
    const char *bytes;
    start();
    wanted = 0;
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(send_frame(frame, sizeof frame), 0);
    assert_int_equal(send_frame(frame, sizeof frame), -ETIMEDOUT);
    assert_int_equal(task_start_service(&a, 0, receiver, &received), 0);
    assert_int_equal(task_start_service(&b, 0, sender, &first), 0);
    task_yield();
    task_yield();
    assert_int_equal(wanted, 0);
    deliver(frame, sizeof frame, 0);
    assert_true(take_sent(&r, &bytes));
    answer_send(r.id);
    interrupt();
    for (int i = 0; i < 10 && wanted < 2; i++)
        task_yield();
    assert_int_equal(received, 64);
    assert_int_equal(first, 0);
}

/* The domain was saved, and goes on: rings and buffers are granted anew, to another end that begins with nothing. */
static void goes_on(void **state)
{
    (void)state;
    static const char frame[64] = "after";
    struct task *a;
    ptrdiff_t received = 0;
    struct send_request r;
    const char *bytes;
    char got[100];
    start();
    wanted = 0;
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(send_frame(frame, sizeof frame), 0);
    deliver(frame, sizeof frame, 0);
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), 64);
    assert_int_equal(task_start_service(&a, 0, receiver, &received), 0);
    task_yield();
    unsigned before = grant_count;
    own_state = XEN_STATE_UNKNOWN;
    receive_taken = send_taken = 0;
    tell(XEN_NEWS_RESUMED);
    for (unsigned i = 0; i < before; i++)
        assert_null(granted[i]);
    interrupt();
    for (int i = 0; i < 4; i++)
        task_yield();
    assert_int_equal(own_state, XEN_STATE_CONNECTED);
    assert_int_equal(grant_count, 2 * before);
    assert_false(take_sent(&r, &bytes)); /* what was on its way is lost */
    deliver(frame, sizeof frame, 0);
    interrupt();
    for (int i = 0; i < 4 && !wanted; i++)
        task_yield();
    assert_int_equal(received, 64);
    for (unsigned i = 0; i < 100; i++) { /* every piece is free again */
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_true(take_sent(&r, &bytes));
        assert_memory_equal(bytes, frame, sizeof frame);
        answer_send(r.id);
    }
    receive_taken = send_taken = 0;
    tell(XEN_NEWS_RESUMED);
    assert_int_equal(send_frame(frame, sizeof frame), 0); /* who sends first agrees, too */
    assert_true(take_sent(&r, &bytes) && memcmp(bytes, frame, sizeof frame) == 0);
    tell(XEN_NEWS_RESUMED);
    tell(XEN_NEWS_RESUMED);
    other_state = XEN_STATE_BEGINNING;
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(send_frame(frame, sizeof frame), 0); /* as without a cable */
    assert_non_null(strstr(logged, "cannot be set up again: error 110"));
}

/* The interface goes and another one comes; between them it is as if the cable were out. */
static void goes_and_comes(void **state)
{
    (void)state;
    static const char frame[64] = "after";
    struct task *a;
    ptrdiff_t received = 0;
    struct send_request r;
    const char *bytes;
    start();
    wanted = 0;
    assert_int_equal(task_start_service(&a, 0, receiver, &received), 0);
    task_yield();
    tell(XEN_NEWS_STORE); /* of something else */
    assert_int_equal(own_state, XEN_STATE_CONNECTED);
    for (int round = 0; round < 2; round++) {
        other_state = round ? XEN_STATE_CLOSED : XEN_STATE_CLOSING;
        tell(XEN_NEWS_STORE);
        assert_int_equal(own_state, XEN_STATE_CLOSED);
        interrupt();
        for (int i = 0; i < 100; i++)
            assert_int_equal(send_frame(frame, sizeof frame), 0);
        vifs = round ? 2 : 1; /* the old one is still there */
        tell(XEN_NEWS_STORE);
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_int_equal(own_state, XEN_STATE_CLOSED);
        receive_taken = send_taken = 0;
        own_state = XEN_STATE_BEGINNING;
        vifs = 1;
        other_state = XEN_STATE_CONNECTED;
        tell(XEN_NEWS_STORE);
        interrupt();
        task_yield();
        task_yield();
        assert_int_equal(own_state, XEN_STATE_CONNECTED);
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_true(take_sent(&r, &bytes) && memcmp(bytes, frame, sizeof frame) == 0);
    }
    assert_int_equal(wanted, 0);
    deliver(frame, sizeof frame, 0);
    interrupt();
    for (int i = 0; i < 4 && !wanted; i++)
        task_yield();
    assert_int_equal(received, 64);
    assert_null(strstr(logged, "cannot"));
    for (unsigned i = 0; i < grant_count / 3; i++)
        assert_null(granted[i]);
}

static void expect_broken(const char *what)
{
    char got[100];
    if (netfront_receive(got, sizeof got, DEADLINE_NOW) != -EIO || own_state != XEN_STATE_CLOSING || !strstr(logged, "broke the rules"))
        fail_msg("%s is not noticed", what);
    assert_int_equal(send_frame(logged, 60), -EIO);
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -EIO);
}

static void receiving_lies(void **state)
{
    (void)state;
    char *page;
    uint16_t id;
    start();
    next_buffer(&page);
    answer_receive((struct receive_answer){.id = 64, .status = 60});
    expect_broken("a buffer that there is not");
    start();
    id = next_buffer(&page);
    answer_receive((struct receive_answer){.id = id, .offset = 4000, .status = 97});
    expect_broken("a frame that leaves its page");
    start();
    id = next_buffer(&page);
    answer_receive((struct receive_answer){.id = id, .offset = 65535, .status = 32767});
    expect_broken("an offset far away");
    start();
    id = next_buffer(&page);
    answer_receive((struct receive_answer){.id = id, .flags = 8, .status = 60});
    expect_broken("something nobody agreed on");
    start();
    head(RECEIVE)->answer_put = 65;
    expect_broken("more answers than requests");
    start();
    head(RECEIVE)->answer_put = 0x80000000;
    expect_broken("an index far away");
}

static void sending_lies(void **state)
{
    (void)state;
    static const char frame[60];
    const char *bytes;
    struct send_request r;
    for (int lie = 0; lie < 4; lie++) {
        start();
        for (int i = 0; i < 32; i++)
            assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_true(take_sent(&r, &bytes));
        if (lie == 0)
            answer_send(32);
        if (lie == 1) {
            answer_send(r.id);
            answer_send(r.id);
        }
        if (lie == 2)
            head(SEND)->answer_put = 33;
        if (lie == 3) { /* to an extra slot, of which there is none */
            const uint16_t nothing[2] = {0xffff, 1};
            memcpy(slot(SEND, head(SEND)->answer_put++), nothing, sizeof nothing);
        }
        assert_int_equal(send_frame(frame, sizeof frame), -EIO);
        expect_broken("an answer that cannot be");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(which_one, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(frames_both_ways, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(no_frames, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(checksums_of_what_is_sent, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(checksums_of_what_is_received, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(segments_are_divided, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(who_waits_is_woken, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(goes_on, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(goes_and_comes, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(receiving_lies, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(sending_lies, instances_start, instances_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
