/* runtime_frames.c - checksums in frames that may be anything, and frames through a descriptor (here one of a pair of sockets). */
#include "instances.h"

#include "frames.h"
#include "log.h"

#include <fcntl.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <ukc/checksum.h>

/* ---- frames that a kernel sent (Linux 6.18, without offload) ---- */

static const char *const vectors[] = {
    /* UDP over IPv4, port 4000 to 53, "hello" */
    "0200000000028e9bb3f3c4ee0800450000215143400040116585c0000201c00002020fa00035000d282968656c6c6f",
    /* TCP over IPv4, SYN with options */
    "0200000000028e9bb3f3c4ee08004500003c5ae0400040065bd8c0000201c00002020fa10050c522120300000000a002faf049390000020405b40402080a64373481"
    "000000000103030a",
    /* UDP over IPv6 */
    "0200000000028e9bb3f3c4ee86dd60047a09000d114020010db800000000000000000000000120010db80000000000000000000000020fa00035000d50b868656c6c6f",
    /* TCP over IPv6 */
    "0200000000028e9bb3f3c4ee86dd600d3c8f0028064020010db800000000000000000000000120010db80000000000000000000000020fa100501301292c00000000"
    "a002fd2077180000020405a00402080a7b36b10e000000000103030a",
};
enum { VECTORS = 4, UDP4 = 0, TCP4 = 1, UDP6 = 2, TCP6 = 3 };
static const size_t starts[VECTORS] = {34, 34, 54, 54}, fields[VECTORS] = {6, 16, 6, 16};

static size_t decode(unsigned vector, uint8_t *frame)
{
    size_t size = strlen(vectors[vector]) / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned byte;
        assert_int_equal(sscanf(vectors[vector] + 2 * i, "%2x", &byte), 1);
        frame[i] = (uint8_t)byte;
    }
    return size;
}

/* A copy of exactly that size, so that a byte too many read is an error. */
static enum checksum_kind verify(const uint8_t *frame, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, frame, size);
    enum checksum_kind kind = checksum_verify(exact, size);
    free(exact);
    return kind;
}

static void known_frames_are_right(void **state)
{
    (void)state;
    uint8_t frame[256], again[256];
    for (unsigned v = 0; v < VECTORS; v++) {
        struct checksum_place place;
        size_t size = decode(v, frame);
        assert_int_equal(verify(frame, size), CHECKSUM_FOUND);
        assert_int_equal(checksum_find(frame, size, size, &place), CHECKSUM_FOUND);
        assert_true(place.start == starts[v] && place.field == fields[v] && place.end == size);
        memcpy(again, frame, size);
        memset(again + place.start + place.field, 0xa5, 2);
        checksum_fill(again, &place);
        assert_memory_equal(again, frame, size);
    }
}

/* Every bit of what is summed, and of both addresses, counts.  A word of ones is the only exception: 0000 is ffff. */
static void every_bit_counts(void **state)
{
    (void)state;
    uint8_t frame[256];
    for (unsigned v = 0; v < VECTORS; v++) {
        size_t size = decode(v, frame), addresses = v < UDP6 ? 26 : 22;
        for (size_t bit = 8 * addresses; bit < 8 * size; bit++) {
            bool length = (v == UDP4 || v == UDP6) && bit / 8 >= starts[v] + 4 && bit / 8 < starts[v] + 6;
            bool options = v < UDP6 && bit / 8 < starts[v] && bit / 8 >= 34;
            if (length || options)
                continue;
            frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(verify(frame, size), CHECKSUM_BAD);
            frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void cut_frames_are_refused(void **state)
{
    (void)state;
    uint8_t frame[256];
    struct checksum_place place;
    for (unsigned v = 0; v < VECTORS; v++) {
        size_t size = decode(v, frame);
        for (size_t have = 0; have < size; have++) {
            assert_int_equal(verify(frame, have), have < 14 ? CHECKSUM_NONE : CHECKSUM_BAD);
            uint8_t *exact = malloc(have ? have : 1);
            memcpy(exact, frame, have);
            bool enough = have >= starts[v] + fields[v] + (v == TCP4 || v == TCP6 ? 4 : 2);
            assert_int_equal(checksum_find(exact, have, size, &place), enough ? CHECKSUM_FOUND : CHECKSUM_MORE);
            free(exact);
        }
        memset(frame + size, 0x77, 30); /* Ethernet's padding is not summed */
        assert_int_equal(verify(frame, size + 30), CHECKSUM_FOUND);
    }
}

static void lengths_that_contradict(void **state)
{
    (void)state;
    static const struct { unsigned vector; size_t at; uint8_t value; } lies[] = {
        {UDP4, 14, 0x44}, {UDP4, 14, 0x65}, {UDP4, 17, 0x22}, {UDP4, 17, 19}, {UDP4, 16, 0xff}, {TCP4, 14, 0x4f}, {TCP4, 17, 39},
        {UDP4, 39, 7}, {UDP4, 39, 14}, {UDP4, 38, 0xff}, {UDP6, 59, 0}, {UDP6, 59, 14}, {UDP6, 19, 14}, {UDP6, 18, 0xff}, {TCP6, 14, 0x40}, {TCP6, 19, 19},
    };
    uint8_t frame[256];
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        size_t size = decode(lies[i].vector, frame);
        frame[lies[i].at] = lies[i].value;
        assert_int_equal(verify(frame, size), CHECKSUM_BAD);
    }
}

static void what_is_not_ours(void **state)
{
    (void)state;
    static const struct { unsigned vector; size_t at; uint8_t value; } others[] = {
        {UDP4, 12, 0x09}, {UDP4, 23, 1}, {TCP4, 23, 132}, {UDP6, 20, 58}, {UDP6, 20, 59}, {UDP6, 20, 50}, /* ARP's likes, ICMP, SCTP, ESP */
        {UDP4, 20, 0x20}, {UDP4, 21, 1}, {TCP4, 20, 0x3f}, /* fragments */
    };
    uint8_t frame[256];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        size_t size = decode(others[i].vector, frame);
        frame[others[i].at] = others[i].value;
        frame[size - 1] ^= 1;
        assert_int_equal(verify(frame, size), CHECKSUM_NONE);
    }
    size_t size = decode(UDP4, frame);
    memset(frame + 40, 0, 2);
    assert_int_equal(verify(frame, size), CHECKSUM_NONE); /* no checksum */
    size = decode(UDP6, frame);
    memset(frame + 60, 0, 2);
    assert_int_equal(verify(frame, size), CHECKSUM_BAD); /* not in IPv6 */
}

static void a_sum_of_zero_is_sent_as_ones(void **state)
{
    (void)state;
    uint8_t frame[256];
    struct checksum_place place;
    for (unsigned v = UDP4; v <= UDP6; v += UDP6 - UDP4) {
        size_t size = decode(v, frame);
        assert_int_equal(checksum_find(frame, size, size, &place), CHECKSUM_FOUND);
        memset(frame + size - 5, 0, 5); /* then the data takes the sum's place */
        checksum_fill(frame, &place);
        memcpy(frame + size - 5, frame + place.start + 6, 2);
        checksum_fill(frame, &place);
        assert_true(frame[place.start + 6] == 0xff && frame[place.start + 7] == 0xff);
        assert_int_equal(verify(frame, size), CHECKSUM_FOUND);
    }
}

/* ---- IPv6 extension headers ---- */

/* Puts headers of the given kinds, each of 8 * (1 + extra) bytes, before UDP6's payload. */
static size_t chain(uint8_t *frame, const uint8_t *kinds, size_t count, uint8_t extra)
{
    uint8_t plain[256];
    size_t size = decode(UDP6, plain), at = 54, each = 8 * (1 + (size_t)extra);
    memcpy(frame, plain, at);
    for (size_t i = 0; i < count; i++) {
        frame[i == 0 ? 20 : at - each] = kinds[i];
        memset(frame + at, 0, each);
        frame[at + 1] = kinds[i] == 44 ? 0 : extra;
        at += each;
    }
    if (count > 0)
        frame[at - each] = 17;
    memcpy(frame + at, plain + 54, size - 54);
    size_t payload = at - 54 + size - 54;
    frame[18] = (uint8_t)(payload >> 8);
    frame[19] = (uint8_t)payload;
    return at + size - 54;
}

static void extension_headers(void **state)
{
    (void)state;
    static const uint8_t usual[] = {0, 60, 43, 44, 60}, many[9] = {0, 60, 60, 60, 60, 60, 60, 60, 60};
    uint8_t frame[4096];
    struct checksum_place place;
    size_t size = chain(frame, usual, 5, 0);
    assert_int_equal(verify(frame, size), CHECKSUM_FOUND);
    for (size_t cut = 14; cut < size; cut++)
        assert_int_equal(verify(frame, cut), CHECKSUM_BAD);
    frame[54 + 2 * 8 + 3] = 1; /* segments left */
    assert_int_equal(verify(frame, size), CHECKSUM_NONE);
    chain(frame, usual, 5, 0);
    frame[54 + 3 * 8 + 3] = 1; /* more fragments */
    assert_int_equal(verify(frame, size), CHECKSUM_NONE);
    chain(frame, usual, 5, 0);
    frame[54 + 8 + 1] = 200; /* longer than the packet */
    assert_int_equal(verify(frame, size), CHECKSUM_BAD);
    assert_int_equal(verify(frame, chain(frame, many, 8, 20)), CHECKSUM_FOUND);
    assert_int_equal(verify(frame, chain(frame, many, 9, 0)), CHECKSUM_BAD);
    size = chain(frame, many, 8, 20);
    assert_int_equal(checksum_find(frame, 192, size, &place), CHECKSUM_MORE);
}

/* Anything at all: no byte outside is read, and what a prefix says is what the whole says. */
static void mutations(void **state)
{
    (void)state;
    static const uint8_t usual[] = {0, 60, 43, 44, 60};
    uint32_t random = 1;
    uint8_t frame[4096];
    for (unsigned round = 0; round < 100000; round++) {
        unsigned v = round % 6;
        size_t size = v < VECTORS ? decode(v, frame) : chain(frame, usual, 5, v == 5);
        for (unsigned i = 0; i < 1 + round % 4; i++) {
            random = random * 1664525 + 1013904223;
            frame[random / 65536 % (i % 2 ? size : 64)] = (uint8_t)(random >> 8);
        }
        random = random * 1664525 + 1013904223;
        if (round % 3 == 0)
            size = random / 65536 % (size + 1);
        size_t have = (random >> 8) % (size + 1);
        uint8_t *whole = malloc(size + 1), *part = malloc(have + 1);
        memcpy(whole + 1, frame, size); /* odd addresses, too */
        memcpy(part + 1, frame, have);
        struct checksum_place a, b;
        enum checksum_kind kind = checksum_find(whole + 1, size, size, &a), early = checksum_find(part + 1, have, size, &b);
        assert_int_not_equal(kind, CHECKSUM_MORE);
        assert_true(early == CHECKSUM_MORE || early == kind);
        if (kind == CHECKSUM_FOUND) {
            assert_true(a.end <= size && a.start + a.field + 2 <= a.end);
            assert_true(early != CHECKSUM_FOUND || (a.start == b.start && a.pseudo == b.pseudo && a.end == b.end));
            checksum_fill(whole + 1, &a);
            assert_int_equal(checksum_verify(whole + 1, size), CHECKSUM_FOUND);
        }
        free(whole);
        free(part);
    }
}

/* ---- frames through a descriptor ---- */

static int own, other; /* ends of the pair; the other is the host's */
static char said[4096];

/* What the log is told, under log_console's symbols; see bindings/log.h. */
bool log_enabled(enum log_level level)
{
    (void)level;
    return true;
}

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(said);
    (void)level;
    used += (size_t)snprintf(said + used, sizeof said - used, "%s: ", component);
    va_start(arguments, format);
    used += (size_t)vsnprintf(said + used, sizeof said - used, format, arguments);
    va_end(arguments);
    if (used < sizeof said - 1)
        memcpy(said + used, "\n", 2);
}

static int no_device(void)
{
    return -ENODEV;
}

static void open_pair_with(bool header, bool offload)
{
    int pair[2];
    struct frames_device device = {.name = "wire", .component = "test", .lost = "is gone", .mtu = 1500, .header = header, .offload = offload, .reopen = no_device};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    own = pair[0];
    other = pair[1];
    said[0] = '\0';
    assert_int_equal(frames_open(&device, pair[0]), 0);
}

static void open_pair(bool offload)
{
    open_pair_with(offload, offload);
}

static void close_pair(void)
{
    frames_close();
    close(other);
}

static void give(uint8_t flags, const void *frame, size_t size)
{
    uint8_t bytes[4096];
    struct virtio_net_hdr header = {.flags = flags};
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, frame, size);
    assert_int_equal(send(other, bytes, sizeof header + size, 0), sizeof header + size);
}

/* What the host's end reads: the header, and the frame. */
static size_t take_sent(struct virtio_net_hdr *header, uint8_t *frame, size_t size)
{
    uint8_t bytes[20000];
    ssize_t got = recv(other, bytes, sizeof bytes, 0);
    assert_true(got >= (ssize_t)sizeof *header && got - sizeof *header <= size);
    memcpy(header, bytes, sizeof *header);
    memcpy(frame, bytes + sizeof *header, (size_t)got - sizeof *header);
    return (size_t)got - sizeof *header;
}

/* What the host does for NEEDS_CSUM (VIRTIO 1.2, 5.1.6.2): written here a second time, slowly. */
static void complete(const struct virtio_net_hdr *header, uint8_t *frame, size_t size)
{
    uint32_t sum = 0;
    assert_true(header->csum_start + header->csum_offset + 2u <= size);
    for (size_t i = header->csum_start; i < size; i++)
        sum += (i - header->csum_start) % 2 ? frame[i] : (uint32_t)frame[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    frame[header->csum_start + header->csum_offset] = (uint8_t)(~sum >> 8);
    frame[header->csum_start + header->csum_offset + 1] = (uint8_t)~sum;
}

static void check_sent(const struct view *views, size_t count, const uint8_t *expected, size_t size, bool by_host)
{
    struct virtio_net_hdr header;
    uint8_t got[4096];
    assert_int_equal(frames_send(views, count, DEADLINE_NOW), 0);
    assert_int_equal(take_sent(&header, got, sizeof got), size);
    assert_int_equal(header.flags, by_host ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0);
    assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
    if (by_host)
        complete(&header, got, size);
    assert_memory_equal(got, expected, size);
}

static void received_checksums(void **state)
{
    (void)state;
    uint8_t frame[256], got[256];
    open_pair(true);
    for (unsigned v = 0; v < VECTORS; v++) {
        size_t size = decode(v, frame);
        give(0, frame, size);
        assert_int_equal(frames_receive(got, sizeof got, DEADLINE_NOW), size);
        assert_memory_equal(got, frame, size);
        frame[size - 1] ^= 1;
        give(0, frame, size); /* wrong: dropped */
        give(VIRTIO_NET_HDR_F_DATA_VALID, frame, size); /* somebody else has looked */
        give(VIRTIO_NET_HDR_F_NEEDS_CSUM, frame, size); /* was never on a wire */
        assert_int_equal(frames_receive(got, sizeof got, DEADLINE_NOW), size);
        assert_int_equal(frames_receive(got, sizeof got, DEADLINE_NOW), size);
        assert_int_equal(frames_receive(got, sizeof got, DEADLINE_NOW), -ETIMEDOUT);
    }
    close_pair();
}

/* Whoever verifies by himself gets what there is, and never a frame that the host left unfinished. */
static void received_without_offload(void **state)
{
    (void)state;
    uint8_t frame[256], got[256];
    open_pair_with(true, false);
    for (unsigned v = 0; v < VECTORS; v++) {
        size_t size = decode(v, frame);
        frame[starts[v] + fields[v]] ^= 1;
        give(0, frame, size);
        assert_int_equal(frames_receive(got, sizeof got, DEADLINE_NOW), size);
        assert_memory_equal(got, frame, size);
        give(VIRTIO_NET_HDR_F_NEEDS_CSUM, frame, size);
        assert_int_equal(frames_receive(got, sizeof got, DEADLINE_NOW), size);
        assert_int_equal(verify(got, size), CHECKSUM_FOUND);
        check_sent(&(struct view){(char *)frame, size}, 1, frame, size, false);
    }
    close_pair();
}

static void received_sizes(void **state)
{
    (void)state;
    uint8_t frame[256], got[256] = {0};
    size_t size = decode(TCP4, frame);
    open_pair(true);
    give(0, frame, size);
    got[size - 1] = 0xee;
    assert_int_equal(frames_receive(got, size - 1, DEADLINE_NOW), -EMSGSIZE);
    assert_int_equal(got[size - 1], 0xee);
    give(0, frame, size);
    assert_int_equal(frames_receive(got, size, DEADLINE_NOW), size);
    give(0, frame, 13); /* no frame */
    assert_int_equal(send(other, frame, 5, 0), 5); /* not even a header */
    frame[12] = 0x88; /* of a protocol of its own */
    give(0, frame, 14);
    assert_int_equal(frames_receive(got, sizeof got, DEADLINE_NOW), 14);
    close_pair();
    open_pair(false);
    assert_int_equal(send(other, frame, size, 0), size);
    assert_int_equal(frames_receive(got, size, DEADLINE_NOW), size);
    assert_int_equal(send(other, frame, size, 0), size);
    assert_int_equal(frames_receive(got, size - 1, DEADLINE_NOW), -EMSGSIZE);
    close_pair();
}

static int busy;

static void receive_too(void *argument)
{
    (void)argument;
    char frame[64];
    busy = (int)frames_receive(frame, sizeof frame, DEADLINE_NOW);
    assert_int_equal(send(other, "a frame of twenty-one", 21, 0), 21);
}

static void receiving_waits(void **state)
{
    (void)state;
    char frame[64];
    open_pair(false);
    int64_t deadline = in_milliseconds(30);
    assert_int_equal(frames_receive(frame, sizeof frame, deadline), -ETIMEDOUT);
    assert_true(clock_now() >= deadline);
    assert_int_equal(task_spawn(NULL, 0, receive_too, NULL), 0);
    assert_int_equal(frames_receive(frame, sizeof frame, in_milliseconds(5000)), 21);
    assert_int_equal(busy, -EBUSY);
    close_pair();
}

/* However the frame is cut, and whatever is in the field: what arrives has its checksum, and the views are as they were. */
static void sent_checksums(void **state)
{
    (void)state;
    uint8_t right[256], frame[256], before[256];
    open_pair(true);
    for (unsigned v = 0; v < VECTORS; v++) {
        size_t size = decode(v, right);
        memcpy(frame, right, size);
        memset(frame + starts[v] + fields[v], 0xbd, 2);
        memcpy(before, frame, size);
        for (size_t cut = 0; cut <= size; cut++) {
            struct view views[] = {{(char *)frame, cut}, {NULL, 0}, {(char *)frame + cut, size - cut}};
            check_sent(views, 3, right, size, true);
        }
        struct view bytes[256];
        for (size_t i = 0; i < size; i++)
            bytes[i] = (struct view){(char *)frame + i, 1};
        check_sent(bytes, size, right, size, true);
        assert_memory_equal(frame, before, size);
        right[size] = frame[size] = 0x99; /* a byte that belongs to nothing: the host would sum it */
        check_sent(&(struct view){(char *)frame, size + 1}, 1, right, size + 1, false);
    }
    close_pair();
}

/* More pieces behind the headers than one system call takes. */
static void sent_in_many_pieces(void **state)
{
    (void)state;
    uint8_t right[256], frame[256];
    struct view bytes[256];
    struct checksum_place place;
    size_t size = decode(UDP4, right) + 150;
    memset(right + size - 150, 0x5a, 150);
    right[17] += 150;
    right[39] += 150;
    assert_int_equal(checksum_find(right, size, size, &place), CHECKSUM_FOUND);
    checksum_fill(right, &place);
    memcpy(frame, right, size);
    memset(frame + 40, 0xbd, 2);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (struct view){(char *)frame + i, 1};
    open_pair(true);
    check_sent(bytes, size, right, size, true);
    close_pair();
    open_pair_with(true, false);
    check_sent(bytes, size, frame, size, false);
    close_pair();
}

static void sent_behind_many_headers(void **state)
{
    (void)state;
    static const uint8_t many[8] = {0, 60, 60, 60, 60, 60, 60, 60};
    uint8_t right[4096], frame[4096];
    size_t size = chain(right, many, 8, 10);
    memcpy(frame, right, size);
    memset(frame + size - 7, 0xbd, 2);
    open_pair(true);
    check_sent(&(struct view){(char *)frame, size}, 1, right, size, false);
    close_pair();
}

static void sent_as_it_is(void **state)
{
    (void)state;
    uint8_t frame[2048] = {0};
    struct virtio_net_hdr header;
    size_t size = decode(UDP4, frame);
    frame[20] |= 0x20; /* a fragment */
    open_pair(true);
    check_sent(&(struct view){(char *)frame, size}, 1, frame, size, false);
    assert_int_equal(frames_send(&(struct view){(char *)frame, 1515}, 1, DEADLINE_NOW), -EMSGSIZE);
    assert_int_equal(frames_send(&(struct view){(char *)frame, SIZE_MAX}, 1, DEADLINE_NOW), -EMSGSIZE);
    struct view huge[] = {{(char *)frame, SIZE_MAX}, {(char *)frame, 20}};
    assert_int_equal(frames_send(huge, 2, DEADLINE_NOW), -EMSGSIZE);
    assert_int_equal(frames_send(&(struct view){(char *)frame, 13}, 1, DEADLINE_NOW), -EINVAL);
    assert_int_equal(recv(other, &header, sizeof header, 0), -1);
    memset(frame, 0, sizeof frame);
    check_sent(&(struct view){(char *)frame, 1514}, 1, frame, 1514, false);
    close_pair();
}

/* ---- no room ---- */

enum { SENDERS = 5 };
static unsigned sent_by[SENDERS];

static void send_one(void *argument)
{
    uint8_t frame[1000] = {0};
    unsigned *count = argument;
    for (unsigned i = 0; i < 20; i++)
        *count += frames_send(&(struct view){(char *)frame, sizeof frame}, 1, in_milliseconds(5000)) == 0;
}

/* A segment of TCP that the host divides: what it is told, and that nothing else may be so long. */
static void sent_to_be_divided(void **state)
{
    (void)state;
    static uint8_t frame[65535 + 1];
    for (unsigned v = TCP4; v <= TCP6; v += TCP6 - TCP4) {
        static const size_t sizes[] = {1516, 3000, 19000};
        open_pair(true);
        for (unsigned i = 0; i < 3; i++) {
            struct virtio_net_hdr header;
            static uint8_t got[20000];
            size_t size = sizes[i], start = starts[v], length = size - (v == TCP4 ? 14 : 54);
            memset(frame, 0x33, sizeof frame);
            size_t headers = decode(v, frame); /* 40 bytes of TCP's */
            frame[v == TCP4 ? 16 : 18] = (uint8_t)(length >> 8);
            frame[v == TCP4 ? 17 : 19] = (uint8_t)length;
            struct view views[] = {{(char *)frame, headers}, {(char *)frame + headers, size - headers}};
            assert_int_equal(frames_send(views, 2, DEADLINE_NOW), 0);
            assert_int_equal(take_sent(&header, got, sizeof got), size);
            assert_int_equal(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
            assert_int_equal(header.gso_type, v == TCP4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6);
            assert_int_equal(header.hdr_len, start + 40);
            assert_int_equal(header.gso_size, 1514 - start - 40);
            complete(&header, got, size);
            assert_int_equal(verify(got, size), CHECKSUM_FOUND);
            frame[start + 12] = 0x40; /* TCP's header is shorter than can be */
            assert_int_equal(frames_send(views, 2, DEADLINE_NOW), -EMSGSIZE);
            frame[start + 12] = 0xa0;
            views[1].size--; /* not as long as IP says */
            assert_int_equal(frames_send(views, 2, DEADLINE_NOW), -EMSGSIZE);
            views[1].size += 2; /* longer */
            assert_int_equal(frames_send(views, 2, DEADLINE_NOW), -EMSGSIZE);
            frame[v == TCP4 ? 23 : 20] = 17; /* UDP */
            assert_int_equal(frames_send(views, 2, DEADLINE_NOW), -EMSGSIZE);
        }
        assert_int_equal(frames_send(&(struct view){(char *)frame, 65536}, 1, DEADLINE_NOW), -EMSGSIZE);
        close_pair();
        open_pair(false);
        decode(v, frame);
        assert_int_equal(frames_send(&(struct view){(char *)frame, 1515}, 1, DEADLINE_NOW), -EMSGSIZE);
        close_pair();
    }
}

static void senders_wait_for_room(void **state)
{
    (void)state;
    uint8_t frame[1000] = {0};
    struct view view = {(char *)frame, sizeof frame};
    unsigned fit = 0, arrived = 0;
    open_pair(false);
    while (frames_send(&view, 1, DEADLINE_NOW) == 0)
        assert_true(++fit < 100000);
    assert_int_equal(frames_send(&view, 1, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(frames_send(&view, 1, in_milliseconds(20)), -ETIMEDOUT);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(task_spawn(NULL, 0, send_one, &sent_by[i]), 0);
    for (unsigned idle = 0; idle < 20; idle++) {
        for (unsigned i = 0; i < 3 && recv(other, frame, sizeof frame, 0) == sizeof frame; i++, idle = 0)
            arrived++;
        assert_int_equal(task_sleep(in_milliseconds(1)), 0);
    }
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(sent_by[i], 20);
    assert_int_equal(arrived, fit + SENDERS * 20);
    close_pair();
}

static unsigned last_sent;

static void send_last(void *argument)
{
    uint8_t frame[1000] = {0};
    (void)argument;
    last_sent += frames_send(&(struct view){(char *)frame, sizeof frame}, 1, in_milliseconds(5000)) == 0;
}

/* Room for all, of which the host says so once. */
static void one_edge_serves_every_sender(void **state)
{
    (void)state;
    uint8_t frame[1000] = {0};
    open_pair(false);
    while (frames_send(&(struct view){(char *)frame, sizeof frame}, 1, DEADLINE_NOW) == 0)
        ;
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(task_spawn(NULL, 0, send_last, NULL), 0);
    assert_int_equal(task_sleep(in_milliseconds(2)), 0);
    assert_int_equal(last_sent, 0);
    while (recv(other, frame, sizeof frame, 0) == sizeof frame)
        ;
    assert_int_equal(task_sleep(in_milliseconds(50)), 0);
    assert_int_equal(last_sent, SENDERS);
    close_pair();
}

/* A dead descriptor stands for a device that was taken away. */
static void a_device_that_goes(void **state)
{
    (void)state;
    uint8_t frame[64] = {0};
    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    open_pair(false);
    assert_int_equal(dup2(directory, own), own);
    assert_int_equal(frames_receive(frame, sizeof frame, in_milliseconds(20)), -ETIMEDOUT);
    assert_int_equal(frames_receive(frame, sizeof frame, DEADLINE_NOW), -ETIMEDOUT);
    assert_string_equal(said, "test: wire is gone; waiting until it is there again\n");
    assert_int_equal(frames_send(&(struct view){(char *)frame, sizeof frame}, 1, DEADLINE_NOW), 0); /* lost */
    close(directory);
    close_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_frames_are_right),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(cut_frames_are_refused),
        cmocka_unit_test(lengths_that_contradict),
        cmocka_unit_test(what_is_not_ours),
        cmocka_unit_test(a_sum_of_zero_is_sent_as_ones),
        cmocka_unit_test(extension_headers),
        cmocka_unit_test(mutations),
        cmocka_unit_test(received_checksums),
        cmocka_unit_test(received_without_offload),
        cmocka_unit_test(received_sizes),
        cmocka_unit_test(receiving_waits),
        cmocka_unit_test(sent_checksums),
        cmocka_unit_test(sent_in_many_pieces),
        cmocka_unit_test(sent_behind_many_headers),
        cmocka_unit_test(sent_as_it_is),
        cmocka_unit_test(sent_to_be_divided),
        cmocka_unit_test(senders_wait_for_room),
        cmocka_unit_test(one_edge_serves_every_sender),
        cmocka_unit_test(a_device_that_goes),
    };
    return cmocka_run_group_tests(tests, instances_start, instances_stop);
}
