/*
 * compress_zstd.h - compression by zstd: an implementation of compress.
 */
#ifndef COMPRESS_ZSTD_H
#define COMPRESS_ZSTD_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

int64_t compress_zstd_bound(size_t size);
int64_t compress_zstd_pack(void *out, size_t room, struct view in);
int64_t compress_zstd_unpack(void *out, size_t room, struct view in);

#endif
