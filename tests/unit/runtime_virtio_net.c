/* runtime_virtio_net.c - frames through a network card of the tests, and what it may do wrong. */
#include "instances.h"

#include "log.h"
#include "netif.h"
#include "virtio.h"
#include "virtio_bus.h"
#include "virtio_double.h"
#include "virtio_net.h"

#include <ukc/checksum.h>

enum { RECEIVE = 0, SEND = 1, CONTROL = 2, HEADER = 12, CSUM = 1, GUEST_CSUM = 2, MTU = 8, MAC = 32, TSO = 3 << 11, GUEST_TSO = 3 << 7, MRG = 1 << 15, STATUS = 1 << 16 };
enum { CTRL_VQ = 1 << 17, GUEST_ANNOUNCE = 1 << 21, ANNOUNCE = STATUS | CTRL_VQ | GUEST_ANNOUNCE };
enum { ALL = CSUM | GUEST_CSUM | MTU | MAC | TSO | MRG | STATUS };

uint8_t test_card_mac[6];
int test_card_index, test_card_mtu;
bool test_card_offload;

static struct double_device *device;

/* ---- the log ---- */

static unsigned complaints; /* errors and warnings */
static unsigned lines;      /* of all levels */

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    assert_string_equal(component, "virtio_net");
    assert_non_null(format);
    complaints += level <= LOG_LEVEL_WARNING;
    lines++;
}

/* ---- the card ---- */

static uint8_t sent[70000];
static size_t sent_size;
static unsigned sent_count;
static bool lazy; /* sends nothing */

static void send_one(struct double_chain *chain)
{
    sent_size = 0;
    for (unsigned i = 0; i < chain->out; i++) {
        memcpy(sent + sent_size, chain->parts[i].bytes, chain->parts[i].size);
        sent_size += chain->parts[i].size;
    }
    sent_count++;
    double_push(device, SEND, chain->head, 0);
}

static void send_all(void)
{
    struct double_chain chain;
    do
        while (double_pop(device, SEND, &chain))
            send_one(&chain);
    while (!double_want(device, SEND));
    double_tell(device, SEND);
}

static unsigned heard;
static uint8_t answer; /* to what it hears */

/* It hears that addresses were announced (5.1.6.5.4), and asks no more. */
static void hear(void)
{
    struct double_chain chain;
    while (double_pop(device, CONTROL, &chain)) {
        assert_true(chain.out == 1 && chain.in == 1 && chain.parts[0].size == 2 && chain.parts[1].size == 1);
        assert_memory_equal(chain.parts[0].bytes, "\3\0", 2);
        *chain.parts[1].bytes = answer;
        device->config[6] &= (uint8_t)~2;
        heard++;
        double_push(device, CONTROL, chain.head, 1);
    }
    double_want(device, CONTROL);
    double_tell(device, CONTROL);
}

static void notified(struct double_device *of, unsigned queue)
{
    (void)of;
    if (queue == SEND && !lazy)
        send_all();
    if (queue == CONTROL && !lazy)
        hear();
}

static struct double_device *add_card(uint64_t features, bool pci, uint8_t last)
{
    struct double_device *d = double_add(VIRTIO_NET, pci);
    d->offered |= features;
    memcpy(d->config, "\2\0\0\0\0", 5);
    d->config[5] = last;
    d->config[6] = 1;
    d->config[10] = 1500 & 0xff;
    d->config[11] = 1500 >> 8;
    d->notified = notified;
    return d;
}

static void set_up(uint64_t features)
{
    static bool pci;
    double_begin("");
    device = add_card(features, pci = !pci, 7);
    lazy = false;
    sent_count = complaints = heard = answer = 0;
    memset(test_card_mac, 0, 6);
    test_card_index = -1;
    test_card_mtu = 9216;
    test_card_offload = true;
    assert_int_equal(virtio_bus_start(), 0);
}

static void tear_down(void)
{
    virtio_net_stop();
    virtio_bus_stop();
    double_end();
}

/* ---- frames ---- */

static const char *const nothing = "";

/* A frame of UDP over IPv4 with a valid checksum. */
static size_t make_frame(uint8_t *frame, size_t payload, uint8_t seed)
{
    struct checksum_place place;
    size_t size = 42 + payload;
    memset(frame, 0, 42);
    memcpy(frame, "\2\0\0\0\0\7\2\0\0\0\0\1\x08\0\x45", 15);
    frame[16] = (uint8_t)((size - 14) >> 8);
    frame[17] = (uint8_t)(size - 14);
    frame[22] = 64;
    frame[23] = 17;
    memcpy(frame + 26, "\xa\0\0\1\xa\0\0\2\x10\0\0\x35", 12);
    frame[38] = (uint8_t)((payload + 8) >> 8);
    frame[39] = (uint8_t)(payload + 8);
    for (size_t i = 0; i < payload; i++)
        frame[42 + i] = (uint8_t)(seed + i * 31);
    assert_int_equal(checksum_find(frame, size, size, &place), CHECKSUM_FOUND);
    checksum_fill(frame, &place);
    return size;
}

/* A segment of TCP over IPv4 or IPv6, without options; its checksum is not computed. */
static size_t make_segment(uint8_t *frame, size_t payload, bool six)
{
    size_t tcp = six ? 54 : 34, total = payload + 20 + (six ? 0 : 20);
    memset(frame, 0, tcp + 20);
    memcpy(frame, "\2\0\0\0\0\7\2\0\0\0\0\1\x08\0\x45", 15);
    if (six)
        memcpy(frame + 12, "\x86\xdd\x60", 3);
    size_t at = six ? 18 : 16;
    frame[at] = (uint8_t)(total >> 8);
    frame[at + 1] = (uint8_t)total;
    frame[six ? 20 : 23] = 6;
    frame[tcp + 12] = 0x50;
    for (size_t i = 0; i < payload; i++)
        frame[tcp + 20 + i] = (uint8_t)(i * 7);
    return tcp + 20 + payload;
}

static uint16_t said_segment = 1448; /* bytes of data in each of those that were joined */

/* What the card delivers: a frame behind a header, in as many buffers as it takes; `buffers` is what the header says, 0: the truth, -1: none. */
static unsigned deliver(const uint8_t *frame, size_t size, uint8_t flags, uint8_t division, int buffers)
{
    static uint8_t whole[HEADER + 70000];
    struct double_chain chains[64];
    size_t at = 0;
    unsigned count = 0;
    memset(whole, 0, HEADER);
    whole[0] = flags;
    whole[1] = division;
    whole[4] = said_segment & 0xff;
    whole[5] = said_segment >> 8;
    memcpy(whole + HEADER, frame, size);
    do {
        assert_true(count < 64 && double_pop(device, RECEIVE, &chains[count]));
        assert_true(chains[count].out == 0 && chains[count].in == 1);
        at += chains[count++].parts[0].size;
    } while (at < HEADER + size);
    unsigned said = buffers == 0 ? count : buffers < 0 ? 0 : (unsigned)buffers;
    whole[10] = (uint8_t)said;
    whole[11] = (uint8_t)(said >> 8);
    at = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t part = HEADER + size - at < chains[i].parts[0].size ? HEADER + size - at : chains[i].parts[0].size;
        memcpy(chains[i].parts[0].bytes, whole + at, part);
        double_push(device, RECEIVE, chains[i].head, (uint32_t)part);
        at += part;
    }
    double_tell(device, RECEIVE);
    return count;
}

static ptrdiff_t receive_now(uint8_t *frame, size_t size)
{
    return virtio_net_receive(frame, size, DEADLINE_NOW);
}

/* ---- agreeing ---- */

static void what_the_card_can(void **state)
{
    (void)state;
    static const struct { uint64_t offered; bool offload; uint32_t does; bool divides; } cases[] = {
        {ALL, true, 3, true}, {ALL, false, 0, false}, {MAC, true, 0, false}, {MAC | CSUM, true, 1, false}, {MAC | GUEST_CSUM, true, 2, false},
        {MAC | TSO, true, 0, false}, {MAC | CSUM | 1 << 11, true, 1, false}, {MAC | CSUM | TSO, true, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct netif_info info;
        set_up(cases[i].offered);
        test_card_offload = cases[i].offload;
        assert_int_equal(virtio_net_start(), 0);
        assert_int_equal(virtio_net_info(&info), 0);
        assert_memory_equal(info.mac, "\2\0\0\0\0\7", 6);
        assert_int_equal(info.mtu, cases[i].offered & MTU ? 1500 : 9216);
        assert_int_equal(info.offload, cases[i].does);
        assert_true(cases[i].divides ? info.divides > 20000 : info.divides == 0);
        tear_down();
    }
}

static void which_card(void **state)
{
    (void)state;
    struct netif_info info;
    for (int round = 0; round < 8; round++) {
        set_up(ALL);
        if (round != 0)
            add_card(ALL, false, 8);
        assert_int_equal(virtio_bus_start(), 0);
        int expected = 0, last = 7;
        switch (round) {
        case 0: break;
        case 1: expected = -ENOTUNIQ; break;
        case 2: test_card_index = 0; last = device->pci ? 8 : 7; break;
        case 3: test_card_index = 1; last = device->pci ? 7 : 8; break;
        case 4: test_card_index = 2; expected = -ENODEV; break;
        case 5: memcpy(test_card_mac, "\2\0\0\0\0\x8", 6); last = 8; break;
        case 6: memcpy(test_card_mac, "\2\0\0\0\0\x9", 6); expected = -ENODEV; break;
        case 7: memcpy(test_card_mac, "\2\0\0\0\0\x7", 6); break;
        }
        assert_int_equal(virtio_net_start(), expected);
        assert_int_equal(complaints, expected != 0);
        if (!expected) {
            virtio_net_info(&info);
            assert_int_equal(info.mac[5], last);
        }
        tear_down();
    }
    double_begin("");
    test_card_index = -1;
    memset(test_card_mac, 0, 6);
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_net_start(), -ENODEV);
    tear_down();
}

static void cards_that_contradict_themselves(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        set_up(round == 0 ? ALL & ~MAC : ALL);
        switch (round) {
        case 1: device->config[11] = 0; break; /* MTU */
        case 2: device->config[0] |= 1; break; /* a group's address */
        case 3: device->queues[SEND].most = 0; break;
        case 4: device->queues[RECEIVE].most = 0; break;
        }
        assert_true(virtio_net_start() < 0);
        assert_int_equal(device->status, 0);
        tear_down();
    }
}

/* ---- sending ---- */

static void frames_are_sent_whole(void **state)
{
    (void)state;
    uint8_t frame[9300], expected[9300];
    for (int with = 0; with < 2; with++) {
        set_up(with ? MAC | CSUM : MAC);
        assert_int_equal(virtio_net_start(), 0);
        for (size_t payload = 0; payload < 9216 - 28; payload += payload < 100 ? 1 : 211) {
            size_t size = make_frame(frame, payload, (uint8_t)payload);
            struct checksum_place place;
            struct view views[] = {{(char *)frame, 14}, {nothing, 0}, {(char *)frame + 14, 23}, {(char *)frame + 37, size - 37}, {nothing, 0}};
            memcpy(expected, frame, size);
            assert_int_equal(checksum_find(frame, size, size, &place), CHECKSUM_FOUND);
            if (with) {
                memset(frame + 40, 0x77, 2); /* any value */
                memcpy(expected + 40, &place.pseudo, 2);
            }
            assert_int_equal(virtio_net_send(views, 5, DEADLINE_NOW), 0);
            assert_int_equal(sent_size, HEADER + size);
            assert_memory_equal(sent + HEADER, expected, size);
            assert_memory_equal(sent, with ? "\1\0\0\0\0\0\x22\0\6\0\0\0" : "\0\0\0\0\0\0\0\0\0\0\0\0", HEADER);
        }
        tear_down();
    }
}

static void what_is_padding_is_not_summed(void **state)
{
    (void)state;
    uint8_t frame[8000];
    set_up(MAC | CSUM);
    assert_int_equal(virtio_net_start(), 0);
    for (size_t padding = 0; padding < 5000; padding += 499) {
        size_t size = make_frame(frame, 2000, 1);
        memset(frame + size, 0xff, padding);
        assert_int_equal(virtio_net_send(&(struct view){(char *)frame, size + padding}, 1, DEADLINE_NOW), 0);
        assert_int_equal(sent_size, HEADER + size);
    }
    tear_down();
}

static void segments_are_divided_by_the_card(void **state)
{
    (void)state;
    static uint8_t frame[70000];
    struct netif_info info;
    for (int six = 0; six < 2; six++) {
        set_up(ALL);
        assert_int_equal(virtio_net_start(), 0);
        virtio_net_info(&info);
        size_t headers = six ? 74 : 54;
        for (size_t size = 1515; size <= info.divides; size += 1777) {
            assert_int_equal(make_segment(frame, size - headers, six), size);
            assert_int_equal(virtio_net_send(&(struct view){(char *)frame, size}, 1, DEADLINE_NOW), 0);
            assert_int_equal(sent_size, HEADER + size);
            assert_memory_equal(sent + HEADER + headers, frame + headers, size - headers);
            assert_true(sent[0] == 1 && sent[1] == (six ? 4 : 1));
            assert_int_equal(sent[2] | sent[3] << 8, headers);
            assert_int_equal(sent[4] | sent[5] << 8, 1514 - headers);
        }
        unsigned count = sent_count;
        size_t size = make_frame(frame, 1473, 0); /* UDP is not divided */
        assert_int_equal(virtio_net_send(&(struct view){(char *)frame, size}, 1, DEADLINE_NOW), -EMSGSIZE);
        assert_int_equal(virtio_net_send(&(struct view){(char *)frame, info.divides + 1}, 1, DEADLINE_NOW), -EMSGSIZE);
        assert_int_equal(virtio_net_send(&(struct view){(char *)frame, 13}, 1, DEADLINE_NOW), -EINVAL);
        struct view huge[] = {{(char *)frame, SIZE_MAX}, {(char *)frame, 100}};
        assert_int_equal(virtio_net_send(huge, 2, DEADLINE_NOW), -EMSGSIZE);
        assert_int_equal(sent_count, count);
        tear_down();
    }
}

static unsigned senders_done, senders_wrong;

static void sender(void *argument)
{
    uint8_t frame[1514];
    (void)argument;
    for (unsigned i = 0; i < 50; i++) {
        size_t size = make_frame(frame, 1000 + i, (uint8_t)i);
        senders_wrong += virtio_net_send(&(struct view){(char *)frame, size}, 1, in_milliseconds(5000)) != 0;
    }
    senders_done++;
}

static void who_sends_waits_for_room(void **state)
{
    (void)state;
    uint8_t frame[1514];
    set_up(ALL);
    assert_int_equal(virtio_net_start(), 0);
    lazy = true;
    size_t size = make_frame(frame, 1000, 0);
    unsigned count = 0;
    while (virtio_net_send(&(struct view){(char *)frame, size}, 1, DEADLINE_NOW) == 0)
        count++;
    assert_int_equal(count, 32);
    assert_int_equal(virtio_net_send(&(struct view){(char *)frame, size}, 1, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(virtio_net_send(&(struct view){(char *)frame, size}, 1, in_milliseconds(2)), -ETIMEDOUT);
    senders_done = senders_wrong = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(task_spawn(NULL, 0, sender, NULL), 0);
    for (int rounds = 0; senders_done < 3 && rounds < 1000; rounds++) {
        send_all();
        task_sleep(in_milliseconds(1));
    }
    send_all();
    assert_int_equal(senders_done, 3);
    assert_int_equal(senders_wrong, 0);
    assert_int_equal(sent_count, 32 + 150);
    assert_true(device->queues[SEND].interrupts < 150);
    task_end_children(DEADLINE_NEVER);
    tear_down();
}

/* ---- receiving ---- */

static void frames_are_received_whole(void **state)
{
    (void)state;
    static uint8_t frame[9300], got[9300];
    for (int round = 0; round < 4; round++) {
        set_up(MAC | (round & 1 ? MRG : 0) | (round & 2 ? GUEST_CSUM : 0));
        assert_int_equal(virtio_net_start(), 0);
        assert_int_equal(receive_now(got, sizeof got), -ETIMEDOUT);
        for (unsigned i = 0; i < 70000; i++) { /* the indices wrap around */
            size_t size = make_frame(frame, i < 300 ? i * 30 : i % 40, (uint8_t)i);
            unsigned count = deliver(frame, size, 0, 0, 0);
            assert_int_equal(count, round & 1 ? (size + HEADER + 2047) / 2048 : 1);
            memset(got, 0, size);
            assert_int_equal(receive_now(got, sizeof got), size);
            assert_memory_equal(got, frame, size);
        }
        assert_int_equal(receive_now(got, sizeof got), -ETIMEDOUT);
        assert_true(device->queues[RECEIVE].interrupts <= 1); /* nobody asked: once in 65536, when the index comes to the same place */
        tear_down();
    }
}

/* How many buffers the card has; it uses none of them. */
static unsigned buffers_of_card(void)
{
    struct double_chain chain;
    unsigned count = 0;
    while (double_pop(device, RECEIVE, &chain))
        count++;
    return count;
}

/* At first what the longest frame takes, then more with each frame: nothing is lost of a burst, and in the end it has all. */
static void buffers_are_given_by_and_by(void **state)
{
    (void)state;
    static uint8_t frame[1514], got[1514];
    for (int joins = 0; joins < 2; joins++) {
        set_up(joins ? ALL | GUEST_TSO : MAC | MRG);
        assert_int_equal(virtio_net_start(), 0);
        assert_in_range(buffers_of_card() * 2048, joins ? 65550 + HEADER : 9216 + HEADER, 40 * 2048);
        tear_down();
        set_up(joins ? ALL | GUEST_TSO : MAC | MRG);
        assert_int_equal(virtio_net_start(), 0);
        for (unsigned i = 0; i < 200; i++) {
            size_t size = make_frame(frame, i, (uint8_t)i);
            deliver(frame, size, joins ? 2 : 0, 0, 0);
            assert_int_equal(receive_now(got, sizeof got), size);
        }
        assert_int_equal(receive_now(got, sizeof got), -ETIMEDOUT);
        assert_int_equal(buffers_of_card(), 64);
        tear_down();
    }
}

static void checksums_of_what_is_received(void **state)
{
    (void)state;
    uint8_t frame[200], bad[200], got[200];
    size_t size = make_frame(frame, 50, 3);
    for (int verifies = 0; verifies < 2; verifies++) {
        memcpy(bad, frame, size);
        bad[60] ^= 1;
        set_up(verifies ? ALL : ALL & ~GUEST_CSUM);
        assert_int_equal(virtio_net_start(), 0);
        deliver(bad, size, 0, 0, 0);
        assert_int_equal(receive_now(got, sizeof got), verifies ? -ETIMEDOUT : (ptrdiff_t)size);
        deliver(bad, size, 2, 0, 0); /* it was verified, so says the card */
        assert_int_equal(receive_now(got, sizeof got), size);
        memcpy(bad, frame, size);
        bad[40] ^= 1;
        deliver(bad, size, 1, 0, 0); /* to be completed: unasked when it does not verify */
        assert_int_equal(receive_now(got, sizeof got), size);
        assert_memory_equal(got, verifies ? bad : frame, size);
        tear_down();
    }
}

static void frames_that_nobody_wants(void **state)
{
    (void)state;
    uint8_t frame[1600], got[1600];
    set_up(ALL);
    assert_int_equal(virtio_net_start(), 0);
    size_t size = make_frame(frame, 1000, 3);
    for (int i = 0; i < 100; i++) {
        deliver(frame, size, 2, 1, 0); /* a segment that was joined */
        deliver(frame, 13, 2, 0, 0);
        deliver(frame, size, 2, 0, 0);
        assert_int_equal(receive_now(got, size - 1), -EMSGSIZE);
        deliver(frame, size, 2, 0, 0);
        assert_int_equal(receive_now(got, size), size);
    }
    assert_int_equal(complaints, 1);
    tear_down();
}

static ptrdiff_t received;

static void receiver(void *argument)
{
    received = virtio_net_receive(argument, 1514, DEADLINE_NEVER);
}

static void who_receives_is_woken(void **state)
{
    (void)state;
    uint8_t frame[1600], got[1600];
    struct task *task;
    for (unsigned features = 0; features < 2; features++) {
        set_up(ALL);
        device->offered &= features ? ~DOUBLE_EVENT_INDEX : UINT64_MAX;
        assert_int_equal(virtio_net_start(), 0);
        size_t size = make_frame(frame, 700, 3);
        for (unsigned i = 0; i < 300; i++) {
            assert_int_equal(task_spawn(&task, 0, receiver, got), 0);
            task_yield();
            if (i == 0)
                assert_int_equal(virtio_net_receive(frame, 1514, DEADLINE_NOW), -EBUSY);
            deliver(frame, size, 2, 0, 0);
            assert_int_equal(task_join(task, in_milliseconds(4000)), 0);
            assert_int_equal(received, size);
        }
        assert_int_equal(device->queues[RECEIVE].interrupts, 300);
        assert_int_equal(virtio_net_receive(got, 1514, in_milliseconds(2)), -ETIMEDOUT);
        assert_int_equal(task_spawn(&task, 0, receiver, got), 0);
        task_yield();
        task_cancel(task);
        assert_int_equal(task_join(task, in_milliseconds(4000)), 0);
        assert_int_equal(received, -ECANCELED);
        tear_down();
    }
}

/* ---- segments that were joined ---- */

static bool takes(uint64_t features)
{
    return (device->accepted & features) == features;
}

static void joined_only_with_what_it_needs(void **state)
{
    (void)state;
    static const struct { uint64_t offered; bool offload, joins; } cases[] = {
        {ALL | GUEST_TSO, true, true}, {ALL | GUEST_TSO, false, false}, {(ALL | GUEST_TSO) & ~GUEST_CSUM, true, false},
        {(ALL | GUEST_TSO) & ~MRG, true, false}, {ALL | 1 << 7, true, true}, {ALL, true, false}, {MAC | MRG | GUEST_CSUM | GUEST_TSO, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_up(cases[i].offered);
        test_card_offload = cases[i].offload;
        assert_int_equal(virtio_net_start(), 0);
        assert_int_equal((device->accepted & GUEST_TSO) != 0, cases[i].joins);
        assert_true(!cases[i].joins || takes(MRG | GUEST_CSUM));
        tear_down();
    }
    set_up(ALL | GUEST_TSO);
    device->queues[RECEIVE].most = 32; /* a whole one finds no room */
    assert_int_equal(virtio_net_start(), -ENOTSUP);
    tear_down();
}

static uint16_t sum_of_header(const uint8_t *ip)
{
    return checksum_fold(checksum_add(ip, 20, 0));
}

/* What comes is as if it had come in segments: the data in order, numbers, lengths and flags of their own, one good header each. */
static void joined_segments_are_divided(void **state)
{
    (void)state;
    static uint8_t frame[70000], got[9300], data[70000];
    static const size_t sizes[] = {1, 100, 1448, 1460, 1461, 2896, 2048 - HEADER - 54, 2049 - HEADER - 54, 10000, 40000, 65476}; /* the last fills 65550 bytes over IPv6 */
    for (int six = 0; six < 2; six++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            size_t start = six ? 54 : 34, head = start + 20, done = 0;
            set_up(ALL | GUEST_TSO);
            assert_int_equal(virtio_net_start(), 0);
            size_t size = make_segment(frame, sizes[i], six);
            memcpy(frame + start + 4, "\xff\xff\xfc\x18", 4); /* the number wraps around */
            if (!six)
                memcpy(frame + 18, "\xff\xfe", 2); /* so does the identification */
            frame[start + 13] = 0x99; /* CWR, ACK, PSH, FIN */
            if (!six) {
                uint16_t sum = (uint16_t)~sum_of_header(frame + 14);
                memcpy(frame + 24, &sum, 2);
            }
            memset(frame + size, 0xee, 30); /* padding is no data */
            unsigned rounds = 3; /* buffers come back */
            while (rounds--) {
                deliver(frame, size + (sizes[i] < 60000 ? 30u : 0u), 1, six ? 4 : 1, 0);
                done = 0;
                for (unsigned number = 0; done < sizes[i]; number++) {
                    ptrdiff_t had = receive_now(got, sizeof got);
                    assert_true(had > (ptrdiff_t)head && had <= 1514);
                    size_t part = (size_t)had - head;
                    bool last = done + part == sizes[i];
                    assert_true(last || had == 1514);
                    assert_int_equal(checksum_number(got + (six ? 18 : 16)), part + 20 + (six ? 0 : 20));
                    assert_true(six || sum_of_header(got + 14) == 0xffff);
                    assert_true(six || checksum_number(got + 18) == (uint16_t)(0xfffe + number));
                    uint32_t sequence = (uint32_t)(checksum_number(got + start + 4) << 16 | checksum_number(got + start + 6));
                    assert_int_equal(sequence, (uint32_t)(0xfffffc18 + done));
                    assert_int_equal(got[start + 13], 0x10 | (number == 0 ? 0x80 : 0) | (last ? 0x09 : 0));
                    memcpy(data + done, got + head, part);
                    done += part;
                }
                assert_int_equal(done, sizes[i]);
                assert_memory_equal(data, frame + head, done);
                assert_int_equal(receive_now(got, sizeof got), -ETIMEDOUT);
            }
            assert_int_equal(complaints, 0);
            tear_down();
        }
}

/* What makes no sense is dropped, and what comes behind it is received. */
static void joined_nonsense(void **state)
{
    (void)state;
    static uint8_t frame[70000], got[9300];
    set_up(ALL | GUEST_TSO);
    assert_int_equal(virtio_net_start(), 0);
    for (int lie = 0; lie < 13; lie++) {
        size_t size = make_segment(frame, 5000, false);
        uint8_t flags = 1, division = 1;
        said_segment = 1448;
        switch (lie) {
        case 0: said_segment = 0; break;
        case 1: division = 4; break;                      /* IPv6, it says */
        case 2: division = 3; break;                      /* UDP, which was not agreed on */
        case 3: division = 0x81; break;                   /* ECN likewise */
        case 4: division = 5; break;
        case 5: flags = 0; break;                         /* nobody vouches for it */
        case 6: frame[46] = 0x40; break;                  /* a header of 16 bytes */
        case 7: frame[14] = 0x44; break;
        case 8: frame[16] = 0xff; break;                  /* longer than what came */
        case 9: frame[16] = 0, frame[17] = 40; break;     /* no data */
        case 10: frame[20] = 0x20; break;                 /* a fragment */
        case 11: frame[23] = 17; break;                   /* UDP */
        case 12: size = 30; break;                        /* half a header */
        }
        for (int i = 0; i < 30; i++) {
            deliver(frame, size, flags, division, 0);
            assert_int_equal(receive_now(got, sizeof got), -ETIMEDOUT);
        }
        said_segment = 1448;
        size = make_segment(frame, 100, false);
        deliver(frame, size, 1, 1, 0);
        assert_int_equal(receive_now(got, sizeof got), size);
    }
    size_t size = make_segment(frame, 5000, false); /* no room for the headers; all of it is lost, and nothing else */
    deliver(frame, size, 1, 1, 0);
    assert_int_equal(receive_now(got, 54), -EMSGSIZE);
    assert_int_equal(receive_now(got, 1514), -ETIMEDOUT);
    deliver(frame, size, 1, 1, 0);
    assert_int_equal(receive_now(got, 1000), 1000);
    assert_int_equal(complaints, 0);
    assert_int_equal(device->status & 4, 4);
    tear_down();
}

static void joined_lies(void **state)
{
    (void)state;
    static uint8_t frame[70000], got[9300];
    for (int lie = 0; lie < 5; lie++) {
        struct double_chain chain;
        set_up(ALL | GUEST_TSO);
        assert_int_equal(virtio_net_start(), 0);
        size_t size = make_segment(frame, lie == 4 ? 65495 : 5000, false);
        switch (lie) {
        case 0: deliver(frame, size, 1, 1, 4); break;          /* more buffers than came */
        case 1: deliver(frame, size, 1, 1, 0xffff); break;     /* more than there can be */
        case 2: deliver(frame, size, 1, 1, -1); break;         /* none */
        case 3:                                                /* a second buffer with more than it holds */
            deliver(frame, 2048 - HEADER, 1, 1, 2);
            assert_true(double_pop(device, RECEIVE, &chain));
            double_push(device, RECEIVE, chain.head, 2049);
            double_tell(device, RECEIVE);
            break;
        case 4: deliver(frame, 65551, 1, 1, 0); break;         /* longer than any may be */
        }
        assert_int_equal(receive_now(got, sizeof got), -EIO);
        assert_int_equal(receive_now(got, sizeof got), -EIO);
        assert_int_equal(device->status, 0);
        assert_int_equal(complaints, 1);
        tear_down();
    }
}

/* ---- lies ---- */

static void cards_that_lie(void **state)
{
    (void)state;
    static uint8_t frame[9300], got[9300];
    struct task *task;
    for (int lie = 0; lie < 8; lie++) {
        set_up(MAC | MRG | CSUM);
        assert_int_equal(virtio_net_start(), 0);
        size_t size = make_frame(frame, 100, 0);
        struct double_chain chain;
        assert_int_equal(task_spawn(&task, 0, receiver, got), 0);
        task_yield(); /* it waits */
        switch (lie) {
        case 0: deliver(frame, size, 0, 0, 2); break;      /* more buffers than came */
        case 1: deliver(frame, size, 0, 0, -1); break;     /* none */
        case 2: deliver(frame, size, 0, 0, 0x1ff); break;  /* more than there are */
        case 3: /* less than a header */
        case 4: /* more than the buffer */
        case 5: /* a buffer that it does not have */
            assert_true(double_pop(device, RECEIVE, &chain));
            double_push(device, RECEIVE, lie == 5 ? 200 : chain.head, lie == 3 ? 11 : lie == 4 ? 2049 : 100);
            double_tell(device, RECEIVE);
            break;
        case 6: /* an index that jumps */
            *double_used_index(device, RECEIVE) = 90;
            double_interrupt(device, RECEIVE);
            break;
        case 7: /* a frame that was never sent is done: noticed when there is no room */
            lazy = true;
            *double_used_index(device, SEND) = 7;
            break;
        }
        for (int i = 0; lie == 7 && i < 33; i++)
            virtio_net_send(&(struct view){(char *)frame, size}, 1, DEADLINE_NOW);
        assert_int_equal(task_join(task, in_milliseconds(4000)), 0);
        assert_int_equal(received, -EIO);
        assert_int_equal(receive_now(got, sizeof got), -EIO);
        assert_int_equal(virtio_net_send(&(struct view){(char *)frame, size}, 1, DEADLINE_NOW), -EIO);
        assert_int_equal(device->status, 0);
        assert_int_equal(complaints, 1);
        tear_down();
    }
}

/* ---- the link ---- */

/* Until the log has so many lines: of warnings, and of all. */
static void await_log(unsigned warnings, unsigned all)
{
    for (int i = 0; i < 1000 && (complaints < warnings || lines < all); i++)
        task_sleep(in_milliseconds(5));
    assert_int_equal(complaints, warnings);
    assert_int_equal(lines, all);
}

static void news_of_the_link(void **state)
{
    (void)state;
    static uint8_t frame[200], got[9300];
    struct task *task;
    for (int way = 0; way < 4; way++) { /* over both transports; from a card that tells, and from one that does not */
        set_up(way < 2 ? MAC | STATUS : MAC);
        unsigned news = way < 2;
        assert_int_equal(virtio_net_start(), 0);
        lines = 0;
        assert_int_equal(task_spawn(&task, 0, receiver, got), 0);
        task_yield(); /* it waits */
        for (unsigned turn = 1; turn <= 2; turn++) {
            device->config[6] = 0;
            double_interrupt(device, RECEIVE);
            await_log(news * turn, news * (2 * turn - 1));
            double_interrupt(device, RECEIVE); /* about something else */
            task_sleep(in_milliseconds(5));
            device->config[6] = 1;
            double_interrupt(device, RECEIVE);
            await_log(news * turn, news * 2 * turn);
        }
        size_t size = make_frame(frame, 100, 0);
        deliver(frame, size, 0, 0, 1);
        assert_int_equal(task_join(task, in_milliseconds(4000)), 0);
        assert_int_equal(received, (int)size);
        tear_down();
    }
}

/* ---- addresses to be announced ---- */

/* A receiver that is woken by the card's news; what it got. */
static ptrdiff_t asked_while_waiting(void)
{
    static uint8_t got[1514];
    struct task *task;
    received = 1;
    assert_int_equal(task_spawn(&task, 0, receiver, got), 0);
    task_yield();
    device->config[6] |= 2;
    double_interrupt(device, RECEIVE);
    task_sleep(in_milliseconds(20));
    task_cancel(task);
    assert_int_equal(task_join(task, in_milliseconds(4000)), 0);
    return received;
}

static void addresses_are_announced(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        set_up(MAC | ANNOUNCE);
        answer = way < 2 ? 0 : 1; /* it says no: it may ask again */
        assert_int_equal(virtio_net_start(), 0);
        assert_int_equal(device->accepted & ANNOUNCE, ANNOUNCE);
        for (unsigned turn = 1; turn < 20; turn++) {
            assert_int_equal(asked_while_waiting(), -ENETRESET);
            assert_int_equal(heard, turn);
            assert_int_equal(device->config[6], 1);
        }
        assert_int_equal(complaints, 0);
        tear_down();
    }
}

/* The interrupt is about a frame as well, which is handed on first; if there are many of these, it is noticed within a second. */
static void asked_with_a_frame(void **state)
{
    (void)state;
    static uint8_t frame[200], got[9300];
    struct task *task;
    set_up(MAC | ANNOUNCE);
    assert_int_equal(virtio_net_start(), 0);
    size_t size = make_frame(frame, 100, 0);
    int64_t end = in_milliseconds(1500);
    for (unsigned turn = 1; turn <= 2; turn++) {
        ptrdiff_t next;
        do {
            assert_int_equal(task_spawn(&task, 0, receiver, got), 0);
            task_yield();
            device->config[6] |= 2;
            deliver(frame, size, 0, 0, 0);
            assert_int_equal(task_join(task, in_milliseconds(4000)), 0);
            next = receive_now(got, sizeof got);
            if (received == -ENETRESET) { /* it looked before it waited */
                assert_int_equal(next, size);
                next = received;
            } else
                assert_int_equal(received, size);
            task_sleep(in_milliseconds(5));
        } while (next == -ETIMEDOUT && clock_now() < end);
        assert_int_equal(next, -ENETRESET);
        assert_int_equal(heard, turn);
    }
    tear_down();
}

/* Not without all that it needs; and then bits of the status are nobody's. */
static void announced_only_with_what_it_needs(void **state)
{
    (void)state;
    static const uint64_t offered[] = {STATUS | CTRL_VQ, STATUS | GUEST_ANNOUNCE, CTRL_VQ | GUEST_ANNOUNCE, STATUS, 0};
    for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
        set_up(MAC | offered[i]);
        assert_int_equal(virtio_net_start(), 0);
        assert_int_equal(device->accepted & (CTRL_VQ | GUEST_ANNOUNCE), 0);
        assert_int_equal(asked_while_waiting(), -ECANCELED);
        tear_down();
    }
    set_up(MAC | ANNOUNCE);
    device->queues[CONTROL].most = 0;
    assert_true(virtio_net_start() < 0);
    tear_down();
}

static void control_queues_that_lie(void **state)
{
    (void)state;
    for (int lie = 0; lie < 7; lie++) {
        struct double_chain chain;
        set_up(MAC | ANNOUNCE);
        assert_int_equal(virtio_net_start(), 0);
        lazy = true;
        if (lie == 6) { /* before it was told anything: noticed with the first answer */
            *double_used_index(device, CONTROL) = 3;
            assert_int_equal(asked_while_waiting(), -ENETRESET);
            assert_int_equal(asked_while_waiting(), -EIO);
            tear_down();
            continue;
        }
        assert_int_equal(asked_while_waiting(), -ENETRESET);
        assert_int_equal(asked_while_waiting(), -ECANCELED); /* no answer: it is not told again */
        assert_true(double_pop(device, CONTROL, &chain));
        assert_false(double_pop(device, CONTROL, &chain));
        switch (lie) {
        case 0: *double_used_index(device, CONTROL) = 2; break;
        case 1: *double_used_index(device, CONTROL) = 0xffff; break;
        case 2: double_push(device, CONTROL, 1, 1); break;       /* the middle of a chain */
        case 3: double_push(device, CONTROL, 0xffff, 1); break;
        case 4: double_push(device, CONTROL, chain.head, 2); break;
        case 5: double_push(device, CONTROL, chain.head, UINT32_MAX); break;
        }
        if (lie >= 2)
            double_tell(device, CONTROL);
        assert_int_equal(asked_while_waiting(), -EIO);
        assert_int_equal(device->status, 0);
        assert_int_equal(complaints, 1);
        tear_down();
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, instances_start, instances_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_card_can), TEST(which_card), TEST(cards_that_contradict_themselves),
        TEST(frames_are_sent_whole), TEST(what_is_padding_is_not_summed), TEST(segments_are_divided_by_the_card), TEST(who_sends_waits_for_room),
        TEST(frames_are_received_whole), TEST(buffers_are_given_by_and_by), TEST(checksums_of_what_is_received), TEST(frames_that_nobody_wants), TEST(who_receives_is_woken),
        TEST(joined_only_with_what_it_needs), TEST(joined_segments_are_divided), TEST(joined_nonsense), TEST(joined_lies),
        TEST(cards_that_lie), TEST(news_of_the_link), TEST(addresses_are_announced), TEST(asked_with_a_frame), TEST(announced_only_with_what_it_needs), TEST(control_queues_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
