/*
 * embed.h - a directory inside the image, as a kv_ro store.
 *
 * Nothing is copied, nothing is allocated, nothing can run out: an entry is a
 * row of a read-only table, found in constant time, and its content stays
 * where it is.  So every view handed out is valid as long as the image runs.
 */
#ifndef EMBED_H
#define EMBED_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/representation.h>
#include <ukc/view.h>

struct embed_entry;

int embed_open(struct view key, struct embed_entry **entry);
void embed_close(struct embed_entry *entry);
int embed_describe(const struct embed_entry *entry, struct representation *forms, size_t most);
int embed_read(struct embed_entry *entry, size_t form, uint64_t offset, size_t want, struct view *piece);
int embed_next(struct view after, struct view *key);

#endif
