/*
 * compress.h - make bytes smaller, and get them back.
 *
 * Which format is the implementation's affair; what one made, the same one
 * reads.  Calls return a size, or a negative errno value.
 */
#ifndef COMPRESS_H
#define COMPRESS_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

/* The most bytes that compress_pack can make of so many. -EFBIG: more than it can take. */
int64_t compress_bound(size_t size);

/* Compress into a buffer; the size of what was made. -ENOSPC the buffer is too small; -ENOMEM. */
int64_t compress_pack(void *out, size_t room, struct view in);

/* The reverse. -EBADMSG not what compress_pack makes; -ENOSPC the buffer is too small; -ENOMEM. */
int64_t compress_unpack(void *out, size_t room, struct view in);

#endif
