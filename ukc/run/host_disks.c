/*
 * host_disks.c - the disks that --block names, as long as another machine has them.
 *
 * QEMU locks bytes of a disk's file for as long as it runs (its block/file-posix.c): from 100 on those that say what it does with
 * it, from 200 on those that say what others must not do; cloud-hypervisor locks the whole file.  Of a lock that it does not get
 * QEMU says only its own text.  Firecracker locks nothing.
 */
#include "hypervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LOCKS = 100, LOCKS_END = 300, LOCK_WRITES = LOCKS + 1 };

/* Whether somebody holds a lock that the machine would meet: one that only reads lets others read. */
static bool in_use(const struct guest_disk *disk)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKS, .l_len = LOCKS_END - LOCKS};
    if (disk->read_only) {
        lock.l_start = LOCK_WRITES;
        lock.l_len = 1;
    }
    int descriptor = open(disk->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool held = descriptor >= 0 && fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (descriptor >= 0)
        close(descriptor);
    return held;
}

bool host_disks_check(struct project *p, const struct guest *g)
{
    for (size_t k = 0; k < g->disks.count; k++) {
        if (!in_use(&g->disks.items[k]))
            continue;
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--block: another machine has '%s'", g->disks.items[k].file);
        diag_help(p->d, "two that write to one disk would spoil it: end the other one, or give this one a disk of its own");
    }
    return diag_errors(p->d) == 0;
}
