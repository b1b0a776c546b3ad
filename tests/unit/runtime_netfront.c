/* runtime_netfront.c - frames to and from a double of netback; which interface is taken; every lie that a shared ring can tell. */
#include "instances.h"

#include "../../targets/xen/netfront/card.h"
#include "netfront.h"
#include "netif.h"
#include "xen_double.h"

#include <stdlib.h>
#include <string.h>
#include <ukc/checksum.h>

uint8_t test_vif_mac[6];
int test_vif_index;
bool test_vif_offload;

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
    return (struct xen_front_head *)(void *)double_xen_page((uint32_t)atoi(double_xen_said(which == RECEIVE ? "rx-ring-ref" : "tx-ring-ref")), NULL);
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
    bool read_only;
    *page = double_xen_page(grant, &read_only);
    assert_true(*page && !read_only);
    return id;
}

static void answer_receive(struct receive_answer a)
{
    memcpy(slot(RECEIVE, head(RECEIVE)->answer_put), &a, sizeof a);
    head(RECEIVE)->answer_put++;
}

/* In the place of an answer; the buffer that was asked for there is not written. */
static void answer_extra(uint8_t type, uint8_t flags, uint8_t division)
{
    char *page;
    const uint8_t extra[8] = {type, flags, 0xb4, 5, division};
    next_buffer(&page);
    memcpy(slot(RECEIVE, head(RECEIVE)->answer_put++), extra, sizeof extra);
}

/* A frame in pieces of so many bytes, and an extra behind the first if it was divided so. */
static void deliver_parts(const char *frame, size_t size, size_t piece, uint16_t flags, uint8_t division)
{
    for (size_t at = 0, part; at < size; at += part) {
        char *page;
        uint16_t id = next_buffer(&page), offset = piece < 4000 ? 30 : 0;
        part = size - at < piece ? size - at : piece;
        memcpy(page + offset, frame + at, part);
        uint16_t more = at + part < size ? 4 : 0, extra = at == 0 && division ? 8 : 0;
        answer_receive((struct receive_answer){.id = id, .offset = offset, .flags = flags | more | extra, .status = (int16_t)part});
        if (extra)
            answer_extra(1, 0, division);
    }
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
    bool read_only;
    const char *page = double_xen_page(r->grant, &read_only);
    assert_true(page && read_only && r->offset + r->size <= PAGE);
    *bytes = page + r->offset;
    return true;
}

static void answer_send(uint16_t id)
{
    const uint16_t answer[2] = {id, 0};
    memcpy(slot(SEND, head(SEND)->answer_put), answer, sizeof answer);
    head(SEND)->answer_put++;
}

/* ---- tests ---- */

static void have_interfaces(unsigned count)
{
    double_xen.device_count = count;
    for (unsigned i = 0; i < count; i++)
        double_xen.devices[i] = i;
}

static void can(const char *feature)
{
    double_xen_say(feature, "1");
}

/* A new other end begins with nothing. */
static void agree(void)
{
    if (double_xen.own != XEN_STATE_CONNECTED || double_xen.other != XEN_STATE_WAITING)
        return;
    receive_taken = send_taken = 0;
    double_xen.other = XEN_STATE_CONNECTED;
}

/* The other end can do nothing. */
static void set_up_bare(void)
{
    memset(test_vif_mac, 0, 6);
    test_vif_index = -1;
    test_vif_offload = true;
    netfront_stop();
    double_xen_begin();
    double_xen.other = XEN_STATE_WAITING;
    double_xen.own_changed = agree;
    double_xen_have("mac", "00:16:3E:00:00:0#");
}

static void set_up(void)
{
    set_up_bare();
    can("feature-ipv6-csum-offload");
    can("feature-sg");
    can("feature-split-event-channels");
    can("feature-gso-tcpv4");
    can("feature-gso-tcpv6");
}

static void start(void)
{
    set_up();
    assert_int_equal(netfront_start(), 0);
    assert_int_equal(double_xen.own, XEN_STATE_CONNECTED);
    assert_int_equal(head(RECEIVE)->request_put, 64);
}

/* The other end can do one thing, or nothing. */
static void start_with(const char *feature)
{
    set_up_bare();
    if (feature)
        can(feature);
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
    have_interfaces(0);
    assert_int_equal(netfront_start(), -ENODEV);
    assert_non_null(strstr(double_xen.logged, "has no network interface"));
    set_up();
    have_interfaces(2);
    assert_int_equal(netfront_start(), -ENOTUNIQ);
    assert_non_null(strstr(double_xen.logged, "several"));
    set_up();
    have_interfaces(3);
    test_vif_index = 1;
    assert_int_equal(netfront_start(), 0);
    assert_int_equal(netfront_info(&info), 0);
    assert_int_equal(info.mac[5], 1);
    set_up();
    have_interfaces(3);
    memcpy(test_vif_mac, (uint8_t[]){0, 0x16, 0x3e, 0, 0, 2}, 6);
    double_xen_have("mtu", "1400");
    double_xen.again = 2;
    assert_int_equal(netfront_start(), 0);
    assert_int_equal(netfront_info(&info), 0);
    assert_memory_equal(info.mac, test_vif_mac, 6);
    assert_int_equal(info.mtu, 1400);
    set_up();
    memcpy(test_vif_mac, (uint8_t[]){0, 0x16, 0x3e, 0, 0, 9}, 6);
    assert_int_equal(netfront_start(), -ENODEV);
    assert_non_null(strstr(double_xen.logged, "00:16:3e:00:00:09"));
    set_up();
    double_xen.other = XEN_STATE_BEGINNING;
    assert_int_equal(netfront_start(), -ETIMEDOUT);
    assert_non_null(strstr(double_xen.logged, "not ready"));
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
    } kinds[] = {{0, -1}, {0, 0}, {0, 13}, {4, 60}, {4, -1}, {0, 60}};
    for (unsigned i = 0; i < 200; i++) {
        uint16_t id = next_buffer(&page);
        answer_receive((struct receive_answer){.id = id, .flags = kinds[i % 6].flags, .status = kinds[i % 6].status});
        assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    }
    assert_string_equal(strstr(double_xen.logged, "rules") ? "broken" : "", "");
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
        start_with(version == 4 ? "feature-no-csum-offload" : NULL);
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
    set_up();
    double_xen_say("feature-gso-tcpv6", "0");
    assert_int_equal(netfront_start(), 0);
    netfront_info(&info);
    assert_int_equal(info.divides, 0);
    segment(frame, 4, 1515);
    assert_int_equal(send_frame(frame, 1515), -EMSGSIZE);
}

/* Numbers of a frame's headers, which are where segment() puts them. */
static unsigned number16(const char *at)
{
    return (unsigned)(uint8_t)at[0] << 8 | (uint8_t)at[1];
}

/* Takes what is left of a joined frame, segment by segment. */
static void take_segments(const char *frame, size_t size, unsigned version)
{
    static char got[2000];
    size_t head_size = version == 4 ? TCP_HEAD4 : TCP_HEAD6, ip_size = version == 4 ? 20 : 40, done = 0;
    unsigned sequence = number16(frame + 14 + ip_size + 6), number = 0;
    for (; done < size - head_size; number++) {
        ptrdiff_t n = netfront_receive(got, sizeof got, DEADLINE_NOW);
        assert_true(n > (ptrdiff_t)head_size && n <= 1514);
        size_t data = (size_t)n - head_size;
        assert_memory_equal(got + head_size, frame + head_size + done, data);
        assert_int_equal(number16(got + (version == 4 ? 16 : 18)), version == 4 ? n - 14 : n - 14 - 40);
        assert_int_equal(number16(got + 14 + ip_size + 6), (sequence + done) & 0xffff);
        done += data;
        assert_int_equal(got[14 + ip_size + 13] & 9, done < size - head_size ? 0 : 9); /* PSH, FIN */
    }
    assert_int_equal(number, (size - head_size + 1514 - head_size - 1) / (1514 - head_size));
}

/* Segments that the other end has joined come as frames of the wire; every buffer is given back. */
static void segments_that_were_joined(void **state)
{
    (void)state;
    static char frame[65536], got[2000];
    for (unsigned version = 4; version <= 6; version += 2) {
        start();
        assert_string_equal(double_xen_said("feature-sg"), "1");
        assert_string_equal(double_xen_said(version == 4 ? "feature-gso-tcpv4" : "feature-gso-tcpv6"), "1");
        for (unsigned round = 0; round < 60; round++) { /* around the ring */
            size_t size = 1000 + round * 1093;
            segment(frame, version, size);
            frame[14 + (version == 4 ? 20 : 40) + 13] = 0x19; /* PSH, FIN, ACK */
            deliver_parts(frame, size, round % 3 ? 4096 : 3000, round % 2 ? 2 : 3, version == 4 ? 1 : 2);
            take_segments(frame, size, version);
            assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
            assert_int_equal(head(RECEIVE)->request_put - receive_taken, 64);
        }
    }
    segment(frame, 6, 20000); /* what nobody vouches for, contradicts itself or does not fit is dropped, and its buffers come back */
    deliver_parts(frame, 20000, 4096, 0, 2);
    deliver_parts(frame, 20000, 4096, 3, 1);
    deliver_parts(frame, 20000, 4096, 3, 3);
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    segment(frame, 6, 3000);
    deliver_parts(frame, 3000, 60, 3, 2); /* headers in two pages */
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    segment(frame, 6, 20000);
    deliver_parts(frame, 20000, 4096, 3, 2);
    assert_int_equal(netfront_receive(got, 60, DEADLINE_NOW), -EMSGSIZE);
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(head(RECEIVE)->request_put - receive_taken, 64);
    segment(frame, 6, 1400);
    deliver_parts(frame, 1400, 500, 3, 0); /* one of the wire, in parts */
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), 1400);
    assert_memory_equal(got, frame, 1400);
    deliver_parts(frame, 1400, 500, 0, 0); /* a wrong checksum */
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    deliver_parts(frame, 1400, 500, 3, 0);
    assert_int_equal(netfront_receive(got, 1399, DEADLINE_NOW), -EMSGSIZE);
    segment(frame, 6, 30000);
    deliver_parts(frame, 30000, 4096, 3, 2);
    assert_true(netfront_receive(got, sizeof got, DEADLINE_NOW) > 0);
    double_xen_resume(); /* the rest is lost, as what is on its way */
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(head(RECEIVE)->request_put, 64);
    set_up();
    test_vif_offload = false;
    assert_int_equal(netfront_start(), 0);
    assert_null(double_xen_said("feature-gso-tcpv4"));
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
    double_xen_interrupt();
    for (int i = 0; i < 10 && wanted < 2; i++)
        task_yield();
    assert_int_equal(received, 64);
    assert_int_equal(first, 0);
}

/* Each ring has a channel of its own where the other end knows of two, and both can be had. */
static void channels(void **state)
{
    (void)state;
    static const char frame[64];
    char got[64];
    struct task *a, *b;
    ptrdiff_t received = 0;
    int first = 1;
    struct send_request r;
    const char *bytes;
    start_with(NULL);
    assert_string_equal(double_xen_said("event-channel"), "9");
    assert_null(double_xen_said("event-channel-tx"));
    assert_null(double_xen_said("event-channel-rx"));
    set_up();
    double_xen.one_channel = true;
    assert_int_equal(netfront_start(), 0);
    assert_string_equal(double_xen_said("event-channel"), "9");
    assert_null(double_xen_said("event-channel-tx"));
    start_with("feature-split-event-channels");
    assert_null(double_xen_said("event-channel"));
    assert_string_equal(double_xen_said("event-channel-rx"), "9");
    assert_string_equal(double_xen_said("event-channel-tx"), "10");
    memset(double_xen.sends, 0, sizeof double_xen.sends);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(send_frame(frame, sizeof frame), 0);
    assert_true(double_xen.sends[0] == 0 && double_xen.sends[1] > 0);
    memset(double_xen.sends, 0, sizeof double_xen.sends);
    head(RECEIVE)->request_event = head(RECEIVE)->request_put + 1;
    deliver(frame, sizeof frame, 0);
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), sizeof frame);
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    assert_true(double_xen.sends[0] == 1 && double_xen.sends[1] == 0);
    wanted = 0;
    assert_int_equal(task_start_service(&a, 0, receiver, &received), 0);
    assert_int_equal(task_start_service(&b, 0, sender, &first), 0);
    for (int i = 0; i < 4; i++)
        task_yield();
    deliver(frame, sizeof frame, 0);
    double_xen_interrupt_by(DOUBLE_EVENT + 1); /* of the other ring */
    for (int i = 0; i < 4; i++)
        task_yield();
    assert_int_equal(received, 0);
    assert_true(take_sent(&r, &bytes));
    answer_send(r.id);
    double_xen_interrupt_by(DOUBLE_EVENT);
    for (int i = 0; i < 4; i++)
        task_yield();
    assert_true(received == 64 && first == 1);
    double_xen_interrupt_by(DOUBLE_EVENT + 1);
    for (int i = 0; i < 4; i++)
        task_yield();
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
    unsigned before = double_xen_granted();
    double_xen_resume();
    assert_int_equal(double_xen_granted(), 0);
    for (int i = 0; i < 4; i++)
        task_yield();
    assert_int_equal(double_xen.own, XEN_STATE_CONNECTED);
    assert_int_equal(double_xen_granted(), before);
    assert_false(take_sent(&r, &bytes)); /* what was on its way is lost */
    deliver(frame, sizeof frame, 0);
    double_xen_interrupt();
    for (int i = 0; i < 4 && !wanted; i++)
        task_yield();
    assert_int_equal(received, 64);
    for (unsigned i = 0; i < 100; i++) { /* every piece is free again */
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_true(take_sent(&r, &bytes));
        assert_memory_equal(bytes, frame, sizeof frame);
        answer_send(r.id);
    }
    double_xen_resume();
    assert_int_equal(send_frame(frame, sizeof frame), 0); /* who sends first agrees, too */
    assert_true(take_sent(&r, &bytes) && memcmp(bytes, frame, sizeof frame) == 0);
    double_xen_resume();
    double_xen_resume();
    double_xen.other = XEN_STATE_BEGINNING;
    assert_int_equal(netfront_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(send_frame(frame, sizeof frame), 0); /* as without a cable */
    assert_non_null(strstr(double_xen.logged, "cannot be set up again: error 110"));
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
    double_xen_change(XEN_STATE_CONNECTED); /* of something else */
    unsigned before = double_xen_granted();
    assert_int_equal(double_xen.own, XEN_STATE_CONNECTED);
    for (int round = 0; round < 2; round++) {
        double_xen_change(round ? XEN_STATE_CLOSED : XEN_STATE_CLOSING);
        assert_int_equal(double_xen.own, XEN_STATE_CLOSED);
        for (int i = 0; i < 100; i++)
            assert_int_equal(send_frame(frame, sizeof frame), 0);
        have_interfaces(round ? 2 : 1); /* the old one is still there */
        double_xen_change(double_xen.other);
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_int_equal(double_xen.own, XEN_STATE_CLOSED);
        assert_false(double_xen.watched);
        double_xen.own = XEN_STATE_BEGINNING;
        have_interfaces(1);
        unsigned sleeps = double_xen.sleeps;
        double_xen_change(XEN_STATE_BEGINNING); /* it is not ready yet */
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_int_equal(double_xen.own, XEN_STATE_BEGINNING);
        assert_int_equal(double_xen.sleeps, sleeps);
        assert_true(double_xen.watched);
        double_xen_change(XEN_STATE_WAITING);
        task_yield();
        task_yield();
        assert_int_equal(double_xen.own, XEN_STATE_CONNECTED);
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_true(take_sent(&r, &bytes) && memcmp(bytes, frame, sizeof frame) == 0);
    }
    assert_int_equal(wanted, 0);
    deliver(frame, sizeof frame, 0);
    double_xen_interrupt();
    for (int i = 0; i < 4 && !wanted; i++)
        task_yield();
    assert_int_equal(received, 64);
    assert_null(strstr(double_xen.logged, "cannot"));
    assert_int_equal(double_xen_granted(), before);
}

/* The domain was saved, and the other end takes longer than this one waits: what it was shown is used when it is ready, or not at all if it goes. */
static void comes_late(void **state)
{
    (void)state;
    static const char frame[64] = "late";
    struct send_request r;
    const char *bytes;
    for (int goes = 0; goes < 2; goes++) {
        start();
        unsigned before = double_xen_granted();
        double_xen.own_changed = NULL;
        double_xen_resume();
        assert_int_equal(send_frame(frame, sizeof frame), 0); /* as without a cable */
        assert_non_null(strstr(double_xen.logged, "cannot be set up again: error 110"));
        assert_int_equal(double_xen.own, XEN_STATE_CONNECTED);
        double_xen_change(XEN_STATE_WAITING); /* of something else */
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        receive_taken = send_taken = 0;
        double_xen.own_changed = agree;
        if (goes) {
            double_xen_change(XEN_STATE_CLOSING);
            assert_int_equal(double_xen.own, XEN_STATE_CLOSED);
            double_xen.own = XEN_STATE_BEGINNING;
            double_xen_change(XEN_STATE_WAITING);
        } else {
            double_xen_change(XEN_STATE_CONNECTED);
        }
        assert_int_equal(send_frame(frame, sizeof frame), 0);
        assert_true(take_sent(&r, &bytes) && memcmp(bytes, frame, sizeof frame) == 0);
        assert_false(take_sent(&r, &bytes));
        assert_int_equal(double_xen_granted(), before);
    }
}

static void expect_broken(const char *what)
{
    char got[100];
    if (netfront_receive(got, sizeof got, DEADLINE_NOW) != -EIO || double_xen.own != XEN_STATE_CLOSING || !strstr(double_xen.logged, "broke the rules"))
        fail_msg("%s is not noticed", what);
    assert_int_equal(send_frame(double_xen.logged, 60), -EIO);
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
    for (int lie = 0; lie < 5; lie++) {
        static const char *const lies[] = {"something nobody agreed on", "the same where it was not asked for", "it behind a later part", "a frame of too many parts", "one that is too long"};
        set_up();
        test_vif_offload = lie != 1;
        assert_int_equal(netfront_start(), 0);
        answer_receive((struct receive_answer){.id = next_buffer(&page), .flags = lie < 2 ? 8 : 4, .status = lie == 4 ? 4096 : 60});
        for (int i = 0; i < 17 && lie == 4; i++)
            answer_receive((struct receive_answer){.id = next_buffer(&page), .flags = i < 16 ? 4 : 0, .status = 4096});
        for (int i = 0; i < 63 && lie == 3; i++)
            answer_receive((struct receive_answer){.id = next_buffer(&page), .flags = 4, .status = 1});
        if (lie < 2)
            answer_extra(lie == 0 ? 2 : 1, 0, 1);
        if (lie == 2)
            answer_receive((struct receive_answer){.id = next_buffer(&page), .flags = 8, .status = 60});
        char got[100];
        for (int i = 0; i < 100 && double_xen.own == XEN_STATE_CONNECTED; i++)
            netfront_receive(got, sizeof got, DEADLINE_NOW);
        expect_broken(lies[lie]);
    }
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
        cmocka_unit_test_setup_teardown(segments_are_divided, instances_start, instances_stop), cmocka_unit_test_setup_teardown(segments_that_were_joined, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(who_waits_is_woken, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(channels, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(goes_on, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(goes_and_comes, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(comes_late, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(receiving_lies, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(sending_lies, instances_start, instances_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
