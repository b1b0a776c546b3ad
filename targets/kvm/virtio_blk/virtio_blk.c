/*
 * virtio_blk.c - sectors of a virtio disk (VIRTIO 1.2, 5.2).
 *
 * A transfer is one request per MiB, or as much as the disk takes at once, straight from and to the caller's buffer.  Each task waits for its own; the
 * first of those that wait has the interrupt, collects for all, and hands it on when it leaves.
 *
 * What the disk has begun cannot be taken back, so a cancelled task waits as well.  It cannot park, so it looks again and
 * again, and nothing else runs meanwhile: as long as one request takes.
 */
#include "virtio_blk.h"

#include "block.h"
#include "keys.h"
#include "log.h"
#include "pages.h"
#include "task.h"
#include "virtio.h"

#include <assert.h>
#include <errno.h>
#include <ukc/deadline.h>

/* 5.2.3 */
#define FEATURE_SIZE_MAX (UINT64_C(1) << 1)
#define FEATURE_SEG_MAX (UINT64_C(1) << 2)
#define FEATURE_RO (UINT64_C(1) << 5)
#define FEATURE_BLK_SIZE (UINT64_C(1) << 6)
#define FEATURE_FLUSH (UINT64_C(1) << 9)
#define FEATURE_DISCARD (UINT64_C(1) << 13)
#define FEATURE_WRITE_ZEROES (UINT64_C(1) << 14)
#define FEATURES_WANTED \
    (FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_RO | FEATURE_BLK_SIZE | FEATURE_FLUSH | FEATURE_DISCARD | FEATURE_WRITE_ZEROES)

/* 5.2.4, 5.2.6 */
enum { CONFIG_CAPACITY = 0, CONFIG_SIZE_MAX = 8, CONFIG_SEG_MAX = 12, CONFIG_BLK_SIZE = 20, UNIT = 512, SECTOR_MOST = 65536 };
enum { CONFIG_DISCARD_SECTORS = 36, CONFIG_DISCARD_ALIGNMENT = 44, CONFIG_ZERO_SECTORS = 48, CONFIG_ZERO_UNMAPS = 56 };
enum { REQUEST_READ = 0, REQUEST_WRITE = 1, REQUEST_FLUSH = 4, REQUEST_DISCARD = 11, REQUEST_ZERO = 13 };
enum { STATUS_OK = 0, STATUS_UNSUPPORTED = 2, STATUS_NONE = 0xff };
enum { TRANSFER_MOST = 1 << 20, SEGMENTS_MOST = 30, EXTRA = 2 /* parts: head and status */ };

/* What the disk sees of a request beside the data. */
struct wire {
    uint32_t type, reserved;
    uint64_t sector; /* of 512 bytes */
    uint8_t status;
};
static_assert(offsetof(struct wire, status) == 16);

struct request {
    struct task *task;
    struct request *next;
    size_t expected; /* bytes that a read writes; some disks count the status, some do not */
    bool done;
    int result;
    unsigned wire;
};

static struct virtio_device *device;
static struct virtio_queue *queue;
static struct block_info disk;
static uint64_t agreed; /* features */
static uint32_t segment_most;
static unsigned segments_most;
static struct wire *wires;
static unsigned free_wires[KEY_REQUESTS], free_count;
static struct request *outstanding; /* the first that waits has the interrupt */
static struct request *waiting;     /* for a wire, or room in the queue */

/* ---- set-up ---- */

static int open_disk(void)
{
    unsigned index = KEY_INDEX < 0 ? 0 : (unsigned)KEY_INDEX;
    struct virtio_device *other;
    int error = virtio_open(&device, VIRTIO_BLOCK, index);
    if (error) {
        device = NULL;
        log_write(LOG_LEVEL_ERROR, "virtio_blk", "disk %u %s", index,
                  error == -ENODEV ? "is not there" : error == -EBUSY ? "is in use" : error == -ENOTSUP ? "has no virtio 1.0" : "does not work");
        return error;
    }
    if (KEY_INDEX >= 0 || (error = virtio_open(&other, VIRTIO_BLOCK, 1)) == -ENODEV)
        return 0;
    if (!error)
        virtio_close(other);
    log_write(LOG_LEVEL_ERROR, "virtio_blk", "there are several disks: the key 'index' has to say which");
    return -ENOTUNIQ;
}

static int field(uint64_t features, uint64_t feature, size_t offset, uint32_t *value)
{
    return features & feature ? virtio_read_config(device, offset, value, sizeof *value) : 0;
}

static int read_config(uint64_t features)
{
    uint64_t capacity;
    uint32_t size = UNIT, size_max = UINT32_MAX, seg_max = 1;
    int error = virtio_read_config(device, CONFIG_CAPACITY, &capacity, sizeof capacity);
    if (!error)
        error = field(features, FEATURE_BLK_SIZE, CONFIG_BLK_SIZE, &size);
    if (!error)
        error = field(features, FEATURE_SIZE_MAX, CONFIG_SIZE_MAX, &size_max);
    if (!error)
        error = field(features, FEATURE_SEG_MAX, CONFIG_SEG_MAX, &seg_max);
    if (error)
        return error;
    if (size < UNIT || size > SECTOR_MOST || (size & (size - 1)) || size_max == 0 || capacity > UINT64_MAX / UNIT) {
        log_write(LOG_LEVEL_ERROR, "virtio_blk", "the disk contradicts itself: sectors of %u bytes, segments of %u", (unsigned)size, (unsigned)size_max);
        return -EIO;
    }
    segment_most = size_max < TRANSFER_MOST ? size_max : TRANSFER_MOST;
    segments_most = seg_max == 0 ? 1 : seg_max > SEGMENTS_MOST ? SEGMENTS_MOST : seg_max;
    if ((uint64_t)segment_most * segments_most < size) {
        log_write(LOG_LEVEL_ERROR, "virtio_blk", "the disk takes less than a sector at once");
        return -EIO;
    }
    disk = (struct block_info){.sectors = capacity / (size / UNIT), .sector_size = size, .read_only = KEY_READ_ONLY || (features & FEATURE_RO)};
    return 0;
}

static int set_up(void)
{
    int error = virtio_negotiate(device, FEATURES_WANTED, &agreed);
    if (!error)
        error = read_config(agreed);
    if (error)
        return error;
    if (segment_most == TRANSFER_MOST)
        segments_most = 1;
    error = virtio_queue(device, 0, (segments_most + EXTRA) * KEY_REQUESTS, segments_most + EXTRA, &queue);
    if (error)
        return error;
    wires = pages_allocate(sizeof *wires * KEY_REQUESTS);
    if (!wires)
        return -ENOMEM;
    for (free_count = 0; free_count < KEY_REQUESTS; free_count++)
        free_wires[free_count] = free_count;
    return virtio_ready(device);
}

int virtio_blk_start(void)
{
    outstanding = waiting = NULL;
    int error = open_disk();
    if (!error && (error = set_up()) != 0)
        log_write(LOG_LEVEL_ERROR, "virtio_blk", "the disk cannot be set up: error %d", -error);
    if (error)
        virtio_blk_stop();
    return error;
}

void virtio_blk_stop(void)
{
    virtio_close(device);
    device = NULL;
    if (wires)
        pages_free(wires, sizeof *wires * KEY_REQUESTS);
    wires = NULL;
}

int virtio_blk_info(struct block_info *info)
{
    *info = disk;
    return 0;
}

/* ---- requests that are done ---- */

static void finish(struct request *request, int result)
{
    struct request **at = &outstanding;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    request->done = true;
    request->result = result;
    free_wires[free_count++] = request->wire;
    task_wake(request->task);
    if (waiting)
        task_wake(waiting->task);
}

/* The disk broke the rules: nothing that it had comes back. */
static void give_up(void)
{
    if (device) {
        log_write(LOG_LEVEL_ERROR, "virtio_blk", "the disk broke virtio's rules, or gave up: it is not used any more");
        virtio_close(device);
    }
    device = NULL;
    while (outstanding)
        finish(outstanding, -EIO);
    for (struct request *r = waiting; r; r = r->next)
        task_wake(r->task);
}

static int result_of(const struct request *request, size_t written)
{
    uint8_t status = *(volatile uint8_t *)&wires[request->wire].status;
    if (status == STATUS_UNSUPPORTED)
        return -ENOTSUP;
    return status == STATUS_OK && written >= request->expected ? 0 : -EIO;
}

static void collect(void)
{
    void *token;
    size_t written;
    int got = 0;
    while (device && (got = virtio_collect(queue, &token, &written)) > 0)
        finish(token, result_of(token, written));
    if (got < 0)
        give_up();
}

/* ---- waiting ---- */

/* The interrupt wakes the first of those whose request is with the disk, unless there is something to collect. */
static bool arm(void)
{
    if (!device)
        return false;
    return virtio_arm(queue, outstanding ? outstanding->task : NULL) || !outstanding;
}

static void await(struct request *request)
{
    for (;;) {
        collect();
        if (request->done)
            break;
        if (!arm())
            continue;
        if (task_park(DEADLINE_NEVER) == -ECANCELED)
            __builtin_ia32_pause();
    }
    while (device && outstanding && !arm()) /* hands the interrupt on */
        collect();
}

/* ---- requests ---- */

static unsigned split(struct virtio_part *parts, void *buffer, size_t size)
{
    unsigned count = 0;
    for (char *at = buffer; size > 0; count++) {
        size_t part = size < segment_most ? size : segment_most;
        parts[count] = (struct virtio_part){at, part};
        at += part;
        size -= part;
    }
    return count;
}

static int submit(struct request *request, uint32_t type, uint64_t sector, void *buffer, size_t size)
{
    struct virtio_part parts[SEGMENTS_MOST + EXTRA];
    if (!device)
        return -EIO;
    if (free_count == 0)
        return -ENOSPC;
    request->wire = free_wires[free_count - 1];
    struct wire *wire = &wires[request->wire];
    *wire = (struct wire){.type = type, .sector = sector * (disk.sector_size / UNIT), .status = STATUS_NONE};
    parts[0] = (struct virtio_part){wire, offsetof(struct wire, status)};
    unsigned count = split(parts + 1, buffer, size), in = type == REQUEST_READ ? count : 0;
    parts[1 + count] = (struct virtio_part){&wire->status, 1};
    request->expected = type == REQUEST_READ ? size : 0;
    int error = virtio_add(queue, parts, 1 + count - in, in + 1, request);
    if (error)
        return error;
    free_count--;
    struct request **at = &outstanding;
    while (*at)
        at = &(*at)->next;
    *at = request;
    virtio_kick(queue);
    return 0;
}

/* In the row of those that wait for others to finish. */
static void wait_for_room(struct request *request)
{
    struct request **at = &waiting;
    while (*at)
        at = &(*at)->next;
    *at = request;
    task_park(DEADLINE_NEVER);
    for (at = &waiting; *at != request; at = &(*at)->next)
        ;
    *at = request->next;
    request->next = NULL;
    collect();
}

static int transfer(uint32_t type, uint64_t sector, void *buffer, size_t size)
{
    struct request request = {.task = task_self()};
    int error;
    while ((error = submit(&request, type, sector, buffer, size)) == -ENOSPC)
        wait_for_room(&request);
    if (error) {
        if (error == -EIO)
            give_up();
        return error;
    }
    await(&request);
    if (waiting)
        task_wake(waiting->task);
    return request.result;
}

static bool outside(uint64_t sector, uint64_t count)
{
    return sector > disk.sectors || count > disk.sectors - sector;
}

static int transfers(uint32_t type, uint64_t sector, void *buffer, size_t size)
{
    if (size % disk.sector_size != 0 || outside(sector, size / disk.sector_size))
        return -EINVAL;
    size_t most = (size_t)segment_most * segments_most;
    most = (most < TRANSFER_MOST ? most : TRANSFER_MOST) & ~((size_t)disk.sector_size - 1);
    int error = 0;
    for (char *at = buffer; !error && size > 0;) {
        size_t part = size < most ? size : most;
        error = transfer(type, sector, at, part);
        sector += part / disk.sector_size;
        at += part;
        size -= part;
    }
    return error == -ENOTSUP ? -EIO : error;
}

int virtio_blk_read(uint64_t sector, void *buffer, size_t size)
{
    return transfers(REQUEST_READ, sector, buffer, size);
}

int virtio_blk_write(uint64_t sector, const void *buffer, size_t size)
{
    return disk.read_only ? -EROFS : transfers(REQUEST_WRITE, sector, (void *)(uintptr_t)buffer, size);
}

/* A disk that does not offer to flush keeps nothing back (5.2.6.2). */
int virtio_blk_flush(void)
{
    if (!(agreed & FEATURE_FLUSH) || disk.read_only)
        return device ? 0 : -EIO;
    int error = transfer(REQUEST_FLUSH, 0, NULL, 0);
    return error == -ENOTSUP ? -EIO : error;
}

/* ---- ranges, whose bytes need not be sent ---- */

/* 5.2.6: what the disk reads of one, in sectors of 512 bytes. */
struct range {
    uint64_t sector;
    uint32_t count, flags;
};
static_assert(sizeof(struct range) == 16);

enum { RANGE_UNMAP = 1 };

/* What the disk says of a kind of range; it is asked each time, so that images without them have nothing of it. */
struct kind {
    uint32_t type, flags;
    uint32_t most, alignment; /* in sectors of 512 bytes */
};

/* The most sectors from `at` on that the disk takes at once, and after which it has whole units of its own, if it can be. */
static uint64_t most_from(const struct kind *kind, uint64_t at)
{
    uint32_t sector = disk.sector_size / UNIT, unit = kind->alignment && kind->alignment % sector == 0 ? kind->alignment : sector;
    uint64_t beyond = (at + kind->most) % unit;
    return beyond < kind->most ? kind->most - beyond : kind->most - kind->most % sector;
}

/* One request after the other; -ENOTSUP: the disk does not do this after all. */
static int send_ranges(const struct kind *kind, uint64_t sector, uint64_t count)
{
    uint64_t at = sector * (disk.sector_size / UNIT), end = at + count * (disk.sector_size / UNIT);
    int error = 0;
    while (!error && at < end) {
        uint64_t most = most_from(kind, at), part = end - at < most ? end - at : most;
        if (part == 0)
            return -ENOTSUP;
        struct range range = {at, (uint32_t)part, kind->flags};
        error = transfer(kind->type, 0, &range, sizeof range);
        at += part;
    }
    return error;
}

static int check(uint64_t sector, uint64_t count)
{
    if (disk.read_only)
        return -EROFS;
    return outside(sector, count) ? -EINVAL : device ? 0 : -EIO;
}

int virtio_blk_discard(uint64_t sector, uint64_t count)
{
    struct kind kind = {.type = REQUEST_DISCARD};
    int error = check(sector, count);
    if (error || !(agreed & FEATURE_DISCARD))
        return error;
    error = virtio_read_config(device, CONFIG_DISCARD_SECTORS, &kind.most, sizeof kind.most);
    if (!error)
        error = virtio_read_config(device, CONFIG_DISCARD_ALIGNMENT, &kind.alignment, sizeof kind.alignment);
    if (!error)
        error = send_ranges(&kind, sector, count);
    return error == -ENOTSUP ? 0 : error ? -EIO : 0;
}

static int write_zeroes(uint64_t sector, uint64_t count)
{
    static char zeroes[SECTOR_MOST];
    uint64_t most = sizeof zeroes / disk.sector_size;
    int error = 0;
    for (uint64_t part; !error && count > 0; sector += part, count -= part) {
        part = count < most ? count : most;
        error = transfers(REQUEST_WRITE, sector, zeroes, (size_t)part * disk.sector_size);
    }
    return error;
}

int virtio_blk_zero(uint64_t sector, uint64_t count)
{
    struct kind kind = {.type = REQUEST_ZERO};
    uint8_t unmaps = 0;
    int error = check(sector, count);
    if (error)
        return error;
    if (!(agreed & FEATURE_WRITE_ZEROES))
        return write_zeroes(sector, count);
    error = virtio_read_config(device, CONFIG_ZERO_SECTORS, &kind.most, sizeof kind.most);
    if (!error)
        error = virtio_read_config(device, CONFIG_ZERO_UNMAPS, &unmaps, sizeof unmaps);
    kind.flags = unmaps ? RANGE_UNMAP : 0;
    if (!error)
        error = send_ranges(&kind, sector, count);
    return error == -ENOTSUP ? write_zeroes(sector, count) : error ? -EIO : 0;
}
