/*
 * bundle_format.c - a bundle's list and its headers; README.md has the grammar.
 *
 * A header is what bundle_header makes of a name and a size, and nothing else is one: so the reader knows each
 * from the list before he reads it, and compares.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "bundle_inside.h"
#include "canon.h"

#define LINES 4000000

/* ---- the list ---- */

static void put_named(struct text *t, const char *word, const struct hash *h, uint64_t size)
{
    canon_begin(t, word);
    canon_hash(t, h);
    canon_number(t, size);
    canon_end(t);
}

/* An ukc that knows no tools in bundles says so. */
static const char *version_of(const struct bundle *b)
{
    return b->tool_count ? "2" : "1";
}

void bundle_list(const struct bundle *b, struct text *t)
{
    canon_line(t, BUNDLE_LIST, version_of(b));
    for (size_t i = 0; i < b->record_count; i++) {
        canon_begin(t, "record");
        canon_hash(t, &b->records[i].id);
        canon_word(t, b->records[i].tree);
        canon_end(t);
    }
    for (size_t i = 0; i < b->run_count; i++)
        put_named(t, "run", &b->runs[i].id, b->runs[i].size);
    for (size_t i = 0; i < b->tool_count; i++) {
        canon_begin(t, "tools");
        canon_hash(t, &b->tools[i].id);
        canon_word(t, b->tools[i].resource);
        canon_end(t);
    }
    for (size_t i = 0; i < b->object_count; i++) {
        canon_begin(t, b->objects[i].is_tree ? "tree" : "blob");
        canon_word(t, b->objects[i].id);
        canon_number(t, b->objects[i].size);
        canon_end(t);
    }
    for (size_t i = 0; i < b->blob_count; i++)
        put_named(t, "file", &b->blobs[i].sha256, b->blobs[i].size);
}

static bool take_id(const char *word, char id[OBJECT_HEX])
{
    if (strlen(word) != OBJECT_HEX - 1 || strspn(word, "0123456789abcdef") != OBJECT_HEX - 1)
        return false;
    memcpy(id, word, OBJECT_HEX);
    return true;
}

/* It comes into the words of a compiler's command. */
static bool is_resource(struct arena *a, const char *word)
{
    return *word == '/' && !strchr(word, ' ') && canon_is_path(a, word + 1);
}

static bool take_line(struct arena *a, const struct canon_line *l, struct bundle *b)
{
    uint64_t size = 0;
    if (l->count != 3)
        return false;
    if (canon_is(l, "record", 3))
        return hash_parse(l->words[1], &b->records[b->record_count].id) && take_id(l->words[2], b->records[b->record_count++].tree);
    if (canon_is(l, "tools", 3)) {
        b->tools[b->tool_count].resource = l->words[2];
        return is_resource(a, l->words[2]) && hash_parse(l->words[1], &b->tools[b->tool_count++].id);
    }
    if (!canon_parse_number(l->words[2], &size))
        return false;
    if (canon_is(l, "run", 3)) {
        b->runs[b->run_count].size = size;
        return size <= OBJECT_LIMIT && hash_parse(l->words[1], &b->runs[b->run_count++].id);
    }
    if (canon_is(l, "file", 3)) {
        b->blobs[b->blob_count].size = size;
        return size < BUNDLE_FILE_LIMIT && hash_parse(l->words[1], &b->blobs[b->blob_count++].sha256);
    }
    struct object_given *o = &b->objects[b->object_count++];
    *o = (struct object_given){.is_tree = strcmp(l->words[0], "tree") == 0, .size = size};
    return (o->is_tree || strcmp(l->words[0], "blob") == 0) && size <= OBJECT_LIMIT && take_id(l->words[1], o->id);
}

static bool is_sorted(const struct bundle *b)
{
    for (size_t i = 1; i < b->record_count; i++)
        if (memcmp(&b->records[i - 1].id, &b->records[i].id, HASH_BYTES) >= 0)
            return false;
    for (size_t i = 1; i < b->run_count; i++)
        if (memcmp(&b->runs[i - 1].id, &b->runs[i].id, HASH_BYTES) >= 0)
            return false;
    for (size_t i = 1; i < b->tool_count; i++)
        if (memcmp(&b->tools[i - 1].id, &b->tools[i].id, HASH_BYTES) >= 0)
            return false;
    for (size_t i = 1; i < b->object_count; i++)
        if (strcmp(b->objects[i - 1].id, b->objects[i].id) >= 0)
            return false;
    for (size_t i = 1; i < b->blob_count; i++)
        if (memcmp(&b->blobs[i - 1].sha256, &b->blobs[i].sha256, HASH_BYTES) >= 0)
            return false;
    return true;
}

static bool fails(const char **fault, const char *why)
{
    *fault = why;
    return false;
}

bool bundle_parse(struct arena *a, const void *bytes, size_t size, struct bundle *b, const char **fault)
{
    size_t count = 0;
    uint64_t version;
    struct text again = {};
    const struct canon_line *lines = canon_lines(a, bytes, size, LINES, &count);
    *b = (struct bundle){};
    if (!lines || !canon_is(&lines[0], BUNDLE_LIST, 2) || !canon_parse_number(lines[0].words[1], &version))
        return fails(fault, "its list of contents is not one that ukc writes");
    if (version != 1 && version != 2)
        return fails(fault, arena_printf(a, "it has version %s of the format, made by a newer ukc; this one knows 1 and 2", lines[0].words[1]));
    b->records = arena_array(a, struct bundle_record, count);
    b->runs = arena_array(a, struct bundle_run, count);
    b->tools = arena_array(a, struct bundle_tools, count);
    b->objects = arena_array(a, struct object_given, count);
    b->blobs = arena_array(a, struct bundle_blob, count);
    for (size_t i = 1; i < count; i++)
        if (!take_line(a, &lines[i], b))
            return fails(fault, arena_printf(a, "line %zu of its list of contents is not one that ukc writes", i + 1));
    if (!is_sorted(b))
        return fails(fault, "its list of contents names something twice, or is not sorted");
    bundle_list(b, &again);
    bool same = canon_is_same(&again, bytes, size);
    text_dispose(&again);
    return same ? b->record_count != 0 || fails(fault, "it has no records") : fails(fault, "its list of contents is not in the order in which ukc writes it");
}

static int compare_record(const void *id, const void *record)
{
    return memcmp(id, &((const struct bundle_record *)record)->id, HASH_BYTES);
}

struct bundle_record *bundle_find(const struct bundle *b, const struct hash *id)
{
    return b->record_count ? bsearch(id, b->records, b->record_count, sizeof *b->records, compare_record) : NULL;
}

/* ---- files of the archive ---- */

/* POSIX.1-2017, pax, "ustar Interchange Format": no owner, no time. */
void bundle_header(const char *name, uint64_t size, unsigned char block[BUNDLE_BLOCK])
{
    unsigned sum = 0;
    char *h = (char *)block;
    memset(h, 0, BUNDLE_BLOCK);
    snprintf(h, 100, "%s", name);
    snprintf(h + 100, 8, "%07o", 0644u);
    snprintf(h + 108, 8, "%07o", 0u);
    snprintf(h + 116, 8, "%07o", 0u);
    snprintf(h + 124, 12, "%011" PRIo64, size & (BUNDLE_FILE_LIMIT - 1));
    snprintf(h + 136, 12, "%011o", 0u);
    memset(h + 148, ' ', 8);
    h[156] = '0';
    memcpy(h + 257, "ustar\0" "00", 8);
    snprintf(h + 329, 8, "%07o", 0u);
    snprintf(h + 337, 8, "%07o", 0u);
    for (size_t i = 0; i < BUNDLE_BLOCK; i++)
        sum += block[i];
    snprintf(h + 148, 8, "%06o", sum); /* and a NUL, then the space that is there */
}

static const char *name_of_hash(struct arena *a, const char *directory, const struct hash *h)
{
    char hex[HASH_HEX];
    hash_hex(h, hex);
    return arena_printf(a, "%s/%s", directory, hex);
}

const char *bundle_run_name(struct arena *a, const struct bundle_run *r)
{
    return name_of_hash(a, "runs", &r->id);
}

const char *bundle_object_name(struct arena *a, const struct object_given *o)
{
    return arena_printf(a, "objects/%s", o->id);
}

const char *bundle_blob_name(struct arena *a, const struct bundle_blob *b)
{
    return name_of_hash(a, "files", &b->sha256);
}

static uint64_t file_size(uint64_t size)
{
    return BUNDLE_BLOCK + size + bundle_padding(size);
}

/* At most 4,000,000 files below 2^33 bytes: it cannot overflow. */
uint64_t bundle_size(const struct bundle *b, uint64_t list)
{
    uint64_t n = file_size(list) + 2 * BUNDLE_BLOCK;
    for (size_t i = 0; i < b->run_count; i++)
        n += file_size(b->runs[i].size);
    for (size_t i = 0; i < b->object_count; i++)
        n += file_size(b->objects[i].size);
    for (size_t i = 0; i < b->blob_count; i++)
        n += file_size(b->blobs[i].size);
    return n;
}
