/*
 * blkfront.c - finding the disk, and agreeing with its other end (xen/include/public/io/blkif.h).
 *
 * The other end has to offer nothing: what it does not say is not used.
 */
#include "blkfront.h"

#include "disk.h"
#include "keys.h"
#include "log.h"

#include <errno.h>
#include <ukc/xen.h>
#include <ukc/xen_store.h>

enum { DISKS = 32, INDIRECT_MOST = PAGE / 8 /* segments in a page */, VDISK_READ_ONLY = 4 /* of "info" */ };
/* Two requests of a large transfer are on their way at a time. */
enum { PAGES_MOST = KEY_BUFFERS / 2 < INDIRECT_MOST ? KEY_BUFFERS / 2 : INDIRECT_MOST };

struct disk disk;

/* ---- which disk ---- */

/* docs/man/xen-vbd-interface.7: what a number means. */
static unsigned index_of(unsigned number)
{
    if (number >> 28)
        return number >> 8 & 0xfffff; /* xvd and more */
    switch (number >> 8) {
    case 3: return number >> 6 & 3;   /* hda, hdb */
    case 22: return 2 + (number >> 6 & 3);
    default: return number >> 4 & 15; /* xvd, sd */
    }
}

/* How many disks there are that the keys mean, or an error; the last one is `disk`.  `fresh`: of those that nobody has agreed on. */
static int look_for(bool fresh)
{
    unsigned numbers[DISKS];
    int found = 0, count = xen_device_list("vbd", numbers, DISKS);
    for (int i = 0; i < count; i++) {
        struct xen_device device;
        if ((KEY_INDEX >= 0 && index_of(numbers[i]) != (unsigned)KEY_INDEX) || xen_device_open(&device, "vbd", numbers[i]) != 0)
            continue;
        if (fresh && xen_device_number(&device, false, "state", XEN_STATE_UNKNOWN) != XEN_STATE_BEGINNING)
            continue;
        disk.device = device;
        disk.number = numbers[i];
        found++;
    }
    return count < 0 ? count : found;
}

/* The disk that the keys mean: 0, or a negative errno value after saying why not. */
static int find(void)
{
    int found = look_for(false);
    if (found == 1)
        return 0;
    if (found > 1)
        log_write(LOG_LEVEL_ERROR, "blkfront", "there are several disks: the key 'index' has to say which");
    else if (KEY_INDEX >= 0)
        log_write(LOG_LEVEL_ERROR, "blkfront", "there is no disk %d (xvd%c)", (int)KEY_INDEX, 'a' + (int)KEY_INDEX % 26);
    else
        log_write(LOG_LEVEL_ERROR, "blkfront", "the domain has no disk: its file for xl needs a line disk = [...]");
    return found > 1 ? -ENOTUNIQ : found < 0 ? found : -ENODEV;
}

/* ---- agreeing ---- */

static int write_offer(uint32_t transaction, void *grant)
{
    int error = xen_device_write_number(&disk.device, transaction, "ring-ref", (uint64_t)*(int *)grant);
    if (!error)
        error = xen_device_write_number(&disk.device, transaction, "event-channel", disk.event);
    if (!error)
        error = xen_device_write(&disk.device, transaction, "protocol", "x86_64-abi");
    if (!error)
        error = xen_device_write(&disk.device, transaction, "feature-persistent", "1");
    return error;
}

static uint64_t said(const char *key, uint64_t otherwise)
{
    return xen_device_number(&disk.device, true, key, otherwise);
}

/* What the disk is, once the other end has said so. */
static int read_disk(void)
{
    char mode[4];
    uint64_t units = said("sectors", UINT64_MAX), size = said("sector-size", UNIT), segments = said("feature-max-indirect-segments", 0);
    if (units > UINT64_MAX / UNIT || size < UNIT || size > PAGE || (size & (size - 1))) {
        log_write(LOG_LEVEL_ERROR, "blkfront", "the disk cannot be: %llu units of 512 bytes, sectors of %llu", (unsigned long long)units,
                  (unsigned long long)size);
        return -EIO;
    }
    bool read_only = (said("info", 0) & VDISK_READ_ONLY) || (xen_device_read(&disk.device, true, "mode", mode, sizeof mode) == 1 && mode[0] == 'r');
    disk.info = (struct block_info){.sectors = units / (size / UNIT), .sector_size = (uint32_t)size, .read_only = KEY_READ_ONLY || read_only};
    segments = segments < PAGES_MOST ? segments : PAGES_MOST;
    disk.pages_most = segments > SEGMENTS ? (unsigned)segments : SEGMENTS;
    disk.flush = said("feature-flush-cache", 0) == 1 ? OPERATION_FLUSH : said("feature-barrier", 0) == 1 ? OPERATION_BARRIER : OPERATION_READ;
    disk.discards = said("feature-discard", 0) == 1;
    return 0;
}

static int set_up(int (*open_requests)(int *grant))
{
    if (disk.event)
        xen_event_close(disk.event);
    disk.event = 0;
    int grant, event = xen_event_open(disk.device.domain);
    if (event < 0)
        return event;
    disk.event = (uint32_t)event;
    int error = open_requests(&grant);
    if (!error)
        error = xen_store_write_together(write_offer, &grant);
    if (!error)
        error = xen_device_state(&disk.device, XEN_STATE_READY);
    return error;
}

static int connect(int (*open_requests)(int *grant))
{
    if (xen_device_await(&disk.device, XEN_STATE_WAITING, XEN_STATE_READY) == XEN_STATE_UNKNOWN) {
        log_write(LOG_LEVEL_ERROR, "blkfront", "the disk's other end, in domain %u, is not ready", disk.device.domain);
        return -ETIMEDOUT;
    }
    int error = set_up(open_requests);
    if (!error && xen_device_await(&disk.device, XEN_STATE_CONNECTED, XEN_STATE_CLOSING) != XEN_STATE_CONNECTED)
        error = -ETIMEDOUT;
    if (!error)
        error = read_disk();
    if (!error)
        error = xen_device_state(&disk.device, XEN_STATE_CONNECTED);
    disk.open = !error;
    if (!error)
        xen_device_watch(&disk.device);
    return error;
}

/* Takes it out of use: until there is another one, or for ever. */
static void close_disk(enum xen_state state, bool away)
{
    bool was = disk.open;
    disk.open = disk.again = false;
    disk.away = away;
    if (was)
        xen_device_state(&disk.device, state);
    requests_fail();
}

/* ---- a new other end ---- */

static void told(enum xen_news news)
{
    disk.look = true;
    if (news == XEN_NEWS_RESUMED) {
        disk.again = disk.again || disk.open;
        disk.open = false;
        disk.event = 0;
        requests_forget();
    } else if (disk.open && xen_device_goes(&disk.device)) {
        requests_settle();
        xen_device_unwatch(&disk.device);
        close_disk(XEN_STATE_CLOSED, true);
    }
}

/* What was told of the disk holds: it may have become larger. */
static int connect_again(void)
{
    struct block_info before = disk.info;
    int error = xen_device_open(&disk.device, "vbd", disk.number);
    if (!error)
        error = connect(disk.away ? requests_open : requests_open_again);
    if (!error && (disk.info.sector_size != before.sector_size || disk.info.sectors < before.sectors || disk.info.read_only > before.read_only)) {
        log_write(LOG_LEVEL_ERROR, "blkfront", "the disk is another one: smaller, with other sectors, or read only");
        error = -EIO;
    }
    if (!error)
        disk.info = before;
    return error;
}

bool disk_ready(void)
{
    if (disk.away && disk.look) {
        disk.look = false;
        disk.again = look_for(true) == 1 && xen_device_is_ready(&disk.device); /* until it is, nothing stands still */
    }
    if (!disk.again)
        return disk.open;
    disk.again = false;
    int error = connect_again();
    if (!error) {
        disk.away = false;
        requests_repeat();
        return true;
    }
    log_write(LOG_LEVEL_ERROR, "blkfront", "the disk cannot be set up again: error %d", -error);
    disk.open = true; /* as far as the other end knows */
    close_disk(XEN_STATE_CLOSED, true);
    return false;
}

int blkfront_start(void)
{
    disk = (struct disk){};
    int error = find();
    if (error)
        return error;
    error = connect(requests_open);
    if (!error && !xen_device_drive(told))
        error = -ENOSPC;
    if (error) {
        log_write(LOG_LEVEL_ERROR, "blkfront", "the disk cannot be set up: error %d", -error);
        xen_device_state(&disk.device, XEN_STATE_CLOSING);
        return error;
    }
    log_write(LOG_LEVEL_INFO, "blkfront", "%llu sectors of %u bytes%s", (unsigned long long)disk.info.sectors, (unsigned)disk.info.sector_size,
              disk.info.read_only ? ", read only" : "");
    return 0;
}

/* Pages that are granted stay: the other end may still have them, and the domain ends. */
void blkfront_stop(void)
{
    close_disk(XEN_STATE_CLOSING, false);
}

void disk_broken(void)
{
    if (disk.open)
        log_write(LOG_LEVEL_ERROR, "blkfront", "the disk's other end broke the rules: it is not used any more");
    close_disk(XEN_STATE_CLOSING, false);
}

int blkfront_info(struct block_info *info)
{
    *info = disk.info;
    return 0;
}
