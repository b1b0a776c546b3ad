/*
 * kv_block.h - keys and values on a device of sectors: an implementation of kv_rw.
 */
#ifndef KV_BLOCK_H
#define KV_BLOCK_H

#include "kv_rw.h"

void kv_block_limits(struct kv_rw_limits *limits);
int64_t kv_block_get(struct view key, void *buffer, size_t size);
int kv_block_set(struct view key, struct view value);
int kv_block_remove(struct view key);
int kv_block_next(struct view after, struct view *key);

int kv_block_start(void);
void kv_block_stop(void);

#endif
