/*
 * kv_memory.h - keys and values in memory: an implementation of kv_rw.
 */
#ifndef KV_MEMORY_H
#define KV_MEMORY_H

#include "kv_rw.h"

void kv_memory_limits(struct kv_rw_limits *limits);
int64_t kv_memory_get(struct view key, void *buffer, size_t size);
int kv_memory_set(struct view key, struct view value);
int kv_memory_remove(struct view key);
int kv_memory_next(struct view after, struct view *key);

void kv_memory_stop(void);

#endif
