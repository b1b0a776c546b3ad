/*
 * inflate.c - the only place where zlib unpacks (see inflate.h).
 *
 * inflate() reports Z_BUF_ERROR when it can make no progress: with all the
 * input given, that means the stream was cut off.  libgit2 1.5.1 takes it for
 * "call me again" and never returns (libgit2 #7342).
 */
#include "inflate.h"
#include <limits.h>
#include <zlib.h>

static const char *run(z_stream *z, size_t limit, struct text *out)
{
    unsigned char chunk[16384];
    for (;;) {
        z->next_out = chunk;
        z->avail_out = sizeof chunk;
        int rc = inflate(z, Z_NO_FLUSH);
        size_t made = sizeof chunk - z->avail_out;
        if (made > limit - out->size)
            return "it unpacks to more than the limit";
        text_append(out, chunk, made);
        if (rc == Z_STREAM_END)
            return z->avail_in == 0 ? NULL : "there are bytes after its end";
        if (rc == Z_BUF_ERROR || (rc == Z_OK && z->avail_in == 0 && made == 0))
            return "it is truncated";
        if (rc != Z_OK)
            return rc == Z_MEM_ERROR ? "memory is exhausted" : "its compressed data is damaged";
    }
}

const char *inflate_all(const void *bytes, size_t size, size_t limit, struct text *out)
{
    if (size > UINT_MAX)
        return "it is too large";
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes, .avail_in = (unsigned)size};
    if (inflateInit(&z) != Z_OK)
        return "memory is exhausted";
    const char *wrong = run(&z, limit, out);
    inflateEnd(&z);
    return wrong;
}
