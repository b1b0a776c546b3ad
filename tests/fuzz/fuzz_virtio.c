/*
 * fuzz_virtio.c - a libFuzzer target: a ring whose device writes anything into the memory that it sees.
 *
 * The input is a program: add a chain, show, collect, ask, or let the device overwrite bytes of the ring, use a chain honestly,
 * or lie.  A token must come back at most once, only while the device had it, and with no more bytes than it may write.
 *
 * Built by tests/suites/fuzz.py; corpus in corpus/virtio.
 */
#include <stdlib.h>
#include <string.h>

#include "../../targets/kvm/virtio_bus/ring.h"
#include <ukc/device.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHAINS = 64 };

struct chain {
    bool added, shown;
    size_t writable;
};

static struct chain chains[CHAINS];

uint64_t device_address(const volatile void *memory)
{
    return (uintptr_t)memory;
}

void device_fence(void)
{
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void add(struct ring *ring, unsigned byte)
{
    static char bytes[64];
    struct virtio_part parts[8];
    unsigned out = byte & 3, in = byte >> 2 & 3;
    struct chain *chain = chains;
    while (chain < chains + CHAINS && chain->added)
        chain++;
    if (chain == chains + CHAINS)
        return;
    for (unsigned i = 0; i < out + in; i++)
        parts[i] = (struct virtio_part){bytes, 1 + (byte >> 4)};
    if (ring_add(ring, parts, out, in, chain) == 0)
        *chain = (struct chain){.added = true, .writable = in * (size_t)(1 + (byte >> 4))};
}

static void show(struct ring *ring)
{
    bool broken = ring->broken;
    ring_show(ring);
    for (unsigned i = 0; i < CHAINS && !broken; i++)
        chains[i].shown = chains[i].added;
}

static void collect(struct ring *ring)
{
    void *token;
    size_t written;
    bool broken = ring->broken;
    int got = ring_collect(ring, &token, &written);
    require(got == 0 || got == 1 || got < 0);
    require(!broken || got < 0);
    require(got >= 0 || ring->broken);
    if (got <= 0)
        return;
    struct chain *chain = token;
    require(chain >= chains && chain < chains + CHAINS && chain->added && chain->shown && written <= chain->writable);
    *chain = (struct chain){0};
}

/* A used entry, and perhaps the index behind it. */
static void use(struct ring *ring, unsigned id, unsigned length)
{
    volatile uint16_t *used = (volatile uint16_t *)(uintptr_t)ring->used;
    volatile uint32_t *entry = (volatile uint32_t *)(used + 2) + 2 * (used[1] & (ring->size - 1u));
    entry[0] = id & 0x3f;
    entry[1] = length;
    used[1]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ring ring;
    if (size < 2)
        return 0;
    unsigned count = 1u << (data[0] & 5), parts = 1 + (data[0] >> 3 & 3);
    bool event_index = data[0] & 64, indirect = data[0] & 128;
    parts = parts > count ? count : parts;
    size_t bytes = ring_bytes(count, parts, indirect);
    char *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    memset(memory, 0, bytes);
    memset(chains, 0, sizeof chains);
    ring_open(&ring, memory, count, parts, event_index, indirect);
    size_t seen = (size_t)((char *)ring.slots - memory); /* by the device */
    for (size_t at = 1; at + 3 <= size; at += 3) {
        switch (data[at] & 7) {
        case 0: case 1: add(&ring, data[at + 1]); break;
        case 2: show(&ring); break;
        case 3: collect(&ring); break;
        case 4: ring_ask(&ring); break;
        case 5: case 6: use(&ring, data[at + 1], data[at + 2]); break;
        case 7: memory[(data[at + 1] | (size_t)data[at] >> 3 << 8) % seen] = (char)data[at + 2]; break;
        }
        require(ring.free_count <= count && ring.outstanding <= CHAINS);
    }
    free(memory);
    return 0;
}
