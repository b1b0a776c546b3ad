/* runtime_virtio_disk.c - sectors of a disk of the tests, and noise; what both may do wrong. */
#include "instances.h"

#include "block.h"
#include "log.h"
#include "virtio.h"
#include "virtio_blk.h"
#include "virtio_bus.h"
#include "virtio_double.h"
#include "virtio_rng.h"

#include <pthread.h>
#include <time.h>

enum { SIZE_MAX_OFFERED = 2, SEG_MAX = 4, RO = 32, BLK_SIZE = 64, FLUSH = 512, DISCARD = 1 << 13, WRITE_ZEROES = 1 << 14 };
enum { SECTORS = 4096, HELD = 64 };

int test_disk_index;

static struct double_device *device;
static uint8_t disk[SECTORS * 512];
static struct double_chain held[HELD]; /* what the disk has taken and not answered */
static unsigned held_count, flush_count, request_count, longest, complaints;
static bool lazy;
static int lie_status, lie_length; /* -1: none */
static int lie_status_of;          /* requests of this type only; -1: all */
static struct { uint32_t type, flags, count; uint64_t sector; } ranges[64];
static unsigned range_count;

void log_write(enum log_level level, const char *component, const char *format, ...)
{
    assert_string_equal(component, "virtio_blk");
    assert_non_null(format);
    complaints += level <= LOG_LEVEL_WARNING;
}

/* ---- the disk ---- */

static uint32_t move_data(struct double_chain *chain, uint64_t at, bool in)
{
    uint32_t moved = 0;
    unsigned first = in ? chain->out : 1, last = in ? chain->out + chain->in - 1 : chain->out;
    for (unsigned i = first; i < last; i++) {
        struct double_part *part = &chain->parts[i];
        if (part->size > longest)
            longest = (unsigned)part->size;
        if (in)
            memcpy(part->bytes, disk + at + moved, part->size);
        else
            memcpy(disk + at + moved, part->bytes, part->size);
        moved += (uint32_t)part->size;
    }
    return moved;
}

static uint32_t take_range(const struct double_chain *chain, uint32_t type, uint64_t at)
{
    const uint8_t *range = chain->parts[1].bytes;
    assert_true(chain->out == 2 && chain->in == 1 && chain->parts[1].size == 16 && at == 0 && range_count < 64);
    ranges[range_count].type = type;
    memcpy(&ranges[range_count].sector, range, 8);
    memcpy(&ranges[range_count].count, range + 8, 4);
    memcpy(&ranges[range_count].flags, range + 12, 4);
    assert_true(ranges[range_count].sector + ranges[range_count].count <= SECTORS);
    if (lie_status < 0)
        memset(disk + ranges[range_count].sector * 512, type == 13 ? 0 : 0xdb, ranges[range_count].count * 512);
    range_count++;
    return 0;
}

static void answer(struct double_chain *chain)
{
    uint32_t type;
    uint64_t sector;
    assert_true(chain->out >= 1 && chain->in >= 1 && chain->parts[0].size == 16);
    memcpy(&type, chain->parts[0].bytes, 4);
    memcpy(&sector, chain->parts[0].bytes + 8, 8);
    struct double_part *status = &chain->parts[chain->out + chain->in - 1];
    assert_true(status->size == 1 && *status->bytes == 0xff);
    assert_true(type == 0 || type == 1 || type == 4 || type == 11 || type == 13);
    uint32_t moved = type == 4 ? 0 : type > 4 ? take_range(chain, type, sector) : move_data(chain, sector * 512, type == 0);
    flush_count += type == 4;
    request_count++;
    *status->bytes = lie_status >= 0 && (lie_status_of < 0 || lie_status_of == (int)type) ? (uint8_t)lie_status : 0;
    double_push(device, 0, chain->head, lie_length >= 0 ? (uint32_t)lie_length : type == 0 ? moved + 1 : 1);
}

static void take_all(void)
{
    do
        while (held_count < HELD && double_pop(device, 0, &held[held_count]))
            held_count++;
    while (held_count < HELD && !double_want(device, 0));
}

/* The last first: nothing promises an order. */
static void answer_all(void)
{
    take_all();
    while (held_count > 0)
        answer(&held[--held_count]);
    double_tell(device, 0);
}

static void notified(struct double_device *of, unsigned queue)
{
    (void)of, (void)queue;
    if (!lazy)
        answer_all();
}

static void put32(unsigned at, uint32_t value)
{
    memcpy(device->config + at, &value, 4);
}

static void set_up(uint64_t features)
{
    static bool pci;
    double_begin("");
    device = double_add(VIRTIO_BLOCK, pci = !pci);
    device->offered |= features;
    device->notified = notified;
    put32(0, SECTORS);
    put32(8, 4096);
    put32(12, 8);
    put32(20, 4096);
    put32(36, 1000); /* at most to be discarded, and by which units */
    put32(44, 16);
    put32(48, 500); /* at most to be zeroed */
    device->config[56] = 1;
    held_count = flush_count = request_count = longest = complaints = range_count = 0;
    lazy = false;
    lie_status = lie_length = lie_status_of = -1;
    test_disk_index = -1;
    assert_int_equal(virtio_bus_start(), 0);
}

static void tear_down(void)
{
    virtio_blk_stop();
    virtio_bus_stop();
    double_end();
}

/* ---- honest ---- */

static void what_the_disk_is(void **state)
{
    (void)state;
    static const struct { uint64_t offered; uint64_t sectors; uint32_t size; bool read_only; } cases[] = {
        {0, SECTORS, 512, false}, {RO, SECTORS, 512, true}, {BLK_SIZE, SECTORS / 8, 4096, false}, {BLK_SIZE | RO | FLUSH, SECTORS / 8, 4096, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct block_info info;
        char sector[4096] = {0};
        set_up(cases[i].offered);
        assert_int_equal(virtio_blk_start(), 0);
        assert_int_equal(virtio_blk_info(&info), 0);
        assert_true(info.sectors == cases[i].sectors && info.sector_size == cases[i].size && info.read_only == cases[i].read_only);
        assert_int_equal(virtio_blk_write(0, sector, info.sector_size), cases[i].read_only ? -EROFS : 0);
        assert_int_equal(virtio_blk_read(info.sectors, sector, 0), 0);
        assert_int_equal(virtio_blk_read(info.sectors, sector, info.sector_size), -EINVAL);
        assert_int_equal(virtio_blk_read(info.sectors + 1, sector, 0), -EINVAL);
        assert_int_equal(virtio_blk_read(UINT64_MAX, sector, info.sector_size), -EINVAL);
        assert_int_equal(virtio_blk_read(0, sector, info.sector_size - 1), -EINVAL);
        assert_int_equal(virtio_blk_read(1, sector, (size_t)info.sectors * info.sector_size), -EINVAL);
        assert_int_equal(request_count, !cases[i].read_only);
        assert_int_equal(virtio_blk_flush(), 0);
        assert_int_equal(flush_count, 0); /* read-only, or nothing to flush */
        tear_down();
    }
}

static void sectors_come_and_go(void **state)
{
    (void)state;
    static char data[SECTORS * 512], back[SECTORS * 512];
    static const uint64_t offered[] = {0, SEG_MAX, SIZE_MAX_OFFERED, SIZE_MAX_OFFERED | SEG_MAX, BLK_SIZE | SIZE_MAX_OFFERED | FLUSH};
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    for (unsigned round = 0; round < 5; round++) {
        set_up(offered[round]);
        assert_int_equal(virtio_blk_start(), 0);
        unsigned size = offered[round] & BLK_SIZE ? 4096 : 512;
        memset(disk, 0, sizeof disk);
        assert_int_equal(virtio_blk_write(3, data, sizeof data - 8 * size), 0);
        assert_memory_equal(disk + 3 * size, data, sizeof data - 8 * size);
        assert_int_equal(disk[3 * size - 1] | disk[sizeof disk - 5 * size], 0);
        assert_int_equal(longest, offered[round] & SIZE_MAX_OFFERED ? 4096 : 1 << 20);
        memset(back, 0, sizeof back);
        assert_int_equal(virtio_blk_read(3, back + 1, sizeof data - 8 * size), 0); /* at any address */
        assert_memory_equal(back + 1, data, sizeof data - 8 * size);
        unsigned per_request = offered[round] & SIZE_MAX_OFFERED ? offered[round] & SEG_MAX ? 8 * 4096 : 4096 : 1 << 20;
        assert_int_equal(request_count, 2 * ((sizeof data - 8 * size + per_request - 1) / per_request));
        assert_int_equal(virtio_blk_flush(), 0);
        assert_int_equal(flush_count, offered[round] & FLUSH ? 1 : 0);
        tear_down();
    }
}

/* ---- ranges ---- */

static bool holds(unsigned sector, unsigned count, uint8_t byte)
{
    for (unsigned i = 0; i < count * 512; i++)
        if (disk[sector * 512 + i] != byte)
            return false;
    return true;
}

static bool range_is(unsigned number, uint32_t type, uint64_t sector, uint32_t count, uint32_t flags)
{
    return ranges[number].type == type && ranges[number].sector == sector && ranges[number].count == count && ranges[number].flags == flags;
}

static void zeroes_need_not_be_sent(void **state)
{
    (void)state;
    for (int unmaps = 0; unmaps < 2; unmaps++) {
        set_up(WRITE_ZEROES | DISCARD);
        device->config[56] = (uint8_t)unmaps;
        assert_int_equal(virtio_blk_start(), 0);
        memset(disk, 7, sizeof disk);
        assert_int_equal(virtio_blk_zero(3, 1200), 0);
        assert_true(holds(0, 3, 7) && holds(3, 1200, 0) && holds(1203, SECTORS - 1203, 7));
        assert_true(range_count == 3 && range_is(0, 13, 3, 500, (uint32_t)unmaps) && range_is(1, 13, 503, 500, (uint32_t)unmaps) &&
                    range_is(2, 13, 1003, 200, (uint32_t)unmaps));
        assert_int_equal(virtio_blk_zero(SECTORS - 1, 1), 0);
        assert_int_equal(virtio_blk_zero(SECTORS, 0), 0);
        assert_int_equal(virtio_blk_discard(SECTORS, 0), 0);
        assert_int_equal(request_count, 4);
        tear_down();
    }
}

/* As long as the disk's limit, and each piece ends where the disk has an end. */
static void what_is_not_needed_is_given_back(void **state)
{
    (void)state;
    set_up(WRITE_ZEROES | DISCARD);
    assert_int_equal(virtio_blk_start(), 0);
    memset(disk, 7, sizeof disk);
    assert_int_equal(virtio_blk_discard(5, 2000), 0);
    assert_true(range_count == 3 && range_is(0, 11, 5, 987, 0) && range_is(1, 11, 992, 992, 0) && range_is(2, 11, 1984, 21, 0));
    assert_true(holds(0, 5, 7) && holds(5, 2000, 0xdb) && holds(2005, SECTORS - 2005, 7));
    tear_down();
    set_up(BLK_SIZE | DISCARD); /* sectors of 4096 bytes, and units that are none of theirs */
    put32(44, 9);
    assert_int_equal(virtio_blk_start(), 0);
    assert_int_equal(virtio_blk_discard(1, 250), 0);
    assert_true(range_count == 2 && range_is(0, 11, 8, 1000, 0) && range_is(1, 11, 1008, 1000, 0));
    tear_down();
    set_up(DISCARD); /* units that are longer than what is taken at once, and none */
    assert_int_equal(virtio_blk_start(), 0);
    put32(44, 1001);
    assert_int_equal(virtio_blk_discard(2, 1001), 0);
    assert_true(range_count == 2 && range_is(0, 11, 2, 999, 0) && range_is(1, 11, 1001, 2, 0));
    put32(44, 0);
    assert_int_equal(virtio_blk_discard(0, 1001), 0);
    assert_true(range_count == 4 && range_is(2, 11, 0, 1000, 0) && range_is(3, 11, 1000, 1, 0));
    tear_down();
}

/* What the disk cannot do it is not asked for; zeroes are written. */
static void disks_without_ranges(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        set_up(round == 0 ? BLK_SIZE : BLK_SIZE | WRITE_ZEROES | DISCARD);
        switch (round) {
        case 1: put32(36, 0), put32(48, 0); break;
        case 2: put32(36, 7), put32(48, 7); break; /* less than a sector */
        case 3: lie_status = 2, lie_status_of = 11; put32(48, 0); break;
        case 4: lie_status = 2, lie_status_of = 13; put32(36, 0); break;
        }
        assert_int_equal(virtio_blk_start(), 0);
        memset(disk, 7, sizeof disk);
        assert_int_equal(virtio_blk_zero(1, 300), 0);
        assert_true(holds(0, 8, 7) && holds(8, 300 * 8, 0) && holds(301 * 8, SECTORS - 301 * 8, 7));
        assert_int_equal(virtio_blk_discard(400, 2), 0);
        assert_true(holds(400 * 8, 2 * 8, 7));
        assert_int_equal(range_count, round >= 3);
        assert_int_equal(request_count - range_count, (300 + 15) / 16);
        tear_down();
    }
}

static void ranges_that_cannot_be(void **state)
{
    (void)state;
    set_up(WRITE_ZEROES | DISCARD);
    assert_int_equal(virtio_blk_start(), 0);
    static const struct { uint64_t sector, count; } outside[] = {
        {SECTORS, 1}, {SECTORS + 1, 0}, {1, SECTORS}, {UINT64_MAX, 2}, {2, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {UINT64_MAX / 512 + 1, 1},
    };
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_int_equal(virtio_blk_zero(outside[i].sector, outside[i].count), -EINVAL);
        assert_int_equal(virtio_blk_discard(outside[i].sector, outside[i].count), -EINVAL);
    }
    assert_int_equal(request_count, 0);
    for (int status = 1; status < 256; status += status == 1 ? 2 : 252) { /* 2 is "not supported" */
        lie_status = status;
        assert_int_equal(virtio_blk_zero(0, 1), -EIO);
        assert_int_equal(virtio_blk_discard(0, 1), -EIO);
    }
    device->restless = 1000; /* a configuration that never holds still */
    lie_status = -1;
    assert_int_equal(virtio_blk_zero(0, 1), -EIO);
    assert_int_equal(virtio_blk_discard(0, 1), -EIO);
    device->restless = 0;
    tear_down();
    set_up(WRITE_ZEROES | DISCARD | RO);
    assert_int_equal(virtio_blk_start(), 0);
    assert_int_equal(virtio_blk_zero(0, 1), -EROFS);
    assert_int_equal(virtio_blk_discard(0, 1), -EROFS);
    tear_down();
}

static unsigned workers_done, workers_wrong;

static void worker(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument;
    char data[1024], back[1024];
    for (unsigned i = 0; i < 20; i++) {
        memset(data, (int)(number * 20 + i), sizeof data);
        workers_wrong += virtio_blk_write(number * 2, data, sizeof data) != 0;
        workers_wrong += virtio_blk_read(number * 2, back, sizeof back) != 0;
        workers_wrong += memcmp(data, back, sizeof back) != 0;
    }
    workers_done++;
}

static void many_tasks_wait_each_for_its_own(void **state)
{
    (void)state;
    enum { WORKERS = 12 };
    for (unsigned round = 0; round < 2; round++) {
        struct task *tasks[WORKERS];
        set_up(0);
        device->offered &= round & 1 ? ~DOUBLE_EVENT_INDEX : UINT64_MAX;
        assert_int_equal(virtio_blk_start(), 0);
        lazy = true;
        workers_done = workers_wrong = 0;
        for (uintptr_t i = 0; i < WORKERS; i++)
            assert_int_equal(task_spawn(&tasks[i], 0, worker, (void *)i), 0);
        unsigned most = 0;
        for (unsigned n = 0; workers_done < WORKERS && n < 2000; n++) {
            task_sleep(in_milliseconds(1));
            take_all();
            most = held_count > most ? held_count : most;
            if (held_count > 1 && n % 3) { /* some */
                answer(&held[0]);
                held[0] = held[--held_count];
                double_tell(device, 0);
            } else
                answer_all();
        }
        assert_int_equal(workers_done, WORKERS);
        assert_int_equal(workers_wrong, 0);
        assert_int_equal(most, 4); /* as the key says */
        for (unsigned i = 0; i < WORKERS; i++)
            assert_int_equal(task_join(tasks[i], DEADLINE_NEVER), 0);
        tear_down();
    }
}

static int results[8];

static void reader(void *argument)
{
    char sector[512];
    int *result = argument;
    *result = virtio_blk_read(0, sector, sizeof sector);
}

static void *answer_later(void *unused)
{
    (void)unused;
    struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL);
    answer_all();
    return NULL;
}

/* What the disk has begun is waited for, or it would write to a stack that is gone. */
static void a_cancelled_task_waits_as_well(void **state)
{
    (void)state;
    struct task *tasks[2];
    pthread_t thread;
    set_up(0);
    assert_int_equal(virtio_blk_start(), 0);
    lazy = true;
    for (int i = 0; i < 2; i++) {
        results[i] = 1;
        assert_int_equal(task_spawn(&tasks[i], 0, reader, &results[i]), 0);
    }
    task_yield();
    task_cancel(tasks[0]);
    assert_int_equal(pthread_create(&thread, NULL, answer_later, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(task_join(tasks[i], in_milliseconds(4000)), 0);
        assert_int_equal(results[i], 0);
    }
    pthread_join(thread, NULL);
    tear_down();
}

/* ---- not honest ---- */

static void disks_that_contradict_themselves(void **state)
{
    (void)state;
    for (int round = 0; round < 9; round++) {
        set_up(BLK_SIZE | SIZE_MAX_OFFERED | SEG_MAX);
        switch (round) {
        case 0: put32(20, 0); break;
        case 1: put32(20, 256); break;
        case 2: put32(20, 513); break;
        case 3: put32(20, UINT32_MAX); break;
        case 4: put32(8, 0); break;
        case 5: put32(4, UINT32_MAX); break;
        case 6: put32(8, 100); break; /* 8 times 100 bytes are no sector */
        case 7: device->queues[0].most = 0; break;
        case 8: device->queues[0].most = 4; break; /* smaller than a request */
        }
        assert_true(virtio_blk_start() < 0);
        assert_int_equal(complaints > 0, 1);
        assert_int_equal(device->status, 0);
        tear_down();
    }
    set_up(0);
    test_disk_index = 1;
    assert_int_equal(virtio_blk_start(), -ENODEV);
    double_add(VIRTIO_BLOCK, false);
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_blk_start(), 0);
    virtio_blk_stop();
    test_disk_index = -1;
    assert_int_equal(virtio_blk_start(), -ENOTUNIQ);
    tear_down();
}

static void requests_that_fail(void **state)
{
    (void)state;
    static const struct { int status, length, read, write; } cases[] = {
        {0, -1, 0, 0}, {1, -1, -EIO, -EIO}, {2, -1, -EIO, -EIO}, {3, -1, -EIO, -EIO}, {0xff, -1, -EIO, -EIO},
        {0, 511, -EIO, -2}, {0, 0, -EIO, 0}, {0, 512, 0, -2}, {0, 514, -EIO, -2}, {0, INT32_MAX, -EIO, -2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sector[512] = {0};
        set_up(FLUSH);
        assert_int_equal(virtio_blk_start(), 0);
        lie_status = cases[i].status;
        lie_length = cases[i].length;
        if (cases[i].write != -2)
            assert_int_equal(virtio_blk_write(0, sector, 512), cases[i].write);
        if (cases[i].length < 0)
            assert_int_equal(virtio_blk_flush(), cases[i].write);
        assert_int_equal(virtio_blk_read(0, sector, 512), cases[i].read);
        tear_down();
    }
}

static void all_come_back_when_the_disk_lies(void **state)
{
    (void)state;
    struct task *tasks[8];
    set_up(0);
    assert_int_equal(virtio_blk_start(), 0);
    lazy = true;
    for (int i = 0; i < 8; i++) {
        results[i] = 1;
        assert_int_equal(task_spawn(&tasks[i], 0, reader, &results[i]), 0);
    }
    task_yield();
    take_all();
    assert_int_equal(held_count, 4);
    *double_used_index(device, 0) = 200;
    double_interrupt(device, 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(task_join(tasks[i], in_milliseconds(4000)), 0);
        assert_int_equal(results[i], -EIO);
    }
    char sector[512];
    assert_int_equal(virtio_blk_read(0, sector, 512), -EIO);
    assert_int_equal(virtio_blk_write(0, sector, 512), -EIO);
    assert_int_equal(virtio_blk_flush(), -EIO);
    assert_int_equal(virtio_blk_zero(0, 1), -EIO);
    assert_int_equal(virtio_blk_discard(0, 1), -EIO);
    assert_int_equal(complaints, 1);
    tear_down();
}

/* ---- noise ---- */

static uint32_t noise_size;

static void make_noise(struct double_device *of, unsigned queue)
{
    struct double_chain chain;
    (void)queue;
    while (!lazy && double_pop(of, 0, &chain)) {
        assert_true(chain.out == 0 && chain.in == 1);
        for (size_t i = 0; i < noise_size && i < chain.parts[0].size; i++)
            chain.parts[0].bytes[i] = (uint8_t)(i + 1);
        double_push(of, 0, chain.head, noise_size);
        double_tell(of, 0);
    }
    double_want(of, 0);
}

static void noise_is_handed_out_once(void **state)
{
    (void)state;
    uint8_t bytes[100];
    double_begin("");
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_rng_start(), -ENODEV);
    device = double_add(VIRTIO_ENTROPY, true);
    device->notified = make_noise;
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_rng_start(), 0);
    lazy = false;
    noise_size = 20;
    assert_int_equal(virtio_rng_gather(bytes, 0, DEADLINE_NEVER), -EINVAL);
    assert_int_equal(virtio_rng_gather(bytes, 100, in_milliseconds(1000)), 20);
    assert_true(bytes[0] == 1 && bytes[19] == 20);
    assert_int_equal(virtio_rng_gather(bytes, 4, in_milliseconds(1000)), 4);
    lazy = true;
    assert_int_equal(virtio_rng_gather(bytes, 4, DEADLINE_NOW), -ETIMEDOUT);
    assert_int_equal(virtio_rng_gather(bytes, 4, in_milliseconds(2)), -ETIMEDOUT);
    lazy = false;
    noise_size = 64;
    make_noise(device, 0);
    assert_int_equal(virtio_rng_gather(bytes, 100, in_milliseconds(1000)), 64);
    virtio_rng_stop();
    for (uint32_t wrong = 0; wrong <= 65; wrong += 65) { /* nothing, and more than there is room for */
        assert_int_equal(virtio_rng_start(), 0);
        noise_size = wrong;
        assert_int_equal(virtio_rng_gather(bytes, 100, in_milliseconds(1000)), -EIO);
        noise_size = 64;
        assert_int_equal(virtio_rng_gather(bytes, 100, in_milliseconds(1000)), -EIO); /* for good */
        virtio_rng_stop();
    }
    virtio_bus_stop();
    double_end();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, instances_start, instances_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_disk_is), TEST(sectors_come_and_go), TEST(zeroes_need_not_be_sent), TEST(what_is_not_needed_is_given_back),
        TEST(disks_without_ranges), TEST(ranges_that_cannot_be), TEST(many_tasks_wait_each_for_its_own), TEST(a_cancelled_task_waits_as_well),
        TEST(disks_that_contradict_themselves), TEST(requests_that_fail), TEST(all_come_back_when_the_disk_lies),
        TEST(noise_is_handed_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
