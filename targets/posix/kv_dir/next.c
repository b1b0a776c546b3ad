/*
 * next.c - the keys of a folder, in order, without remembering anything.
 *
 * Keys sort byte by byte with their slashes ("a.txt" before "a/b" before
 * "a0"), so in each folder the names are taken in the order of name for a file,
 * name and slash for a folder.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MOST = 32, NAME_BYTES = 258 }; /* a name, a slash and a NUL */

struct walk {
    struct view after;
    char key[KV_KEY_MOST + 1]; /* the folder's own key, with its slash, and the name that is looked at */
    size_t size;               /* of the folder's part */
    char best[KV_KEY_MOST + 1]; /* the smallest candidate so far */
    size_t best_size;
};

static int kind_of(int folder, const struct dirent *entry)
{
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type;
    struct stat status;
    if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return DT_UNKNOWN;
    return S_ISREG(status.st_mode) ? DT_REG : S_ISDIR(status.st_mode) ? DT_DIR : DT_UNKNOWN;
}

/* The key (or, with a slash, the beginning of keys) of a name; size 0: not one of ours. */
static struct view candidate_of(struct walk *walk, int folder, const struct dirent *entry)
{
    int kind = kind_of(folder, entry);
    size_t length = strlen(entry->d_name);
    if ((kind != DT_REG && kind != DT_DIR) || strcmp(entry->d_name, ".") == 0 ||
        strcmp(entry->d_name, "..") == 0 || length + 1 > KV_KEY_MOST - walk->size)
        return (struct view){};
    memcpy(walk->key + walk->size, entry->d_name, length);
    if (kind == DT_DIR)
        walk->key[walk->size + length++] = '/';
    return (struct view){walk->key, walk->size + length};
}

static bool may_hold_later(struct view candidate, struct view after)
{
    bool folder = candidate.bytes[candidate.size - 1] == '/';
    bool around = folder && after.size >= candidate.size && memcmp(candidate.bytes, after.bytes, candidate.size) == 0;
    return around || kv_key_compare(candidate, after) > 0;
}

/* The smallest candidate in a folder whose last part is larger than `tried` and which may lead to a key after walk->after. */
static int smallest(struct walk *walk, DIR *stream, struct view tried)
{
    walk->best_size = 0;
    rewinddir(stream);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL)
            return errno ? -EIO : walk->best_size ? 0 : -ENOENT;
        struct view candidate = candidate_of(walk, dirfd(stream), entry);
        if (candidate.size == 0 || !may_hold_later(candidate, walk->after))
            continue;
        struct view part = {candidate.bytes + walk->size, candidate.size - walk->size};
        if (kv_key_compare(part, tried) <= 0)
            continue;
        if (walk->best_size && kv_key_compare(candidate, (struct view){walk->best, walk->best_size}) >= 0)
            continue;
        memcpy(walk->best, candidate.bytes, candidate.size);
        walk->best_size = candidate.size;
    }
}

/* Takes the descriptor.  0: walk->key[0, walk->size) is the key. */
static int first_in(struct walk *walk, int folder, int depth)
{
    DIR *stream = depth < DEPTH_MOST ? fdopendir(folder) : NULL;
    if (stream == NULL) {
        close(folder);
        return depth < DEPTH_MOST ? -EIO : -ENOENT;
    }
    size_t own = walk->size;
    char tried[NAME_BYTES];
    struct view part = {tried, 0};
    int error;
    while ((error = smallest(walk, stream, part)) == 0) {
        walk->size = walk->best_size;
        memcpy(walk->key, walk->best, walk->best_size);
        if (walk->key[walk->size - 1] != '/')
            break;
        part.size = walk->size - own;
        memcpy(tried, walk->key + own, part.size);
        tried[part.size - 1] = '\0'; /* in the place of the slash, for openat */
        int child = openat(dirfd(stream), tried, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        tried[part.size - 1] = '/';
        error = child < 0 ? -ENOENT : first_in(walk, child, depth + 1);
        if (error != -ENOENT)
            break;
        walk->size = own;
    }
    closedir(stream);
    return error;
}

int kv_dir_next(struct view after, struct view *key)
{
    static char last[KV_KEY_MOST]; /* `after` may lie in it */
    struct walk walk = {.after = after};
    int folder = openat(kv_dir_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -EIO;
    int error = first_in(&walk, folder, 0);
    if (error < 0)
        return error;
    memcpy(last, walk.key, walk.size);
    *key = (struct view){last, walk.size};
    return 0;
}
