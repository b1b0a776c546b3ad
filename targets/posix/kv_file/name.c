/*
 * name.c - keys as names of files.
 */
#include "name.h"

#include <errno.h>

static const char hex[] = "0123456789ABCDEF";

static bool plain(char c, size_t at)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || (c == '.' && at > 0);
}

int name_of_key(struct view key, char name[NAME_MOST + 1])
{
    if (!kv_key_valid(key))
        return -EINVAL;
    size_t used = 0;
    for (size_t at = 0; at < key.size; at++) {
        unsigned char c = (unsigned char)key.bytes[at];
        size_t need = plain((char)c, at) ? 1 : 3;
        if (need > NAME_MOST - used)
            return -ENAMETOOLONG;
        if (need == 1) {
            name[used] = (char)c;
        } else {
            name[used] = '%';
            name[used + 1] = hex[c >> 4];
            name[used + 2] = hex[c & 15];
        }
        used += need;
    }
    name[used] = '\0';
    return 0;
}

static int digit(char c)
{
    const char *at = c ? strchr(hex, c) : NULL;
    return at ? (int)(at - hex) : -1;
}

long key_of_name(const char *name, char key[NAME_MOST])
{
    size_t size = 0;
    for (const char *at = name; *at; at++) {
        if (size == NAME_MOST)
            return -1;
        if (*at != '%') {
            key[size++] = *at;
            continue;
        }
        int high = digit(at[1]), low = high < 0 ? -1 : digit(at[2]);
        if (low < 0)
            return -1;
        key[size++] = (char)(high << 4 | low);
        at += 2;
    }
    char again[NAME_MOST + 1];
    bool ours = name_of_key((struct view){key, size}, again) == 0 && strcmp(again, name) == 0;
    return ours ? (long)size : -1;
}
