/*
 * embed.c - reads the tables of format.h.
 *
 * The generated blob.h declares this instance's `embed_blob`.
 */
#include "embed.h"
#include "blob.h"
#include "format.h"

#include <errno.h>
#include <string.h>
#include <ukc/kv_key.h>

static struct view name_of(const struct embed_entry *entry)
{
    return (struct view){embed_blob.strings + entry->name, entry->name_size};
}

static const struct embed_entry *find(struct view key)
{
    uint32_t hash = embed_hash(embed_blob.seed, key.bytes, key.size);
    for (uint32_t i = 0; i <= embed_blob.probe_most; i++) {
        const struct embed_slot *slot = &embed_blob.slots[(hash + i) & embed_blob.slot_mask];
        if (slot->entry == 0)
            return NULL;
        const struct embed_entry *entry = &embed_blob.entries[slot->entry - 1];
        if (slot->hash == hash && view_equal(name_of(entry), key))
            return entry;
    }
    return NULL;
}

/* The first entry whose name sorts after `key`; entry_count when there is none. */
static uint32_t first_after(struct view key)
{
    uint32_t low = 0, high = embed_blob.entry_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (kv_key_compare(name_of(&embed_blob.entries[middle]), key) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Does any name begin with `key` and a slash? */
static bool is_directory(struct view key)
{
    char prefix[KV_KEY_MOST + 1];
    memcpy(prefix, key.bytes, key.size);
    prefix[key.size] = '/';
    uint32_t at = first_after((struct view){prefix, key.size + 1});
    if (at == embed_blob.entry_count)
        return false;
    struct view name = name_of(&embed_blob.entries[at]);
    return name.size > key.size && memcmp(name.bytes, prefix, key.size + 1) == 0;
}

int embed_open(struct view key, struct embed_entry **entry)
{
    const struct embed_entry *found = find(key);
    if (!found) /* names that there are, are valid */
        return !kv_key_valid(key) ? -EINVAL : is_directory(key) ? -EISDIR : -ENOENT;
    *entry = (struct embed_entry *)found; /* the caller sees an incomplete type: nobody writes */
    return 0;
}

void embed_close(struct embed_entry *entry)
{
    (void)entry;
}

int embed_describe(const struct embed_entry *entry, struct representation *forms, size_t most)
{
    static const struct view encodings[] = {[EMBED_AS_IS] = {}, [EMBED_GZIP] = VIEW("gzip"), [EMBED_ZSTD] = VIEW("zstd")};
    size_t count = entry->form_count < most ? entry->form_count : most;
    for (size_t i = 0; i < count; i++) {
        const struct embed_form *form = &embed_blob.forms[entry->form + i];
        forms[i] = (struct representation){
            .type = {embed_blob.strings + entry->type, entry->type_size},
            .etag = {form->etag, EMBED_ETAG_SIZE},
            .encoding = encodings[form->encoding],
            .size = form->size,
            .bytes = form->size ? (const char *)embed_blob.data + form->offset : NULL,
        };
    }
    return (int)count;
}

int embed_read(struct embed_entry *entry, size_t form, uint64_t offset, size_t want, struct view *piece)
{
    if (form >= entry->form_count)
        return -EINVAL;
    const struct embed_form *f = &embed_blob.forms[entry->form + form];
    uint64_t left = offset < f->size ? f->size - offset : 0;
    size_t size = left < want ? (size_t)left : want;
    *piece = (struct view){size ? (const char *)embed_blob.data + f->offset + offset : NULL, size};
    return 0;
}

int embed_next(struct view after, struct view *key)
{
    uint32_t at = after.size ? first_after(after) : 0;
    if (at == embed_blob.entry_count)
        return -ENOENT;
    *key = name_of(&embed_blob.entries[at]);
    return 0;
}
