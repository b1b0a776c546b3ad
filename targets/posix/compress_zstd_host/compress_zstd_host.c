/*
 * compress_zstd_host.c - compression by the zstd of the host (RFC 8878), one frame per call.
 */
#include "compress_zstd_host.h"

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>
#include "keys.h"

static int64_t result(size_t size, int otherwise)
{
    if (!ZSTD_isError(size))
        return (int64_t)size;
    switch (ZSTD_getErrorCode(size)) {
    case ZSTD_error_dstSize_tooSmall: return -ENOSPC;
    case ZSTD_error_memory_allocation: return -ENOMEM;
    default: return otherwise;
    }
}

int64_t compress_zstd_host_bound(size_t size)
{
    size_t bound = ZSTD_compressBound(size);
    return bound == 0 || ZSTD_isError(bound) || bound > INT64_MAX ? -EFBIG : (int64_t)bound;
}

int64_t compress_zstd_host_pack(void *out, size_t room, struct view in)
{
    return result(ZSTD_compress(out, room, in.bytes, in.size, KEY_LEVEL), -EINVAL);
}

int64_t compress_zstd_host_unpack(void *out, size_t room, struct view in)
{
    return result(ZSTD_decompress(out, room, in.bytes, in.size), -EBADMSG);
}
