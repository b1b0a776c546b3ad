/*
 * embed_zstd.c - zstd twins (RFC 8878): level 19, one thread, whose window of 8 MiB at most
 * every client that accepts the encoding "zstd" must be able to hold (RFC 9659).
 */
#include "embedding.h"

#include <zstd.h>

static struct squeezer *zstd_open(uint64_t size)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        return NULL;
    enum { LEVEL = 19 };
    if (ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context, size))) {
        ZSTD_freeCCtx(context);
        return NULL;
    }
    return (struct squeezer *)context;
}

static bool zstd_feed(struct squeezer *s, const void *bytes, size_t n, bool last, void (*put)(void *, const void *, size_t), void *context)
{
    char buffer[1 << 15];
    ZSTD_inBuffer in = {bytes, n, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {buffer, sizeof buffer, 0};
        left = ZSTD_compressStream2((ZSTD_CCtx *)s, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return false;
        put(context, buffer, out.pos);
    } while (last ? left != 0 : in.pos < in.size);
    return true;
}

static void zstd_close(struct squeezer *s)
{
    ZSTD_freeCCtx((ZSTD_CCtx *)s);
}

const struct squeezer_kind squeezer_zstd = {zstd_open, zstd_feed, zstd_close};
