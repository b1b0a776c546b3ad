/*
 * embed_gzip.c - gzip twins (RFC 1952) through zlib: level 9, no time, no name, no operating system.
 */
#include "embedding.h"

#include <stdlib.h>
#include <zlib.h>

struct squeezer {
    z_stream stream;
    gz_header header;
};

static struct squeezer *gzip_open(uint64_t)
{
    struct squeezer *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->header.os = 255; /* unknown: RFC 1952, 2.3.1 */
    enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 9 };
    if (deflateInit2(&s->stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(s);
        return NULL;
    }
    deflateSetHeader(&s->stream, &s->header);
    return s;
}

static bool gzip_feed(struct squeezer *s, const void *bytes, size_t n, bool last, void (*put)(void *, const void *, size_t), void *context)
{
    unsigned char out[1 << 15];
    s->stream.next_in = (unsigned char *)bytes; /* zlib reads it only */
    s->stream.avail_in = (uInt)n;
    int status;
    do {
        s->stream.next_out = out;
        s->stream.avail_out = sizeof out;
        status = deflate(&s->stream, last ? Z_FINISH : Z_NO_FLUSH);
        if (status == Z_STREAM_ERROR)
            return false;
        put(context, out, sizeof out - s->stream.avail_out);
    } while (s->stream.avail_out == 0);
    return !last || status == Z_STREAM_END;
}

static void gzip_close(struct squeezer *s)
{
    deflateEnd(&s->stream);
    free(s);
}

const struct squeezer_kind squeezer_gzip = {gzip_open, gzip_feed, gzip_close};
