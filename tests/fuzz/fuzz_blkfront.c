/*
 * fuzz_blkfront.c - a libFuzzer target: a disk whose other end answers anything.
 *
 * The input is a program: calls, and while they wait answers, honest ones and others.  A call touches nothing outside its buffer,
 * returns; a disk that was taken out of use stays so.
 *
 * Built by tests/suites/fuzz.py; corpus in corpus/blkfront.
 */
#include "xen_other_end.h"

#include <errno.h>
#include <string.h>

#include "block.h"
#include "blkfront.h"
#include "pages.h"
#include "task.h"
#include "xen_double.h"
#include <ukc/xen_front.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOT = 112, SLOTS = 32 };

int test_vbd_index = -1;
static uint32_t taken;

/* ---- what blkfront stands on ---- */

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

/* ---- the other end ---- */

static struct xen_front_head *head(void)
{
    return (struct xen_front_head *)(void *)end_rings[0];
}

static void answer(uint64_t id, unsigned status)
{
    char *slot = (char *)(head() + 1) + head()->answer_put % SLOTS * SLOT;
    int16_t word = (int16_t)(status < 200 ? 0 : (int)status - 228);
    memcpy(slot, &id, sizeof id);
    memcpy(slot + 10, &word, sizeof word);
    head()->answer_put++;
}

/* To the request that it took last. */
static void answer_honestly(void)
{
    uint64_t id;
    if (taken == head()->request_put)
        return;
    memcpy(&id, (char *)(head() + 1) + taken++ % SLOTS * SLOT + 8, sizeof id);
    answer(id, next_byte());
}

static void act(void)
{
    bool ran = image_runs;
    image_runs = false;
    switch (next_byte() % 8) {
    case 0: answer(next_byte() % 40, next_byte()); break;
    case 1: answer((uint64_t)next_byte() << 56 | next_byte(), 0); break;
    case 2: end_scribble(0); break;
    case 3: memset(double_xen_page(8 + next_byte() % 32, NULL), next_byte(), END_PAGE); break; /* the ring is one of them */
    default: answer_honestly(); break;
    }
    if (input == input_end)
        head()->answer_put += 0x10000; /* so that it ends */
    image_runs = ran;
}

int task_park(int64_t deadline)
{
    (void)deadline;
    act();
    return next_byte() % 16 == 15 ? -ECANCELED : 0;
}

static void agree(void)
{
    if (double_xen.own != XEN_STATE_READY)
        return;
    end_rings[0] = double_xen_page((uint32_t)atoi(double_xen_said("ring-ref")), NULL);
    double_xen.other = XEN_STATE_CONNECTED;
}

/* ---- the program ---- */

static int call(unsigned kind)
{
    uint64_t sector = next_byte() | (uint64_t)next_byte() << 8;
    size_t size = (size_t)next_byte() % 64 * (next_byte() % 8 ? 512 : 4096); /* up to more than there are pages */
    char *buffer = malloc(size + (size == 0));
    memset(buffer, 1, size + (size == 0));
    int error = 0;
    image_runs = true;
    switch (kind % 6) {
    case 0: case 1: error = blkfront_read(sector, buffer, size); break;
    case 2: error = blkfront_write(sector, buffer, size); break;
    case 3: error = blkfront_zero(sector, size / 512); break;
    case 4: error = blkfront_discard(sector, size / 512); break;
    case 5: error = blkfront_flush(); break;
    }
    image_runs = false;
    free(buffer);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_end = data + size;
    unsigned offers = next_byte();
    double_xen_begin();
    double_xen.devices[0] = 51712;
    double_xen.other = XEN_STATE_WAITING;
    double_xen.own_changed = agree;
    double_xen.slept = act;
    double_xen_say("sectors", "65536");
    double_xen_say("sector-size", offers & 1 ? "4096" : "512");
    double_xen_say("feature-max-indirect-segments", offers & 2 ? "256" : "0");
    double_xen_say("feature-flush-cache", offers & 4 ? "1" : "0");
    double_xen_say("feature-discard", offers & 8 ? "1" : "0");
    taken = race = 0;
    require(blkfront_start() == 0);
    while (input < input_end) {
        int error = call(next_byte());
        require(error == 0 || error == -EIO || error == -EINVAL);
    }
    require(double_xen.own != XEN_STATE_CLOSING || blkfront_zero(0, 8) == -EIO);
    blkfront_stop();
    return 0;
}
