/*
 * fuzz_netfront.c - a libFuzzer target: a network interface whose other end answers anything.
 *
 * The input is a program: frames that are sent and received, and between them answers, honest ones and others.  Receiving touches nothing
 * outside its buffer, and no call gives what it may not.
 *
 * Built by tests/suites/fuzz.py; corpus in corpus/netfront.
 */
#include "xen_other_end.h"

#include <errno.h>
#include <string.h>

#include "netfront.h"
#include "netif.h"
#include "pages.h"
#include "task.h"
#include "xen_double.h"
#include <ukc/deadline.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 256, RECEIVE = 0, SEND = 1 };

uint8_t test_vif_mac[6];
int test_vif_index = -1;
bool test_vif_offload = true;
static uint32_t taken[END_RINGS];

/* ---- what netfront stands on ---- */

void *pages_allocate(size_t size)
{
    return aligned_alloc(END_PAGE, (size + END_PAGE - 1) / END_PAGE * END_PAGE);
}

void pages_free(void *memory, size_t size)
{
    (void)size;
    free(memory);
}

struct task *task_self(void)
{
    static char self;
    return (struct task *)(void *)&self;
}

void task_wake(struct task *task)
{
    (void)task;
}

int task_yield(void)
{
    return 0;
}

int task_park(int64_t deadline)
{
    (void)deadline;
    abort(); /* nothing here waits */
}

/* ---- the other end ---- */

static uint32_t *head(unsigned which)
{
    return (uint32_t *)(void *)end_rings[which];
}

static char *slot(unsigned which, uint32_t index)
{
    return end_rings[which] + END_HEAD + index % SLOTS * (which == RECEIVE ? 8 : 12);
}

/* The index of answers is the third word. */
static void answer(unsigned which, const uint16_t *words, size_t size)
{
    memcpy(slot(which, head(which)[2]), words, size);
    head(which)[2]++;
}

static void answer_receive(unsigned lie)
{
    uint16_t id = 0;
    memcpy(&id, slot(RECEIVE, taken[RECEIVE]++), sizeof id);
    const uint16_t honest[] = {id, next_byte(), 0, next_byte()};
    const uint16_t others[] = {lie & 1 ? next_byte() : id, (uint16_t)(next_byte() << 5), next_byte() & 13, (uint16_t)(next_byte() << 4)};
    answer(RECEIVE, lie ? others : honest, sizeof honest);
}

/* A frame in several pages that says it is a segment of TCP, longer than those of the wire or not. */
static void answer_joined(void)
{
    unsigned kind = next_byte(), count = kind % 20;
    for (unsigned i = 0; i <= count; i++) {
        const char *request = slot(RECEIVE, taken[RECEIVE]++);
        uint16_t id, size = i < count ? END_PAGE : 1u + next_byte();
        uint32_t grant;
        memcpy(&id, request, sizeof id);
        memcpy(&grant, request + 4, sizeof grant);
        char *page = double_xen_page(grant, NULL);
        size_t ip = count * (size_t)END_PAGE + size - 14;
        const uint8_t head[] = {kind & 32 ? 0x08 : 0x86, kind & 32 ? 0 : 0xdd, kind & 32 ? 0x45 : 0x60, 0, kind & 32 ? (uint8_t)(ip >> 8) : 0, kind & 32 ? (uint8_t)ip : 0,
                                (uint8_t)((ip - 40) >> 8), (uint8_t)(ip - 40), kind & 32 ? 0 : 6, 0, 0, kind & 32 ? 6 : 0};
        if (page && i == 0)
            memcpy(page + 12, head, sizeof head);
        if (page && i == 0)
            page[14 + 20 + 12] = page[14 + 40 + 12] = (char)(next_byte() & 0xf0);
        const uint16_t words[] = {id, 0, (uint16_t)((i < count ? 4 : 0) | (i == 0 ? 8 | (kind & 64 ? 3 : 0) : 0)), size};
        answer(RECEIVE, words, sizeof words);
        const uint16_t extra[] = {1, 1400, kind & 128 ? next_byte() : kind & 32 ? 1 : 2, 0};
        if (i == 0) {
            taken[RECEIVE]++;
            answer(RECEIVE, extra, sizeof extra);
        }
    }
}

static void answer_send(bool lie)
{
    uint16_t id;
    memcpy(&id, slot(SEND, taken[SEND]++) + 8, sizeof id);
    const uint16_t words[] = {lie ? next_byte() : id, next_byte()};
    answer(SEND, words, sizeof words);
}

static void act(void)
{
    unsigned kind = next_byte();
    switch (kind % 8) {
    case 0: end_scribble(kind >> 3); break;
    case 1: answer_receive(1 + (kind >> 3)); break;
    case 2: answer_send(true); break;
    case 3: case 4: answer_send(false); break;
    case 5: answer_joined(); break;
    default: answer_receive(0); break;
    }
}

static void agree(void)
{
    static const char *const names[END_RINGS] = {"rx-ring-ref", "tx-ring-ref"};
    for (unsigned i = 0; double_xen.own == XEN_STATE_CONNECTED && i < END_RINGS; i++)
        end_rings[i] = double_xen_page((uint32_t)atoi(double_xen_said(names[i])), NULL);
}

/* ---- the program ---- */

static void receive(void)
{
    size_t size = (size_t)next_byte() * 16;
    char *frame = malloc(size + 1);
    image_runs = true;
    ptrdiff_t got = netfront_receive(frame, size, DEADLINE_NOW);
    image_runs = false;
    require(got <= (ptrdiff_t)size && (got >= 14 || got == -ETIMEDOUT || got == -EMSGSIZE || got == -EIO));
    free(frame);
}

/* Zeroes, or what may be a segment of TCP, up to 33,000 bytes of it. */
static void send_frame(void)
{
    static char bytes[33000];
    unsigned kind = next_byte();
    struct view view = {bytes, 14 + (size_t)next_byte() * (kind & 1 ? 129 : 5)};
    size_t ip = view.size - 14;
    const uint8_t segment[] = {kind & 2 ? 0x08 : 0x86, kind & 2 ? 0 : 0xdd, kind & 2 ? 0x45 : 0x60, 0, kind & 2 ? (uint8_t)(ip >> 8) : 0, kind & 2 ? (uint8_t)ip : 0,
                               (uint8_t)((ip - 40) >> 8), (uint8_t)(ip - 40), kind & 2 ? 0 : 6, 0, 0, kind & 2 ? 6 : 0};
    memcpy(bytes + 12, kind & 4 ? segment : (const uint8_t[sizeof segment]){0}, sizeof segment);
    bytes[14 + 20 + 12] = bytes[14 + 40 + 12] = (char)(kind & 0xf0);
    image_runs = true;
    int error = netfront_send(&view, 1, DEADLINE_NOW);
    image_runs = false;
    require(error == 0 || error == -ETIMEDOUT || error == -EIO || (error == -EMSGSIZE && view.size > 1514));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_end = data + size;
    double_xen_begin();
    double_xen.other = XEN_STATE_CONNECTED;
    double_xen.own_changed = agree;
    double_xen_have("mac", "00:16:3e:00:00:02");
    static const char *const features[] = {"feature-ipv6-csum-offload", "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6", "feature-split-event-channels"};
    for (unsigned i = 0; i < sizeof features / sizeof *features; i++)
        double_xen_say(features[i], size % 8 ? "1" : "0");
    taken[0] = taken[1] = race = 0;
    require(netfront_start() == 0);
    while (input < input_end)
        switch (next_byte() % 4) {
        case 0: receive(); break;
        case 1: send_frame(); break;
        default: act(); break;
        }
    netfront_stop();
    return 0;
}
