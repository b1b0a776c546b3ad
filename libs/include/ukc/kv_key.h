/*
 * kv_key.h - what may be a key of a key-value store (kv_ro, kv_rw).
 *
 * A key is a relative path: 1 to KV_KEY_MOST bytes, names separated by single
 * slashes, no name "." or "..", no NUL.  Any other byte is allowed, so names
 * with spaces and in UTF-8 are.  Keys are compared and sorted byte by byte.
 */
#ifndef UKC_KV_KEY_H
#define UKC_KV_KEY_H

#include <ukc/view.h>

enum { KV_KEY_MOST = 1024 };

static inline bool kv_key_valid(struct view key)
{
    if (key.size == 0 || key.size > KV_KEY_MOST)
        return false;
    for (size_t at = 0, start = 0; at <= key.size; at++) {
        if (at < key.size && key.bytes[at] == '\0')
            return false;
        if (at < key.size && key.bytes[at] != '/')
            continue;
        size_t length = at - start;
        const char *name = key.bytes + start;
        if (length == 0 || (length == 1 && name[0] == '.') ||
            (length == 2 && name[0] == '.' && name[1] == '.'))
            return false;
        start = at + 1;
    }
    return true;
}

/* <0, 0, >0 as a sorts before, with or after b: bytes unsigned, a prefix first */
static inline int kv_key_compare(struct view a, struct view b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

#endif
