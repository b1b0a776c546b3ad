/*
 * listing.c - what a directory holds, as a list with one SHA-256; and which
 * symbolic links may be in it.
 *
 * The list has a line for each file, sorted by path: "<sha256>  <path>", with
 * '*' in place of the second space for an executable, and '@' for a symbolic
 * link, whose contents are its target.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"

struct scan {
    struct arena *arena;
    const char *root;
    struct listing *listing;
    VEC(struct listed) items;
    VEC(const char *) directories;
    struct diag *diag;
};

static bool scan_file(struct scan *s, const char *path, const struct stat *st)
{
    const char *full = path_join(s->arena, s->root, path);
    struct listed item = {.path = path, .kind = st->st_mode & S_IXUSR ? OBJECT_EXECUTABLE : OBJECT_FILE};
    if (!S_ISLNK(st->st_mode)) {
        if (!hash_file(full, &item.sha256, NULL, s->diag))
            return false;
    } else {
        char target[4097];
        ssize_t n = readlink(full, target, sizeof target);
        if (n <= 0 || (size_t)n >= sizeof target)
            return diag_fail(s->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read", full);
        item.kind = OBJECT_LINK;
        item.sha256 = hash_bytes(target, (size_t)n);
    }
    *vec_add(s->arena, &s->items) = item;
    return true;
}

static bool scan_directory(struct scan *s, const char *path, unsigned depth)
{
    const char *full = path_join(s->arena, s->root, path);
    DIR *dir = depth > OBJECT_DEPTH_LIMIT ? NULL : opendir(full);
    if (!dir)
        return diag_fail(s->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", full, depth > OBJECT_DEPTH_LIMIT ? "too deep" : strerror(errno));
    *vec_add(s->arena, &s->directories) = path;
    bool ok = true, empty = depth > 0;
    for (struct dirent *e; ok && (e = readdir(dir));) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        empty = false;
        const char *below = strcmp(path, ".") == 0 ? arena_strdup(s->arena, e->d_name) : arena_printf(s->arena, "%s/%s", path, e->d_name);
        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            ok = diag_fail(s->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s/%s' cannot be read: %s", s->root, below, strerror(errno));
        else if (S_ISDIR(st.st_mode))
            ok = scan_directory(s, below, depth + 1);
        else if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
            ok = scan_file(s, below, &st);
        else
            ok = diag_fail(s->diag, DIAG_INTEGRITY, SPAN_NONE, "'%s/%s' is neither a file nor a directory", s->root, below);
    }
    closedir(dir);
    if (ok && empty) /* git has none */
        ok = diag_fail(s->diag, DIAG_INTEGRITY, SPAN_NONE, "'%s' is empty", full);
    return ok;
}

static int listed_compare(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->path, ((const struct listed *)b)->path);
}

void listing_finish(struct arena *a, struct listing *l, struct listed *items, size_t count)
{
    struct hasher *h = hasher_create();
    if (count)
        qsort(items, count, sizeof *items, listed_compare);
    l->items = items;
    l->count = count;
    l->paths = arena_array(a, const char *, count);
    for (size_t i = 0; i < count; i++) {
        char hex[HASH_HEX];
        hash_hex(&items[i].sha256, hex);
        const char *line = arena_printf(a, "%s %c%s\n", hex, " *@"[items[i].kind], items[i].path);
        hasher_add(h, line, strlen(line));
        l->paths[i] = items[i].path;
    }
    struct hash id = hasher_finish(h);
    hash_hex(&id, l->sha256);
}

const struct listing *listing_scan(struct arena *a, const char *root, struct diag *d)
{
    struct listing *l = arena_new(a, struct listing);
    struct scan s = {.arena = a, .root = root, .listing = l, .diag = d};
    if (!scan_directory(&s, ".", 0))
        return NULL;
    qsort(s.directories.items, s.directories.count, sizeof *s.directories.items, string_compare);
    l->directories = s.directories.items;
    l->directory_count = s.directories.count;
    listing_finish(a, l, s.items.items, s.items.count);
    return l;
}

/*
 * '..' is allowed only in front, and not oftener than there are directories above the link.  Those are real
 * directories, so what '..' leads to is known; and behind names, which may be links again, there is none.
 */
const char *link_fault(const char *path, const char *target)
{
    size_t above = 0;
    bool named = false;
    for (const char *p = path; (p = strchr(p, '/')); p++)
        above++;
    if (!*target || strlen(target) > 4000 || !string_is_clean_utf8(target, strlen(target)))
        return "has a target that is not a clean path";
    if (*target == '/')
        return "points to an absolute path";
    for (const char *part = target; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        size_t length = strcspn(part, "/");
        bool up = length == 2 && part[0] == '.' && part[1] == '.';
        if (up && named)
            return "has a target with '..' behind a name";
        if (up && above-- == 0)
            return "points out of its tree";
        named = named || (length > 0 && !up && !(length == 1 && part[0] == '.'));
    }
    return NULL;
}
