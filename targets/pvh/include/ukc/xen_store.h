/*
 * xen_store.h - the toolstack's tree of keys, shared by all domains (xen/include/public/io/xs_wire.h; docs/misc/xenstore-ring.txt).
 *
 * A call waits for its answer, some microseconds to milliseconds, in which the image stands still: keys are read at the start,
 * when a device comes or goes, and at the end.  Relative paths are those of the domain.  What others have written is text of at most
 * 4 KiB, and no more is believed of it.
 *
 * Errors are negative errno values: those of the store (-ENOENT, -EACCES, -EAGAIN of a transaction that has to be repeated), -ENODEV when there is no
 * store, -EIO when it does not keep to the protocol or does not answer within five seconds; it is not asked again then.
 */
#ifndef PVH_XEN_STORE_H
#define PVH_XEN_STORE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/deadline.h>
#include <ukc/xen.h>

enum { XEN_STORE_MOST = 4096 };
#define XEN_STORE_PATIENCE (5 * NANOSECONDS_PER_SECOND)

/* No transaction. */
enum { XEN_STORE_ALONE = 0 };

/* The value, ended with a zero byte: its length.  -E2BIG: it has `size` bytes or more, or a zero byte in it. */
int xen_store_read(uint32_t transaction, const char *path, char *value, size_t size);
/* The same as a number of at most 19 digits; `otherwise` if it is not there or is none. */
uint64_t xen_store_number(const char *path, uint64_t otherwise);
/* The names below a path, each ended with a zero byte, and one more zero byte: how many bytes without that.  -E2BIG: `size` or more. */
int xen_store_list(const char *path, char *names, size_t size);
int xen_store_write(uint32_t transaction, const char *path, const char *value);
/* Between the two, others see nothing of what was written.  xen_store_end gives -EAGAIN when somebody else has changed what was read: begin again. */
int xen_store_begin(uint32_t *transaction);
int xen_store_end(uint32_t transaction, bool commit);

/* Both, around what `write` reads and writes, again where somebody else was in between.  0, or the first error; -EIO: after five seconds somebody still was. */
static inline int xen_store_write_together(int (*write)(uint32_t transaction, void *context), void *context)
{
    int error;
    int64_t end = xen_now() + XEN_STORE_PATIENCE;
    do {
        uint32_t transaction;
        error = xen_store_begin(&transaction);
        if (error)
            return error;
        error = write(transaction, context);
        int ended = xen_store_end(transaction, !error);
        error = error ? error : ended;
    } while (error == -EAGAIN && xen_now() < end);
    return error == -EAGAIN ? -EIO : error;
}

/* Tells of changes at and below the path, and once at once.  `token` is handed back. */
int xen_store_watch(const char *path, const char *token);
/* Not any more.  A domain may have some hundred watches. */
int xen_store_unwatch(const char *path, const char *token);
/* Takes the next change that was told: its token, ended with a zero byte; an empty one where what was told is of no use.  False: there is none. */
bool xen_store_changed(char *token, size_t size);
/* The domain goes on after it was saved: the connection is a new one, and nothing is watched. */
void xen_store_again(void);
/* Its event channel, which tells of changes; 0: there is no store. */
uint32_t xen_store_event(void);

#endif
