/*
 * kv_dir.h - a folder of the host, read as it is now: an implementation of kv_ro.
 */
#ifndef KV_DIR_H
#define KV_DIR_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/kv_key.h>
#include <ukc/representation.h>
#include <ukc/view.h>

struct kv_dir_entry;

int kv_dir_open(struct view key, struct kv_dir_entry **entry);
void kv_dir_close(struct kv_dir_entry *entry);
int kv_dir_describe(const struct kv_dir_entry *entry, struct representation *forms, size_t most);
int kv_dir_read(struct kv_dir_entry *entry, size_t form, uint64_t offset, size_t want, struct view *piece);
int kv_dir_next(struct view after, struct view *key);

int kv_dir_start(void);
void kv_dir_stop(void);

#endif
