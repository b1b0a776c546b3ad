/*
 * inflate.h - unpack a zlib stream (RFC 1950) that may be damaged.
 *
 * The one reader of git's loose objects: it always ends.  It never makes more
 * than `limit` bytes, and a stream that stops early is an error, not a wait
 * for more input.
 */
#ifndef PROVENANCE_INFLATE_H
#define PROVENANCE_INFLATE_H

#include <stddef.h>
#include "../ukc/base/text.h"

/* NULL when all of `bytes` is one complete stream, unpacked into `out`; else what is wrong with it. */
[[nodiscard]] const char *inflate_all(const void *bytes, size_t size, size_t limit, struct text *out);

#endif
