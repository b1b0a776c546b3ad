/*
 * disk.h - what agreeing on a disk and using it share; private to this folder.
 */
#ifndef BLKFRONT_DISK_H
#define BLKFRONT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/xen_bus.h>

#include "block.h"

enum { PAGE = 4096, UNIT = 512 /* bytes: what the protocol counts in, whatever the disk's sectors are */, SEGMENTS = 11 /* pages of a request */ };
/* xen/include/public/io/blkif.h */
enum operation { OPERATION_READ, OPERATION_WRITE, OPERATION_BARRIER, OPERATION_FLUSH, OPERATION_DISCARD = 5, OPERATION_INDIRECT };

struct disk {
    struct xen_device device;
    unsigned number; /* of the device; its lower half is the requests' handle */
    bool open;  /* requests can be made */
    /* When it is not open: */
    bool again; /* it is to be agreed on anew, the other end is a new one */
    bool away;  /* there is none; one may come */
    bool look;  /* and perhaps has */
    uint32_t event; /* 0: none */
    struct block_info info;
    unsigned pages_most;  /* of a request */
    enum operation flush; /* OPERATION_READ: there is nothing to flush */
    bool discards;
};
extern struct disk disk;

/* The ring, the pages and a source of interrupts; *grant is the ring's reference.  0 or a negative errno value.  An earlier ring's memory is freed,
 * as far as the other end has let go of it. */
int requests_open(int *grant);
/* Nothing is granted any more, at whatever place it was. */
void requests_forget(void);
/* The same with what there is already, for a new other end; nothing is granted any more. */
int requests_open_again(int *grant);
/* Once it is connected: asks it for what the earlier one has not answered. */
void requests_repeat(void);
/* Waits, for a second at most, until all that was asked is answered; others do not run. */
void requests_settle(void);
/* Once the disk is no longer open: what it has comes back as -EIO. */
void requests_fail(void);

/*
 * `size` bytes from byte `at` of the disk, in requests of what there is room for, several at a time; a discard is one request, and so is a flush, which
 * has a size that means nothing.  A write of NULL is one of zeroes.  Waits: 0, -EIO, -ENOTSUP.
 */
int requests_run(enum operation, uint64_t at, void *buffer, uint64_t size);

/* Whether the disk is open; agrees with a new other end if there is one. */
bool disk_ready(void);
/* The other end broke the rules: the disk is taken out of use, and the log says so once. */
void disk_broken(void);

#endif
