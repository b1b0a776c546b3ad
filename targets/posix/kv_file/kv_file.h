/*
 * kv_file.h - a folder of the host, a file for each key: an implementation of kv_rw.
 */
#ifndef KV_FILE_H
#define KV_FILE_H

#include "kv_rw.h"

void kv_file_limits(struct kv_rw_limits *limits);
int64_t kv_file_get(struct view key, void *buffer, size_t size);
int kv_file_set(struct view key, struct view value);
int kv_file_remove(struct view key);
int kv_file_next(struct view after, struct view *key);

int kv_file_start(void);
void kv_file_stop(void);

#endif
