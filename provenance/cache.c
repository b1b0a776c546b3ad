/*
 * cache.c - results of actions that other builds have run already (see cache.h).
 */
#include "cache.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"

enum { ENTRY_MOST = 1 << 30, LOCK_SECONDS = 900 };

static const char magic[] = "ukc-action 1\n";
enum { MAGIC_SIZE = sizeof magic - 1, HEAD_SIZE = MAGIC_SIZE + 2 * HASH_HEX };

static const char *entry_path(struct arena *a, const char *store, const struct hash *key)
{
    char hex[HASH_HEX];
    hash_hex(key, hex);
    return arena_printf(a, "%s/actions/%s", store, hex);
}

static void put_head(struct text *out, const struct hash *key, const void *bytes, size_t size)
{
    char key_hex[HASH_HEX], hex[HASH_HEX];
    struct hash content = hash_bytes(bytes, size);
    hash_hex(key, key_hex);
    hash_hex(&content, hex);
    text_printf(out, "%s%s\n%s\n", magic, key_hex, hex);
}

const char *cache_read(struct arena *a, const char *store, const struct hash *key, size_t *size, struct diag *d)
{
    const char *path = entry_path(a, store, key);
    if (!file_exists(path))
        return NULL;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(a, path, SPAN_NONE, ENTRY_MOST, quiet);
    diag_destroy(quiet);
    struct text head = {};
    if (s && s->size >= HEAD_SIZE)
        put_head(&head, key, s->bytes + HEAD_SIZE, s->size - HEAD_SIZE);
    bool good = head.size == HEAD_SIZE && memcmp(head.bytes, s->bytes, HEAD_SIZE) == 0;
    text_dispose(&head);
    if (!good) {
        unlink(path);
        diag_warning(d, SPAN_NONE, "'%s' is damaged: it is made anew", path);
        return NULL;
    }
    utimensat(AT_FDCWD, path, NULL, 0); /* read now: the last to leave */
    *size = s->size - HEAD_SIZE;
    return s->bytes + HEAD_SIZE;
}

/* ---- room ---- */

typedef VEC(struct cache_entry) entry_list;

static void list_entries(struct arena *a, const char *directory, entry_list *list)
{
    DIR *dir = opendir(directory);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        struct stat st;
        const char *path = path_join(a, directory, e->d_name);
        if (!string_equal(e->d_name, "lock") && lstat(path, &st) == 0 && S_ISREG(st.st_mode))
            *vec_add(a, list) = (struct cache_entry){path, (size_t)st.st_size, st.st_mtim};
    }
    closedir(dir);
}

static int newest_first(const void *x, const void *y)
{
    const struct cache_entry *a = x, *b = y;
    if (a->time.tv_sec != b->time.tv_sec)
        return a->time.tv_sec < b->time.tv_sec ? 1 : -1;
    if (a->time.tv_nsec != b->time.tv_nsec)
        return a->time.tv_nsec < b->time.tv_nsec ? 1 : -1;
    return strcmp(a->path, b->path);
}

const struct cache_entry *cache_entries(struct arena *a, const char *store, size_t *count)
{
    entry_list list = {};
    list_entries(a, path_join(a, store, "actions"), &list);
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, newest_first);
    *count = list.count;
    return list.items;
}

void cache_make_room(const char *store, size_t limit)
{
    struct arena *a = arena_create();
    size_t total = 0, count;
    const struct cache_entry *entries = cache_entries(a, store, &count);
    for (size_t i = 0; i < count; i++) {
        total += entries[i].size;
        if (i > 0 && total > limit)
            unlink(entries[i].path);
    }
    arena_destroy(a);
}

void cache_write(const char *store, const struct hash *key, const void *bytes, size_t size)
{
    struct arena *a = arena_create();
    struct diag *quiet = diag_create();
    struct text entry = {};
    put_head(&entry, key, bytes, size);
    text_append(&entry, bytes, size);
    file_write(entry_path(a, store, key), entry.bytes, entry.size, NULL, quiet);
    text_dispose(&entry);
    diag_destroy(quiet);
    arena_destroy(a);
}

/* ---- one at a time ---- */

int cache_lock(const char *store)
{
    struct arena *a = arena_create();
    struct diag *quiet = diag_create();
    const char *directory = path_join(a, store, "actions");
    int fd = -1;
    if (file_make_directories(directory, quiet))
        fd = open(path_join(a, directory, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    for (int tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || tries >= LOCK_SECONDS * 20) {
            close(fd);
            fd = -1;
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
        }
    }
    diag_destroy(quiet);
    arena_destroy(a);
    return fd;
}

void cache_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}
