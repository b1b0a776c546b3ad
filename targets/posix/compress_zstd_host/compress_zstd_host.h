/*
 * compress_zstd_host.h - compression by the zstd of the host: an implementation of compress.
 */
#ifndef COMPRESS_ZSTD_HOST_H
#define COMPRESS_ZSTD_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

int64_t compress_zstd_host_bound(size_t size);
int64_t compress_zstd_host_pack(void *out, size_t room, struct view in);
int64_t compress_zstd_host_unpack(void *out, size_t room, struct view in);

#endif
