/*
 * kv_dir.c - a folder of the host, read as it is now.
 *
 * An entry is a copy of the file: it does not change under a slow client when
 * the file is edited.  Symbolic links are not followed, so no key leads out of
 * the folder.  The entity tag is a hash of the content.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ukc/media_type.h>
#include "keys.h"

enum { TAG_SIZE = 18 };

struct kv_dir_entry {
    struct view type;
    int64_t modified;
    size_t size;
    char tag[TAG_SIZE];
    char bytes[];
};

int kv_dir_folder = -1;

int kv_dir_start(void)
{
    kv_dir_folder = open(KEY_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return kv_dir_folder < 0 ? -errno : 0;
}

void kv_dir_stop(void)
{
    if (kv_dir_folder >= 0)
        close(kv_dir_folder);
    kv_dir_folder = -1;
}

static int failure(void)
{
    switch (errno) {
    case ELOOP:   /* a symbolic link */
    case ENOTDIR: /* a file where the key has a folder */
    case ENXIO:   /* a socket */
        return -ENOENT;
    case EMFILE: return -ENFILE;
    case ENAMETOOLONG: return -ENOENT;
    default: return -errno;
    }
}

/* Open name by name, following no link. */
static int open_key(struct view key)
{
    int at = kv_dir_folder;
    for (size_t start = 0; start < key.size;) {
        const char *slash = memchr(key.bytes + start, '/', key.size - start);
        size_t end = slash ? (size_t)(slash - key.bytes) : key.size;
        char name[256];
        int next = -1;
        errno = ENAMETOOLONG;
        if (end - start < sizeof name) {
            memcpy(name, key.bytes + start, end - start);
            name[end - start] = '\0';
            next = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (slash ? O_DIRECTORY : 0));
        }
        int error = next < 0 ? failure() : 0;
        if (at != kv_dir_folder)
            close(at);
        if (error < 0)
            return error;
        at = next;
        start = end + 1;
    }
    return at;
}

/* 64 bits of the content, eight bytes at a time. */
static uint64_t hash(const char *bytes, size_t size)
{
    uint64_t value = size;
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
        value = (value ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        value ^= value >> 32;
    }
    return value;
}

static void make_tag(struct kv_dir_entry *entry)
{
    uint64_t value = hash(entry->bytes, entry->size);
    entry->tag[0] = entry->tag[TAG_SIZE - 1] = '"';
    for (int i = 1; i < TAG_SIZE - 1; i++, value >>= 4)
        entry->tag[i] = "0123456789abcdef"[value & 15];
}

static int load(int file, struct kv_dir_entry **entry)
{
    struct stat status;
    if (fstat(file, &status) < 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if (!S_ISREG(status.st_mode))
        return -ENOENT;
    size_t size = (size_t)status.st_size;
    struct kv_dir_entry *made = malloc(sizeof *made + size);
    if (made == NULL)
        return -ENOMEM;
    size_t done = 0;
    for (ssize_t got = 1; done < size && got != 0; done += (size_t)got) {
        got = read(file, made->bytes + done, size - done);
        if (got < 0) {
            int error = -errno;
            free(made);
            return error;
        }
    }
    made->size = done; /* less when it was cut meanwhile */
    made->modified = status.st_mtime;
    make_tag(made);
    *entry = made;
    return 0;
}

int kv_dir_open(struct view key, struct kv_dir_entry **entry)
{
    if (!kv_key_valid(key))
        return -EINVAL;
    int file = open_key(key);
    if (file < 0)
        return file;
    int error = load(file, entry);
    close(file);
    if (error)
        return error;
    const struct media_type *known = media_type_find(key);
    (*entry)->type = known ? view_of(known->type) : VIEW("application/octet-stream");
    return 0;
}

void kv_dir_close(struct kv_dir_entry *entry)
{
    free(entry);
}

int kv_dir_describe(const struct kv_dir_entry *entry, struct representation *forms, size_t most)
{
    if (most == 0)
        return 0;
    forms[0] = (struct representation){
        .type = entry->type,
        .etag = {entry->tag, TAG_SIZE},
        .modified = entry->modified,
        .size = entry->size,
        .bytes = entry->bytes,
    };
    return 1;
}

int kv_dir_read(struct kv_dir_entry *entry, size_t form, uint64_t offset, size_t want, struct view *piece)
{
    if (form != 0)
        return -EINVAL;
    size_t at = offset < entry->size ? (size_t)offset : entry->size;
    size_t left = entry->size - at;
    *piece = (struct view){entry->bytes + at, want < left ? want : left};
    return 0;
}
