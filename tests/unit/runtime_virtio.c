/* runtime_virtio.c - virtio devices and their queues, against devices that keep to the specification and devices that do not. */
#include "instances.h"

#include "virtio.h"
#include "virtio_bus.h"
#include "virtio_double.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <ukc/acpi.h>

#define TEST_TYPE VIRTIO_BLOCK

static struct double_device *device;
static struct virtio_device *opened;
static struct virtio_queue *queue;

/* A device with one queue, ready. */
static void set_up(bool pci, uint64_t without, unsigned size, unsigned parts)
{
    uint64_t features;
    double_begin("");
    device = double_add(TEST_TYPE, pci);
    device->offered &= ~without;
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_open(&opened, TEST_TYPE, 0), 0);
    assert_int_equal(virtio_negotiate(opened, 0, &features), 0);
    assert_int_equal(virtio_queue(opened, 0, size, parts, &queue), 0);
    assert_int_equal(virtio_ready(opened), 0);
}

static void tear_down(void)
{
    virtio_bus_stop();
    double_end();
}

/* ---- finding devices ---- */

static void devices_are_found_in_order(void **state)
{
    (void)state;
    struct virtio_device *a, *b, *c;
    double_begin("ip=10.0.0.2 virtio_mmio.devic=1 --key=virtio_mmio.device=512@0x10000000:5");
    double_add(VIRTIO_NET, false);
    struct double_device *first = double_add(VIRTIO_BLOCK, true);
    struct double_device *second = double_add(VIRTIO_BLOCK, false);
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_open(&a, VIRTIO_CONSOLE, 0), -ENODEV);
    assert_int_equal(virtio_open(&a, VIRTIO_NET, 1), -ENODEV);
    assert_int_equal(virtio_open(&a, VIRTIO_NET, 0), 0);
    assert_int_equal(virtio_open(&b, VIRTIO_NET, 0), -EBUSY);
    assert_int_equal(virtio_open(&b, VIRTIO_BLOCK, 0), 0); /* mmio comes first */
    assert_true(second->status == 3 && first->status == 0);
    assert_int_equal(virtio_open(&c, VIRTIO_BLOCK, 1), 0);
    assert_true(first->status == 3);
    virtio_close(b);
    assert_int_equal(second->status, 0);
    assert_int_equal(virtio_open(&b, VIRTIO_BLOCK, 0), 0);
    virtio_close(NULL);
    tear_down();
    assert_true(first->status == 0 && second->status == 0);
}

static void words_that_are_no_device(void **state)
{
    (void)state;
    static const char *const words[] = {
        "virtio_mmio.device=", "virtio_mmio.device=512", "virtio_mmio.device=512@", "virtio_mmio.device=512@0x10000000",
        "virtio_mmio.device=512@0x10000000:", "virtio_mmio.device=512@0x10000000:5x", "virtio_mmio.device=512@0x10000000:5:",
        "virtio_mmio.device=255@0x10000000:5", "virtio_mmio.device=0@0x10000000:5", "virtio_mmio.device=512@0x10000002:5",
        "virtio_mmio.device=512@0x20000000:5", "virtio_mmio.device=512@0x110000000000000000:5", "virtio_mmio.device=99999999999999999999@0x10000000:5",
        "virtio_mmio.device=512@0x10000000:70000", "virtio_mmio.device=512K@0xfffffffffffff000:5", "virtio_mmio.device=0x@0x10000000:5",
        "virtio_mmio.device=5k12@0x10000000:5", "virtio_mmio.device=512@0x1000000g:5", "virtio_mmio.device=4096M@0x10000000:5:1:2",
    };
    struct virtio_device *found;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        double_begin("");
        double_add(VIRTIO_NET, false);
        double_command_line(words[i]);
        assert_int_equal(virtio_bus_start(), 0);
        assert_int_equal(virtio_open(&found, VIRTIO_NET, 0), -ENODEV);
        tear_down();
    }
    static const char *const good[] = {"virtio_mmio.device=512@0x10000000:5", "a virtio_mmio.device=4K@268435456:5:7 b", "virtio_mmio.device=0x200@0X10000000:0x5:0"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double_begin("");
        double_add(VIRTIO_NET, false);
        double_command_line(good[i]);
        assert_int_equal(virtio_bus_start(), 0);
        assert_int_equal(virtio_open(&found, VIRTIO_NET, 0), 0);
        tear_down();
    }
}

static void places_in_tables(void **state)
{
    (void)state;
    struct virtio_device *found;
    static const struct acpi_device places[] = {
        {.address = 0x20000000, .size = 512, .line = {.number = 5}, .has_line = true}, /* nothing is there */
        {.address = 0x10000000, .size = 255, .line = {.number = 5}, .has_line = true}, /* too small */
        {.address = 0x10000000, .size = 512},                                          /* no line */
        {.address = 0x10000000, .size = 512, .line = {.number = 5}, .has_line = true},
    };
    for (unsigned count = 0; count <= 4; count++) {
        double_begin("");
        double_add(VIRTIO_NET, false);
        double_command_line("");
        double_tables(places, count);
        assert_int_equal(virtio_bus_start(), 0);
        assert_int_equal(virtio_open(&found, VIRTIO_NET, 0), count < 4 ? -ENODEV : 0);
        tear_down();
    }
}

/* ---- negotiation, configuration ---- */

static void features_are_agreed_on(void **state)
{
    (void)state;
    uint64_t features;
    for (int pci = 0; pci < 2; pci++) {
        double_begin("");
        device = double_add(TEST_TYPE, pci);
        device->offered |= 0x25 | UINT64_C(1) << 24 | UINT64_C(1) << 34 | UINT64_C(1) << 33 | UINT64_C(1) << 63;
        assert_int_equal(virtio_bus_start(), 0);
        assert_int_equal(virtio_open(&opened, TEST_TYPE, 0), 0);
        assert_int_equal(virtio_queue(opened, 0, 16, 1, &queue), -EIO); /* not yet */
        assert_int_equal(virtio_ready(opened), -EIO);
        assert_int_equal(virtio_negotiate(opened, 0x47 | UINT64_C(1) << 63 | UINT64_C(1) << 34, &features), 0);
        assert_true(features == (0x05 | UINT64_C(1) << 63));
        assert_true(device->accepted == (features | DOUBLE_VERSION_1 | DOUBLE_EVENT_INDEX | DOUBLE_INDIRECT | UINT64_C(1) << 33));
        assert_int_equal(device->status, 11);
        assert_int_equal(virtio_negotiate(opened, 0, &features), -EIO); /* once */
        tear_down();
    }
}

static void devices_that_do_not_agree(void **state)
{
    (void)state;
    uint64_t features;
    for (int pci = 0; pci < 2; pci++) {
        double_begin("");
        device = double_add(TEST_TYPE, pci);
        device->offered &= ~DOUBLE_VERSION_1;
        double_add(VIRTIO_NET, pci)->refuse = true;
        struct double_device *stuck = double_add(VIRTIO_ENTROPY, pci);
        stuck->stuck = true;
        stuck->status = 1;
        assert_int_equal(virtio_bus_start(), 0);
        assert_int_equal(virtio_open(&opened, TEST_TYPE, 0), 0);
        assert_int_equal(virtio_negotiate(opened, 0, &features), -ENOTSUP);
        assert_int_equal(virtio_queue(opened, 0, 16, 1, &queue), -EIO);
        assert_int_equal(virtio_open(&opened, VIRTIO_NET, 0), 0);
        assert_int_equal(virtio_negotiate(opened, 0, &features), -ENOTSUP);
        assert_int_equal(virtio_open(&opened, VIRTIO_ENTROPY, 0), -EIO);
        tear_down();
    }
    double_begin("");
    double_add(TEST_TYPE, false)->version = 1;
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_open(&opened, TEST_TYPE, 0), -ENOTSUP);
    tear_down();
}

static void configuration_holds_together(void **state)
{
    (void)state;
    uint8_t bytes[6];
    uint16_t two;
    uint64_t eight;
    for (int pci = 0; pci < 2; pci++) {
        set_up(pci, 0, 16, 1);
        for (unsigned i = 0; i < sizeof device->config; i++)
            device->config[i] = (uint8_t)(i + 1);
        assert_int_equal(virtio_read_config(opened, 1, bytes, 6), 0);
        assert_memory_equal(bytes, "\2\3\4\5\6\7", 6);
        assert_int_equal(virtio_read_config(opened, 10, &two, 2), 0);
        assert_int_equal(two, 0x0c0b);
        assert_int_equal(virtio_read_config(opened, 4, &eight, 8), 0);
        assert_true(eight == UINT64_C(0x0c0b0a0908070605));
        device->restless = 5; /* the first read sees changes: it is repeated */
        assert_int_equal(virtio_read_config(opened, 4, &eight, 8), 0);
        memcpy(bytes, &eight, 6);
        assert_memory_equal(bytes, device->config + 4, 6);
        device->restless = 1000000;
        assert_int_equal(virtio_read_config(opened, 4, &eight, 8), -EIO);
        device->restless = 0;
        assert_int_equal(virtio_read_config(opened, 3, &two, 2), -EINVAL);
        assert_int_equal(virtio_read_config(opened, 2, &eight, 8), -EINVAL);
        size_t size = pci ? sizeof device->config : 256;
        assert_int_equal(virtio_read_config(opened, size - 4, &eight, 8), -EINVAL);
        assert_int_equal(virtio_read_config(opened, SIZE_MAX, bytes, 1), -EINVAL);
        assert_int_equal(virtio_read_config(opened, 0, bytes, SIZE_MAX), -EINVAL);
        tear_down();
    }
}

static void queues_have_bounds(void **state)
{
    (void)state;
    uint64_t features;
    struct virtio_queue *other;
    double_begin("");
    device = double_add(TEST_TYPE, false);
    device->queues[1].most = 100;
    device->queues[2].most = 0;
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_open(&opened, TEST_TYPE, 0), 0);
    assert_int_equal(virtio_negotiate(opened, 0, &features), 0);
    assert_int_equal(virtio_queue(opened, 2, 16, 1, &other), -ENODEV);
    assert_int_equal(virtio_queue(opened, 77, 16, 1, &other), -ENODEV);
    assert_int_equal(virtio_queue(opened, 1, 1000, 65, &other), -ENODEV);
    assert_int_equal(virtio_queue(opened, 1, 0, 1, &other), -ENODEV);
    assert_int_equal(virtio_queue(opened, 1, 1000, 64, &other), 0);
    assert_int_equal(virtio_queue_size(other), 64);
    assert_int_equal(device->queues[1].size, 64);
    assert_int_equal(virtio_queue(opened, 1, 16, 1, &other), -ENODEV); /* it is in use */
    assert_int_equal(virtio_queue(opened, 0, 31, 16, &queue), 0);
    assert_int_equal(virtio_queue_size(queue), 16);
    tear_down();
}

/* ---- transfers with a device that runs when it is called ---- */

struct job {
    uint8_t question[24], answer[40];
    size_t asked, wanted;
    bool pending;
};

/* Writes the sum of what it reads, plus the place, into all that it may write. */
static uint32_t serve(struct double_chain *chain)
{
    uint8_t sum = 0;
    uint32_t written = 0;
    for (unsigned i = 0; i < chain->out; i++)
        for (size_t k = 0; k < chain->parts[i].size; k++)
            sum = (uint8_t)(sum + chain->parts[i].bytes[k]);
    for (unsigned i = chain->out; i < chain->out + chain->in; i++)
        for (size_t k = 0; k < chain->parts[i].size; k++)
            chain->parts[i].bytes[k] = (uint8_t)(sum + written++);
    return written;
}

static uint32_t chance = 1;

static unsigned random_below(unsigned most)
{
    chance = chance * 1664525 + 1013904223;
    return (chance >> 16) % most;
}

/* Splits the job into up to `most` parts. */
static int submit(struct job *job, unsigned most)
{
    struct virtio_part parts[8];
    unsigned out = 0, in = 0;
    job->asked = random_below(sizeof job->question + 1);
    job->wanted = 1 + random_below(sizeof job->answer);
    memset(job->answer, 0xee, sizeof job->answer);
    for (size_t i = 0; i < job->asked; i++)
        job->question[i] = (uint8_t)random_below(256);
    for (size_t at = 0; at < job->asked; out++) {
        size_t size = out + 1 == most / 2 || most < 2 ? job->asked - at : 1 + random_below((unsigned)(job->asked - at));
        parts[out] = (struct virtio_part){job->question + at, size};
        at += size;
    }
    for (size_t at = 0; at < job->wanted; in++) {
        size_t size = in + 1 == most / 2 ? job->wanted - at : 1 + random_below((unsigned)(job->wanted - at));
        parts[out + in] = (struct virtio_part){job->answer + at, size};
        at += size;
    }
    int error = virtio_add(queue, parts, out, in, job);
    job->pending = error == 0;
    return error;
}

static void check(struct job *job, size_t written)
{
    uint8_t sum = 0;
    assert_true(job->pending);
    assert_int_equal(written, job->wanted);
    for (size_t i = 0; i < job->asked; i++)
        sum = (uint8_t)(sum + job->question[i]);
    for (size_t i = 0; i < sizeof job->answer; i++)
        assert_int_equal(job->answer[i], i < job->wanted ? (uint8_t)(sum + i) : 0xee);
    job->pending = false;
}

/* Takes what is available and uses some of it, in any order. */
static void run_device(struct double_chain *held, unsigned *count, unsigned most)
{
    while (*count < most && double_pop(device, 0, &held[*count]))
        ++*count;
    for (unsigned n = *count ? 1 + random_below(*count) : 0; n > 0; n--) {
        unsigned pick = random_below(*count);
        double_push(device, 0, held[pick].head, serve(&held[pick]));
        held[pick] = held[--*count];
    }
    double_tell(device, 0);
}

static unsigned collect_jobs(void)
{
    void *token;
    size_t written;
    unsigned count = 0;
    int got;
    while ((got = virtio_collect(queue, &token, &written)) > 0) {
        check(token, written);
        count++;
    }
    assert_int_equal(got, 0);
    return count;
}

static void many_transfers(void **state)
{
    (void)state;
    enum { JOBS = 40 };
    static struct job jobs[JOBS];
    static struct double_chain held[JOBS];
    static const uint64_t without[] = {0, DOUBLE_EVENT_INDEX, DOUBLE_INDIRECT, DOUBLE_INDIRECT | DOUBLE_EVENT_INDEX};
    for (unsigned round = 0; round < 8; round++) {
        unsigned done = 0, full = 0, held_count = 0, submitted = 0;
        set_up(round & 4, without[round & 3], 16, 8);
        while (done < 70000) { /* the indices wrap around */
            for (unsigned i = 0, tries = random_below(8); i < JOBS && tries > 0; i++) {
                if (jobs[i].pending)
                    continue;
                tries--;
                int error = submit(&jobs[i], 8);
                full += error == -ENOSPC;
                submitted += error == 0;
                assert_true(error == 0 || error == -ENOSPC);
                if (error)
                    break;
            }
            if (random_below(2))
                virtio_kick(queue);
            run_device(held, &held_count, JOBS);
            done += collect_jobs();
        }
        virtio_kick(queue);
        while (done < submitted) {
            run_device(held, &held_count, JOBS);
            done += collect_jobs();
        }
        assert_true(full > 100);
        tear_down();
    }
}

static void a_table_of_its_own_when_room_is_short(void **state)
{
    (void)state;
    static struct job jobs[20];
    struct double_chain chain;
    for (int with = 0; with < 2; with++) {
        unsigned count = 0, heads = 0;
        set_up(false, with ? 0 : DOUBLE_INDIRECT, 16, 8);
        uint8_t byte[8];
        struct virtio_part parts[8];
        for (unsigned i = 0; i < 8; i++)
            parts[i] = (struct virtio_part){&byte[i], 1};
        while (virtio_add(queue, parts, 3, 5, &jobs[count]) == 0)
            count++;
        assert_int_equal(count, 2); /* without a descriptor left there is nothing to point to a table */
        assert_int_equal(virtio_add(queue, parts, 0, 1, &jobs[0]), -ENOSPC);
        tear_down();
        set_up(false, with ? 0 : DOUBLE_INDIRECT, 16, 8);
        assert_int_equal(virtio_add(queue, parts, 1, 2, &jobs[0]), 0);
        for (count = 1; virtio_add(queue, parts, 3, 5, &jobs[count]) == 0;)
            count++;
        assert_int_equal(count, with ? 7 : 2); /* 3 descriptors, 8, 5 times one */
        virtio_kick(queue);
        while (double_pop(device, 0, &chain)) {
            assert_int_equal(chain.out + chain.in, heads++ ? 8 : 3);
            double_push(device, 0, chain.head, 0);
        }
        assert_int_equal(heads, count);
        double_tell(device, 0);
        void *token;
        size_t written;
        while (virtio_collect(queue, &token, &written) > 0)
            count--;
        assert_int_equal(count, 0);
        tear_down();
    }
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    char bytes[8];
    struct virtio_part parts[5] = {{bytes, 1}, {bytes, 1}, {bytes, 1}, {bytes, 1}, {bytes, 1}};
    set_up(false, 0, 16, 4);
    assert_int_equal(virtio_add(queue, parts, 0, 0, bytes), -EINVAL);
    assert_int_equal(virtio_add(queue, parts, 3, 2, bytes), -EINVAL);
    assert_int_equal(virtio_add(queue, parts, UINT32_MAX, 2, bytes), -EINVAL);
    assert_int_equal(virtio_add(queue, parts, 1, 1, NULL), -EINVAL);
    parts[1].size = 0;
    assert_int_equal(virtio_add(queue, parts, 1, 1, bytes), -EINVAL);
    parts[1].size = (size_t)UINT32_MAX + 1;
    assert_int_equal(virtio_add(queue, parts, 1, 1, bytes), -EINVAL);
    assert_int_equal(virtio_add(queue, parts, 1, 0, bytes), 0);
    tear_down();
}

/* ---- who tells whom ---- */

static void nobody_is_told_who_did_not_ask(void **state)
{
    (void)state;
    static struct job jobs[8];
    static struct double_chain held[8];
    for (unsigned round = 0; round < 4; round++) {
        unsigned count = 0;
        bool by_index = !(round & 1);
        set_up(round & 2, by_index ? 0 : DOUBLE_EVENT_INDEX, 16, 8);
        struct double_queue *q = &device->queues[0];
        double_want_none(device, 0);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(submit(&jobs[i], 8), 0);
            virtio_kick(queue);
        }
        /* nothing was said: the event is at index 0, which the first chain passed */
        assert_int_equal(q->notifications, by_index ? 1 : 0);
        virtio_kick(queue); /* there is nothing new */
        assert_int_equal(q->notifications, by_index ? 1 : 0);
        while (count < 2)
            assert_true(double_pop(device, 0, &held[count++]));
        assert_true(double_want(device, 0));
        assert_int_equal(submit(&jobs[2], 8), 0);
        assert_int_equal(q->notifications, by_index ? 1 : 0); /* not shown yet */
        virtio_kick(queue);
        assert_int_equal(q->notifications, by_index ? 2 : 1);
        assert_false(double_want(device, 0));
        run_device(held, &count, 1);
        while (count > 0)
            run_device(held, &count, 0);
        assert_int_equal(q->interrupts, 0); /* nobody waits */
        assert_false(virtio_arm(queue, jobs)); /* there is something to collect */
        collect_jobs();
        assert_true(virtio_arm(queue, jobs));
        while (double_pop(device, 0, &held[count]))
            count++;
        unsigned before = q->interrupts;
        while (count > 0)
            run_device(held, &count, 0);
        assert_int_equal(q->interrupts, before + 1);
        assert_false(virtio_arm(queue, NULL));
        collect_jobs();
        tear_down();
    }
}

static void wants(void)
{
    assert_false(double_want(device, 0)); /* it sees the chain */
}

static void uses(void)
{
    struct double_chain chain;
    assert_true(double_pop(device, 0, &chain));
    double_push(device, 0, chain.head, serve(&chain));
    double_tell(device, 0);
}

/* Whoever looks later sees the other's word: both do when they meet at the fence. */
static void the_last_word_is_seen(void **state)
{
    (void)state;
    static struct job job;
    for (unsigned round = 0; round < 4; round++) {
        set_up(round & 2, round & 1 ? DOUBLE_EVENT_INDEX : 0, 16, 8);
        for (unsigned turn = 1; turn <= 3; turn++) {
            double_want_none(device, 0);
            assert_int_equal(submit(&job, 8), 0);
            double_at_fence(wants);
            virtio_kick(queue);
            assert_int_equal(device->queues[0].notifications, turn);
            double_at_fence(uses);
            assert_false(virtio_arm(queue, &job));
            assert_int_equal(device->queues[0].interrupts, turn);
            assert_int_equal(collect_jobs(), 1);
        }
        tear_down();
    }
}

/* A device in a thread of its own, which sleeps until it is notified, and rests between for a moment now and then. */
struct worker {
    pthread_t thread;
    atomic_bool stop;
    uint32_t chance;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct double_chain chain;
    uint64_t count;
    while (!worker->stop) {
        double_want_none(device, 0);
        unsigned batch = 0, most = (worker->chance = worker->chance * 1664525 + 1013904223) >> 28;
        while (batch <= most && double_pop(device, 0, &chain)) {
            double_push(device, 0, chain.head, serve(&chain));
            batch++;
        }
        if (batch)
            double_tell(device, 0);
        else if (double_want(device, 0)) {
            struct pollfd poll_for = {device->queues[0].wake, POLLIN, 0};
            if (poll(&poll_for, 1, 5000) == 1)
                assert_int_equal(read(poll_for.fd, &count, sizeof count), sizeof count);
        }
    }
    return NULL;
}

/* Keeps `outstanding` chains with the device, and parks whenever there is nothing to collect.  How many times it parked in vain. */
static unsigned keep_busy(unsigned outstanding, unsigned total)
{
    static struct job jobs[512];
    unsigned sent = 0, done = 0, stalls = 0;
    memset(jobs, 0, sizeof jobs);
    while (done < total) {
        for (unsigned i = 0; i < outstanding && sent < total; i++)
            if (!jobs[i].pending && submit(&jobs[i], 2) == 0)
                sent++;
        virtio_kick(queue);
        unsigned got = collect_jobs();
        done += got;
        if (got == 0 && virtio_arm(queue, task_self()) && task_park(in_milliseconds(4000)) == -ETIMEDOUT && ++stalls == 2)
            break;
    }
    return stalls;
}

static void no_wake_is_lost(void **state)
{
    (void)state;
    static const unsigned outstanding[] = {1, 8, 64, 512};
    for (unsigned round = 0; round < 16; round++) {
        struct worker worker = {.chance = round};
        unsigned n = outstanding[round & 3];
        double_begin("");
        device = double_add(TEST_TYPE, round & 4);
        device->queues[0].most = 1024;
        device->offered &= round & 8 ? ~DOUBLE_EVENT_INDEX : UINT64_MAX;
        device->queues[0].wake = eventfd(0, EFD_CLOEXEC);
        uint64_t features;
        assert_int_equal(virtio_bus_start(), 0);
        assert_int_equal(virtio_open(&opened, TEST_TYPE, 0), 0);
        assert_int_equal(virtio_negotiate(opened, 0, &features), 0);
        assert_int_equal(virtio_queue(opened, 0, 1024, 2, &queue), 0);
        assert_int_equal(virtio_ready(opened), 0);
        assert_int_equal(pthread_create(&worker.thread, NULL, work, &worker), 0);
        unsigned stalls = keep_busy(n, n == 1 ? 3000 : 40000);
        worker.stop = true;
        uint64_t one = 1;
        assert_int_equal(write(device->queues[0].wake, &one, sizeof one), sizeof one);
        pthread_join(worker.thread, NULL);
        close(device->queues[0].wake);
        assert_int_equal(stalls, 0);
        tear_down();
    }
}

/* ---- lies ---- */

enum lie {
    INDEX_JUMPS, INDEX_BACK, INDEX_BEFORE_SHOWN, ID_BEYOND, ID_HUGE, ID_OF_FREE, ID_IN_CHAIN, ID_NOT_SHOWN, TWICE, TWICE_AT_ONCE,
    LONGER_BY_ONE, LONGEST, WRITTEN_TO_READ_ONLY, LIES,
};

/* Two chains are with the device: 4 bytes to read and 8 to write; 4 to read.  A third is not shown.  Returns what is true before the lie is seen. */
static int tell_lie(enum lie lie, const struct double_chain *first, const struct double_chain *second, uint16_t third)
{
    volatile uint32_t *entry = double_used_entry(device, 0, 0);
    volatile uint16_t *index = double_used_index(device, 0);
    entry[0] = first->head;
    entry[1] = 0;
    uint16_t next = 1;
    int before = 0;
    switch (lie) {
    case INDEX_JUMPS: next = 9; break;
    case INDEX_BACK: next = 0xffff; break;
    case INDEX_BEFORE_SHOWN: next = 3; break;
    case ID_BEYOND: entry[0] = 16; break;
    case ID_HUGE: entry[0] = 0x80000000u | first->head; break;
    case ID_OF_FREE: entry[0] = 15; break;
    case ID_IN_CHAIN: entry[0] = first->head + 1u; break;
    case ID_NOT_SHOWN: entry[0] = third; break;
    case TWICE:
    case TWICE_AT_ONCE:
        before = 1;
        next = 2;
        entry[2] = first->head;
        entry[3] = 0;
        break;
    case LONGER_BY_ONE: entry[1] = 9; break;
    case LONGEST: entry[1] = UINT32_MAX; break;
    case WRITTEN_TO_READ_ONLY:
        entry[0] = second->head;
        entry[1] = 1;
        break;
    case LIES: break;
    }
    *index = next;
    return before;
}

static void a_device_that_lies_is_reset(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4 * LIES; round++) {
        enum lie lie = round / 4;
        char question[4] = "abc", answer[8];
        struct virtio_part parts[] = {{question, 4}, {answer, 8}};
        struct double_chain first, second;
        void *token;
        size_t written;
        set_up(round & 1, round & 2 ? DOUBLE_EVENT_INDEX : 0, 16, 2);
        assert_int_equal(virtio_add(queue, parts, 1, 1, "first"), 0);
        assert_int_equal(virtio_add(queue, parts, 1, 0, "second"), 0);
        virtio_kick(queue);
        assert_int_equal(virtio_add(queue, parts, 1, 0, "third"), 0);
        assert_true(double_pop(device, 0, &first) && double_pop(device, 0, &second));
        int before = tell_lie(lie, &first, &second, 3);
        unsigned resets = device->resets;
        while (before-- > 0)
            assert_int_equal(virtio_collect(queue, &token, &written), 1);
        assert_int_equal(device->resets, resets);
        assert_int_equal(virtio_collect(queue, &token, &written), -EIO);
        assert_int_equal(device->resets, resets + 1);
        assert_int_equal(virtio_collect(queue, &token, &written), -EIO);
        assert_int_equal(virtio_add(queue, parts, 1, 0, "fourth"), -EIO);
        assert_false(virtio_arm(queue, question));
        unsigned notifications = device->queues[0].notifications;
        virtio_kick(queue);
        assert_int_equal(device->queues[0].notifications, notifications);
        assert_int_equal(virtio_read_config(opened, 0, answer, 1), -EIO);
        assert_int_equal(virtio_ready(opened), -EIO);
        if (device->pci)
            assert_false(device->space[4] & 4); /* no bus master any more */
        virtio_close(opened);
        assert_int_equal(virtio_open(&opened, TEST_TYPE, 0), 0); /* another chance */
        tear_down();
    }
}

/* What the device writes into our part of the ring is never read back. */
static void a_device_that_scribbles(void **state)
{
    (void)state;
    static struct job job;
    for (unsigned round = 0; round < 2; round++) {
        set_up(false, round ? DOUBLE_EVENT_INDEX : 0, 16, 8);
        for (unsigned times = 0; times < 1000; times++) {
            struct double_chain chain;
            assert_int_equal(submit(&job, 8), 0);
            virtio_kick(queue);
            assert_true(double_pop(device, 0, &chain));
            double_push(device, 0, chain.head, serve(&chain));
            memset(double_memory(device->queues[0].table), (int)random_below(256), 16 * 16);
            memset(double_memory(device->queues[0].available), (int)random_below(256), 4 + 2 * 16 + 2);
            double_tell(device, 0);
            assert_int_equal(collect_jobs(), 1);
        }
        tear_down();
    }
}

static void a_device_that_gives_up(void **state)
{
    (void)state;
    for (int pci = 0; pci < 2; pci++) {
        void *token;
        size_t written;
        static struct job job;
        set_up(pci, 0, 16, 2);
        assert_int_equal(submit(&job, 2), 0);
        virtio_kick(queue);
        assert_true(virtio_arm(queue, task_self()));
        device->status |= 64; /* needs a reset */
        double_interrupt(device, 0);
        assert_int_equal(task_park(in_milliseconds(4000)), 0);
        assert_int_equal(virtio_collect(queue, &token, &written), 0);
        assert_false(virtio_arm(queue, task_self()));
        assert_int_equal(virtio_collect(queue, &token, &written), -EIO);
        tear_down();
    }
}

/* ---- PCI: configurations that are wrong ---- */

static int open_changed(unsigned at, uint32_t value, unsigned width)
{
    double_begin("");
    device = double_add(TEST_TYPE, true);
    memcpy(device->space + at, &value, width);
    assert_int_equal(virtio_bus_start(), 0);
    int error = virtio_open(&opened, TEST_TYPE, 0);
    tear_down();
    return error;
}

static void configurations_that_are_wrong(void **state)
{
    (void)state;
    static const struct { unsigned at; uint32_t value; unsigned width; int error; } changes[] = {
        {0x34, 0x40, 1, 0},
        {0x02, 0x1042, 2, 0}, {0x02, 0x1041, 2, -ENODEV}, {0x02, 0x1040, 2, -ENODEV}, {0x02, 0x0fff, 2, -ENODEV}, {0x00, 0x8086, 2, -ENODEV},
        {0x02, 0x1001, 2, -ENODEV}, /* transitional: the type is the subsystem's, 0 */
        {0x0e, 1, 1, -ENODEV},      /* a bridge to bus 0 */
        {0x06, 0, 2, -ENOTSUP},     /* no capabilities */
        {0x34, 0, 1, -ENOTSUP}, {0x34, 0x04, 1, -ENOTSUP}, {0x34, 0xff, 1, -ENOTSUP}, {0x41, 0x40, 1, -ENOTSUP}, {0x41, 0, 1, -ENOTSUP},
        {0x61, 0x50, 1, -ENOTSUP},  /* a loop before the notifications */
        {0x40, 0x12, 1, -ENOTSUP},  /* no MSI-X */
        {0x44, 0x3005, 4, -EIO}, {0x44, 0x3007, 4, -EIO}, {0x44, 0x3fff0004, 4, -EIO}, {0x44, 0xfffffffc, 4, -EIO}, {0x44, 0x3fe4, 4, -EIO},
        {0x52, 15, 1, -ENOTSUP}, {0x53, 3, 1, -ENOTSUP}, {0x54, 5, 1, -ENOTSUP}, {0x54, 6, 1, -ENOTSUP}, {0x54, 255, 1, -ENOTSUP},
        {0x58, 0x3fe0, 4, -ENOTSUP}, {0x58, 0xffffffff, 4, -ENOTSUP}, {0x58, 2, 4, -EIO}, {0x5c, 0x37, 4, -EIO}, {0x5c, 0, 4, -ENOTSUP}, {0x5c, 0xffffffff, 4, -ENOTSUP},
        {0x78, 0x4000, 4, -ENOTSUP}, {0x78, 0x1001, 4, -EIO}, {0x7c, 0, 4, -ENOTSUP},
        {0x20, 0, 4, -ENOTSUP}, {0x20, 0xc001, 4, -ENOTSUP}, {0x20, 0x20001004, 4, -ENOTSUP}, {0x20, 0x30000004, 4, -EIO}, {0x24, 1, 4, -EIO},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        int error = open_changed(changes[i].at, changes[i].value, changes[i].width);
        if (error != changes[i].error)
            print_error("offset %#x, value %#x\n", changes[i].at, changes[i].value);
        assert_int_equal(error, changes[i].error);
    }
}

/* Any bytes in the configuration and from registers: an answer, and no access to what was not mapped (the double aborts). */
static void configurations_of_noise(void **state)
{
    (void)state;
    unsigned opens = 0, queues = 0;
    for (unsigned round = 0; round < 20000; round++) {
        uint64_t features;
        double_begin("");
        device = double_add(TEST_TYPE, true);
        device->noise = round + 1;
        for (unsigned n = random_below(4); n > 0; n--)
            device->space[0x34 + random_below(0x80)] = (uint8_t)(random_below(2) ? random_below(256) : 4 * random_below(40));
        assert_int_equal(virtio_bus_start(), 0);
        if (virtio_open(&opened, TEST_TYPE, 0) == 0) {
            opens++;
            if (virtio_negotiate(opened, 0, &features) == 0 && virtio_queue(opened, 0, 16, 1, &queue) == 0)
                queues++;
        }
        tear_down();
    }
    assert_true(opens > 1000 && queues > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(devices_are_found_in_order, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(places_in_tables, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(words_that_are_no_device, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(features_are_agreed_on, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(devices_that_do_not_agree, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(configuration_holds_together, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(queues_have_bounds, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(many_transfers, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(a_table_of_its_own_when_room_is_short, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(wrong_calls_are_refused, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(nobody_is_told_who_did_not_ask, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(the_last_word_is_seen, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(no_wake_is_lost, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(a_device_that_lies_is_reset, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(a_device_that_scribbles, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(a_device_that_gives_up, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(configurations_that_are_wrong, instances_start, instances_stop),
        cmocka_unit_test_setup_teardown(configurations_of_noise, instances_start, instances_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
