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

/* 5.2.4, 5.2.6 */
enum { CONFIG_CAPACITY = 0, CONFIG_SIZE_MAX = 8, CONFIG_SEG_MAX = 12, CONFIG_BLK_SIZE = 20, UNIT = 512, SECTOR_MOST = 65536 };
enum { REQUEST_READ = 0, REQUEST_WRITE = 1, REQUEST_FLUSH = 4 };
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
static bool flushes;
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
    flushes = features & FEATURE_FLUSH;
    return 0;
}

static int set_up(void)
{
    uint64_t features;
    int error = virtio_negotiate(device, FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_RO | FEATURE_BLK_SIZE | FEATURE_FLUSH, &features);
    if (!error)
        error = read_config(features);
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

static int transfers(uint32_t type, uint64_t sector, void *buffer, size_t size)
{
    if (size % disk.sector_size != 0 || sector > disk.sectors || size / disk.sector_size > disk.sectors - sector)
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
    if (!flushes || disk.read_only)
        return device ? 0 : -EIO;
    int error = transfer(REQUEST_FLUSH, 0, NULL, 0);
    return error == -ENOTSUP ? -EIO : error;
}
