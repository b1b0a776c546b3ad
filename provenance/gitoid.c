/*
 * gitoid.c - see gitoid.h.
 */
#include "gitoid.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"

static struct hash object_id(const char *type, const void *bytes, size_t size)
{
    char header[32];
    int n = snprintf(header, sizeof header, "%s %zu", type, size);
    struct hasher *h = hasher_create();
    hasher_add(h, header, (size_t)n + 1); /* with its NUL */
    hasher_add(h, bytes, size);
    return hasher_finish(h);
}

struct hash gitoid_blob(const void *bytes, size_t size)
{
    return object_id("blob", bytes, size);
}

struct entry {
    const char *name; /* of `length` bytes; a directory's ends with '/', see git_name_compare */
    size_t length;
    const char *mode;
    struct hash id;
};

int git_name_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int c = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return c ? c : (a_length > b_length) - (a_length < b_length);
}

static int entry_compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return git_name_compare(x->name, x->length, y->name, y->length);
}

static struct hash tree_id(struct entry *entries, size_t count)
{
    struct text raw = {};
    if (count)
        qsort(entries, count, sizeof *entries, entry_compare);
    for (size_t i = 0; i < count; i++) {
        bool directory = entries[i].name[entries[i].length - 1] == '/';
        text_printf(&raw, "%s ", entries[i].mode);
        text_append(&raw, entries[i].name, entries[i].length - directory);
        text_putc(&raw, '\0');
        text_append(&raw, entries[i].id.bytes, HASH_BYTES);
    }
    struct hash id = object_id("tree", raw.size ? raw.bytes : "", raw.size);
    text_dispose(&raw);
    return id;
}

/* Of the files that share their first `prefix` bytes, which end with '/'. */
static struct hash directory_id(const struct gitoid_file *files, size_t count, size_t prefix)
{
    struct arena *a = arena_create();
    VEC(struct entry) entries = {};
    for (size_t i = 0, next; i < count; i = next) {
        const char *name = files[i].path + prefix, *slash = strchr(name, '/');
        size_t length = slash ? (size_t)(slash - name) + 1 : strlen(name);
        next = i + 1;
        while (slash && next < count && strncmp(files[next].path + prefix, name, length) == 0)
            next++;
        struct entry e = {.name = name, .length = length, .mode = slash ? "40000" : object_mode(files[i].kind), .id = files[i].blob};
        if (slash)
            e.id = directory_id(files + i, next - i, prefix + length);
        *vec_add(a, &entries) = e;
    }
    struct hash id = tree_id(entries.items, entries.count);
    arena_destroy(a);
    return id;
}

struct hash gitoid_tree(const struct gitoid_file *files, size_t count)
{
    return directory_id(files, count, 0);
}
