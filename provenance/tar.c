/*
 * tar.c - a bounded reader of tar streams (see tar.h).
 *
 * The format: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended
 * Header"; the GNU types 'L' and 'K' (the next entry's long name, long link).
 */
#include "tar.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 512
#define PAX_LIMIT (64 * 1024)

static const char truncated[] = "it is truncated";

bool tar_is_truncated(const struct tar *t)
{
    return t->error == truncated;
}

static int fail(struct tar *t, const char *why)
{
    t->error = why;
    return -1;
}

/* All of n bytes: 1; the end of the stream before the first: 0; else -1. */
static int read_full(struct tar *t, void *buf, size_t n)
{
    size_t done = 0;
    if (n > t->limit - t->taken)
        return fail(t, "it unpacks to more than the limit");
    while (done < n) {
        ssize_t r = read(t->fd, (char *)buf + done, n - done);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return fail(t, "it cannot be read");
        if (r == 0)
            return done == 0 ? 0 : fail(t, truncated);
        done += (size_t)r;
    }
    t->taken += n;
    return 1;
}

static int skip(struct tar *t, uint64_t n)
{
    char buf[16384];
    while (n > 0) {
        size_t part = n < sizeof buf ? (size_t)n : sizeof buf;
        int r = read_full(t, buf, part);
        if (r <= 0)
            return r == 0 ? fail(t, truncated) : -1;
        n -= part;
    }
    return 1;
}

/* Octal digits, padded with spaces or NULs; or, with the top bit set, a big-endian number (GNU, for large files). */
static bool number(const unsigned char *field, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    if (field[0] & 0x80) {
        if (field[0] != 0x80)
            return false; /* negative, or beyond 64 bits */
        for (i = 1; i < n; i++) {
            if (v >> 56)
                return false;
            v = v << 8 | field[i];
        }
        *out = v;
        return true;
    }
    while (i < n && field[i] == ' ')
        i++;
    for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(field[i] - '0'); /* 12 digits at most: 36 bits */
    for (; i < n; i++)
        if (field[i] != ' ' && field[i] != 0)
            return false;
    *out = v;
    return true;
}

static bool checksum_fits(const unsigned char *h)
{
    uint64_t said, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : h[i];
    return number(h + 148, 8, &said) && said == sum;
}

/* Removes "./" in front and "/" at the end of a directory's name; refuses what could leave the tree. */
static int clean_path(struct tar *t)
{
    char *p = t->path;
    if (*p == '/')
        return fail(t, "it has an absolute path");
    while (p[0] == '.' && (p[1] == '/' || p[1] == 0))
        p += p[1] ? 2 : 1;
    memmove(t->path, p, strlen(p) + 1);
    size_t n = strlen(t->path);
    if (n > 0 && t->path[n - 1] == '/')
        t->path[n - 1] = 0;
    if (t->path[0] == 0)
        return t->type == TAR_DIRECTORY ? 1 : fail(t, "it has an entry without a name");
    for (const char *part = t->path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.'))
            return fail(t, "it has a malformed path");
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return fail(t, "it has a path with '..'");
    }
    return 1;
}

/* A GNU long name or long link: the data of an entry of its own. */
static int read_name(struct tar *t, char *name, bool *known, uint64_t size, const char *too_long)
{
    if (size == 0 || size >= TAR_PATH)
        return fail(t, too_long);
    int r = read_full(t, name, (size_t)size);
    if (r <= 0)
        return r == 0 ? fail(t, truncated) : -1;
    name[size] = 0;
    *known = true;
    return skip(t, (BLOCK - size % BLOCK) % BLOCK);
}

/* One record, "<length> <key>=<value>\n"; what it says about the next entry is kept. */
static int pax_record(struct tar *t, char *key, char *end)
{
    char *value = memchr(key, '=', (size_t)(end - key));
    if (!value)
        return fail(t, "it has a malformed pax header");
    *value++ = 0;
    end[-1] = 0; /* the newline */
    size_t n = (size_t)(end - 1 - value);
    if (strcmp(key, "path") == 0) {
        if (n == 0 || n >= TAR_PATH || strlen(value) != n)
            return fail(t, "it has a path that is too long");
        memcpy(t->path, value, n + 1);
        t->named = true;
    } else if (strcmp(key, "linkpath") == 0) {
        if (n == 0 || n >= TAR_PATH || strlen(value) != n)
            return fail(t, "it has a link that is too long");
        memcpy(t->link, value, n + 1);
        t->linked = true;
    } else if (strcmp(key, "size") == 0) {
        char *rest;
        errno = 0;
        t->pax_size = strtoull(value, &rest, 10);
        if (*value < '0' || *value > '9' || *rest || errno)
            return fail(t, "it has a malformed size");
        t->sized = true;
    } else if (strncmp(key, "GNU.sparse", 10) == 0) {
        return fail(t, "it has a sparse file");
    }
    return 1;
}

static int read_pax(struct tar *t, uint64_t size, bool global)
{
    if (size > PAX_LIMIT)
        return fail(t, "it has a pax header that is too large");
    char *text = calloc(1, (size_t)size + 1);
    if (!text)
        return fail(t, "memory is exhausted");
    int r = size ? read_full(t, text, (size_t)size) : 1;
    if (r == 0)
        r = fail(t, truncated);
    for (char *at = text, *end = text + size; r > 0 && !global && at < end;) {
        char *rest;
        unsigned long length = strtoul(at, &rest, 10);
        if (*at < '1' || *at > '9' || *rest != ' ' || length > (unsigned long)(end - at) || at + length < rest + 3 || at[length - 1] != '\n')
            r = fail(t, "it has a malformed pax header");
        else
            r = pax_record(t, rest + 1, at + length);
        at += length;
    }
    free(text);
    return r > 0 ? skip(t, (BLOCK - size % BLOCK) % BLOCK) : r;
}

static int set_type(struct tar *t, unsigned char flag)
{
    switch (flag) {
    case 0: case '0': case '7': t->type = TAR_FILE; return 1;
    case '1': t->type = TAR_HARDLINK; return 1;
    case '2': t->type = TAR_SYMLINK; return 1;
    case '3': case '4': case '6': t->type = TAR_DEVICE; return 1;
    case '5': t->type = TAR_DIRECTORY; return 1;
    default: return fail(t, "it has an entry of an unknown type");
    }
}

/* ustar: prefix (155 bytes at 345) and name (100 bytes at 0), neither necessarily ended by a NUL. */
static void header_name(struct tar *t, const unsigned char *h)
{
    size_t prefix = memcmp(h + 257, "ustar\0", 6) == 0 ? strnlen((const char *)h + 345, 155) : 0;
    size_t name = strnlen((const char *)h, 100);
    char *p = t->path;
    if (prefix) {
        memcpy(p, h + 345, prefix);
        p[prefix] = '/';
        p += prefix + 1;
    }
    memcpy(p, h, name);
    p[name] = 0;
}

static int begin_entry(struct tar *t, const unsigned char *h, uint64_t size)
{
    if (set_type(t, h[156]) < 0)
        return -1;
    if (!t->named)
        header_name(t, h);
    if (!t->linked) { /* 100 bytes at 157 */
        size_t n = strnlen((const char *)h + 157, 100);
        memcpy(t->link, h + 157, n);
        t->link[n] = 0;
    }
    uint64_t mode;
    t->executable = number(h + 100, 8, &mode) && mode & 0100;
    if (t->sized)
        size = t->pax_size;
    if (t->type != TAR_FILE)
        size = 0; /* links may state the size of their target, without data */
    if (size > t->limit)
        return fail(t, "it unpacks to more than the limit");
    t->size = t->left = size;
    t->padding = (BLOCK - size % BLOCK) % BLOCK;
    return clean_path(t);
}

int tar_next(struct tar *t)
{
    static const unsigned char zero[BLOCK];
    unsigned char h[BLOCK];
    if (t->error || skip(t, t->left + t->padding) < 0)
        return -1;
    t->left = t->padding = 0;
    t->named = t->linked = t->sized = false;
    for (;;) {
        uint64_t size;
        int r = read_full(t, h, BLOCK);
        if (r < 0)
            return -1;
        if (r == 0)
            return fail(t, truncated); /* the end is marked by a block of zeros */
        if (memcmp(h, zero, BLOCK) == 0)
            return 0;
        if (!checksum_fits(h) || !number(h + 124, 12, &size))
            return fail(t, "it has a malformed header");
        if (h[156] == 'L')
            r = read_name(t, t->path, &t->named, size, "it has a path that is too long");
        else if (h[156] == 'K')
            r = read_name(t, t->link, &t->linked, size, "it has a link that is too long");
        else if (h[156] == 'x' || h[156] == 'g')
            r = read_pax(t, size, h[156] == 'g');
        else
            return begin_entry(t, h, size);
        if (r < 0)
            return -1;
    }
}

ssize_t tar_read(struct tar *t, void *buf, size_t n)
{
    if (t->error)
        return -1;
    if (n > t->left)
        n = (size_t)t->left;
    if (n == 0)
        return 0;
    int r = read_full(t, buf, n);
    if (r <= 0)
        return r == 0 ? fail(t, truncated) : -1;
    t->left -= n;
    return (ssize_t)n;
}
