/*
 * name.h - keys as names of files.
 *
 * Letters, digits, '-', '_' and '.' (but not in front) stand for themselves,
 * every other byte is %XX.  So a name never holds a slash, is never hidden,
 * and belongs to one key only.
 */
#ifndef KV_FILE_NAME_H
#define KV_FILE_NAME_H

#include <ukc/kv_key.h>

enum {
    NAME_MOST = 250,              /* bytes of an encoded key; file systems take 255 */
    KEY_ALWAYS_FITS = NAME_MOST / 3,
};

/* The name of a key, with a NUL: 0, or -EINVAL, -ENAMETOOLONG. */
int name_of_key(struct view key, char name[NAME_MOST + 1]);

/* The key of a name: its size, or -1 for a file that is none of ours. */
long key_of_name(const char *name, char key[NAME_MOST]);

#endif
