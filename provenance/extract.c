/*
 * extract.c - the kept parts of an upstream archive, and nothing else.
 *
 * The archive is read twice.  The first time nothing is written: its names are
 * listed, and it is refused as a whole for a path that leaves it, a device, a
 * name twice, a link out of it, a broken stream.  The second time the kept
 * files are written, then copies for its hard links, and symbolic links last,
 * so that nothing is ever written through one.
 *
 * When everything in it lies below one directory ("lwip-2.2.1/"), that is stripped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "../ukc/base/process.h"
#include "import.h"
#include "tar.h"

#define STREAM_LIMIT ((uint64_t)4 << 30)
#define ENTRY_LIMIT 200000
#define NAMES_LIMIT ((size_t)64 << 20)

uint64_t kept_limit = (uint64_t)1 << 30;

struct member {
    const char *path, *link; /* as in the archive; later without the directory that is stripped */
    enum tar_type type;
    bool kept;
};

struct extracting {
    struct arena *arena;
    const struct wanted *wanted;
    const char *file, *root;
    struct findings *findings;
    struct diag *diag;
    VEC(struct member) members;
    size_t names; /* bytes of all names */
    const char **kept, **files; /* paths of what is kept; of the regular files among it; sorted */
    size_t kept_count, file_count, strip;
    uint64_t bytes; /* of the files that were written */
};

static bool refuse(struct extracting *x, const char *path, const char *why)
{
    finding_add(x->arena, x->findings, DIAG_INTEGRITY, x->wanted->import->span, "'%s' in the archive of '%s' %s", path, x->wanted->import->name.text, why);
    return false;
}

/* ---- the stream ---- */

static const char *const *unpacker(struct extracting *x)
{
    static const struct { const char *magic; size_t size; const char *argv[6]; } kinds[] = {
        {"\xfd" "7zXZ\0", 6, {"xz", "--decompress", "--stdout", "--memlimit-decompress=1GiB", "--"}},
        {"\x1f\x8b", 2, {"gzip", "--decompress", "--stdout", "--"}},
        {"BZh", 3, {"bzip2", "--decompress", "--stdout", "--"}},
        {"\x28\xb5\x2f\xfd", 4, {"zstd", "--decompress", "--stdout", "--quiet", "--"}},
    };
    char magic[6] = "";
    int fd = open(x->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, magic, sizeof magic);
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; n > 0 && i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((size_t)n < kinds[i].size || memcmp(magic, kinds[i].magic, kinds[i].size) != 0)
            continue;
        const char **argv = arena_array(x->arena, const char *, 8);
        size_t k = 0;
        for (; k < 6 && kinds[i].argv[k]; k++)
            argv[k] = kinds[i].argv[k];
        argv[k] = x->file;
        return argv;
    }
    finding_add(x->arena, x->findings, DIAG_INTEGRITY, x->wanted->import->span, "the archive of '%s' is not compressed with xz, gzip, bzip2 or zstd",
                x->wanted->import->name.text);
    return NULL;
}

/* Reads the archive to its end; each entry is given to `take`, which returns false to stop after a finding or a report. */
static bool read_archive(struct extracting *x, bool (*take)(struct extracting *, struct tar *))
{
    struct tar *tar = arena_new(x->arena, struct tar);
    struct stream stream;
    size_t errors = diag_errors(x->diag), before = x->findings->count;
    const char *const *argv = unpacker(x), *name = x->wanted->import->name.text;
    if (!argv)
        return false;
    if (!stream_start(x->arena, &stream, argv, x->root)) {
        finding_add(x->arena, x->findings, DIAG_OUTSIDE, x->wanted->import->span, "the archive of '%s' cannot be unpacked: '%s': %s", name, argv[0],
                    strerror(errno));
        return false;
    }
    *tar = (struct tar){.fd = stream.fd, .limit = STREAM_LIMIT};
    bool ok = true;
    while (ok && tar_next(tar) > 0)
        ok = take(x, tar) && !tar->error;
    const char *failure = stream_finish(x->arena, &stream, (ok && !tar->error) || tar_is_truncated(tar));
    if (failure || tar->error) {
        x->findings->count = before; /* the cause, instead of its consequences */
        finding_add(x->arena, x->findings, DIAG_INTEGRITY, x->wanted->import->span, "the archive of '%s' is refused: %s", name,
                    failure ? failure : tar->error);
    }
    return ok && diag_errors(x->diag) == errors && x->findings->count == before;
}

/* ---- the first time: what is in it ---- */

static bool list_entry(struct extracting *x, struct tar *t)
{
    if (t->type == TAR_DEVICE)
        return refuse(x, t->path, "is a device, a socket or a pipe");
    if (!t->path[0])
        return true;
    bool link = t->type == TAR_SYMLINK || t->type == TAR_HARDLINK;
    *vec_add(x->arena, &x->members) = (struct member){.path = arena_strdup(x->arena, t->path), .type = t->type,
                                                      .link = link ? arena_strdup(x->arena, t->link) : NULL};
    x->names += strlen(t->path) + (link ? strlen(t->link) : 0);
    if (x->members.count > ENTRY_LIMIT || x->names > NAMES_LIMIT)
        return refuse(x, t->path, "is one entry too many: it has more than 200000 of them, or 64 MiB of names");
    return true;
}

/* The length of "top/", when everything lies below it. */
static size_t single_top(const struct extracting *x)
{
    const char *first = x->members.count ? x->members.items[0].path : "";
    size_t n = strcspn(first, "/");
    for (size_t i = 0; i < x->members.count; i++) {
        const struct member *m = &x->members.items[i];
        if (strncmp(m->path, first, n) != 0 || (m->path[n] != '/' && (m->path[n] || m->type != TAR_DIRECTORY)))
            return 0;
    }
    return x->members.count ? n + 1 : 0;
}

static bool is_kept(const struct extracting *x, const char *path)
{
    return bsearch(&path, x->kept, x->kept_count, sizeof *x->kept, string_compare);
}

static bool check_names(struct extracting *x)
{
    for (size_t i = 0; i < x->kept_count; i++) {
        const char *path = x->kept[i], *fault = path_fault(x->arena, path);
        if (fault)
            return refuse(x, path, arena_printf(x->arena, "cannot be kept: %s", fault));
        if (i && strcmp(x->kept[i - 1], path) == 0)
            return refuse(x, path, "is there twice");
        unsigned depth = 0;
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
            char above[TAR_PATH] = "";
            memcpy(above, path, (size_t)(slash - path));
            if (++depth > OBJECT_DEPTH_LIMIT)
                return refuse(x, path, "is too deep");
            if (is_kept(x, above))
                return refuse(x, above, "is a file, and a directory of another file");
        }
    }
    return true;
}

/* A hard link's target is named as the archive names its entries. */
static const char *find_target(const struct extracting *x, const struct member *link)
{
    const char *path = link->link;
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (strlen(path) <= x->strip)
        return NULL;
    path += x->strip;
    return bsearch(&path, x->files, x->file_count, sizeof *x->files, string_compare) ? path : NULL;
}

static bool check_links(struct extracting *x)
{
    for (size_t i = 0; i < x->members.count; i++) {
        const struct member *m = &x->members.items[i];
        if (!m->kept)
            continue;
        const char *fault = m->type == TAR_SYMLINK ? link_fault(m->path, m->link) : NULL;
        if (fault)
            return refuse(x, m->path, arena_printf(x->arena, "is a symbolic link that %s", fault));
        if (m->type == TAR_HARDLINK && !find_target(x, m))
            return refuse(x, m->path, "is a hard link to something that is no kept file of the archive");
    }
    return true;
}

/* All that could have been meant by a part: files, and the directories that they are in. */
static void list_names(void *source, name_list *all)
{
    struct extracting *x = source;
    for (size_t i = 0; i < x->members.count; i++) {
        const char *path = x->members.items[i].path, *above = path_directory(x->arena, path);
        if (path[0] && !path_fault(x->arena, path))
            *vec_add(x->arena, all) = path;
        if (!path_fault(x->arena, above) && (all->count == 0 || strcmp(all->items[all->count - 1], above) != 0))
            *vec_add(x->arena, all) = above;
    }
}

static bool survey(struct extracting *x)
{
    if (!read_archive(x, list_entry))
        return false;
    x->strip = single_top(x);
    x->kept = arena_array(x->arena, const char *, x->members.count);
    x->files = arena_array(x->arena, const char *, x->members.count);
    for (size_t i = 0; i < x->members.count; i++) {
        struct member *m = &x->members.items[i];
        m->path += strlen(m->path) < x->strip ? strlen(m->path) : x->strip;
        m->kept = m->type != TAR_DIRECTORY && m->path[0] && wanted_keeps(x->wanted, m->path);
        if (m->kept)
            x->kept[x->kept_count++] = m->path;
        if (m->kept && m->type == TAR_FILE)
            x->files[x->file_count++] = m->path;
    }
    qsort(x->kept, x->kept_count, sizeof *x->kept, string_compare);
    qsort(x->files, x->file_count, sizeof *x->files, string_compare);
    return check_names(x) && check_links(x) && wanted_check_parts(x->arena, x->wanted, x->kept, x->kept_count, list_names, x, x->findings);
}

/* ---- the second time: what is kept of it ---- */

/* Before it is written: is there room for a file of this size? */
static bool add_bytes(struct extracting *x, const char *path, uint64_t size)
{
    if (size > IMPORT_FILE_LIMIT)
        return refuse(x, path, "is larger than 256 MiB");
    x->bytes += size;
    return x->bytes <= kept_limit || refuse(x, path, "is one file too many: what is kept has more than 1 GiB");
}

static bool copy_bytes(struct extracting *x, struct tar *t, int fd, const char *path)
{
    char chunk[65536];
    ssize_t n;
    while ((n = tar_read(t, chunk, sizeof chunk)) > 0)
        for (ssize_t done = 0, w; done < n; done += w > 0 ? w : 0)
            if ((w = write(fd, chunk + done, (size_t)(n - done))) < 0 && errno != EINTR)
                return diag_fail(x->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
    if (n == 0 && (fchmod(fd, t->executable ? 0555 : 0444) != 0 || fsync(fd) != 0))
        return diag_fail(x->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
    return n == 0;
}

static bool write_entry(struct extracting *x, struct tar *t)
{
    const char *inside = strlen(t->path) > x->strip ? t->path + x->strip : "";
    if (t->type != TAR_FILE || !is_kept(x, inside))
        return true;
    if (!add_bytes(x, inside, t->size))
        return false;
    const char *path = path_join(x->arena, x->root, inside);
    if (!file_make_directories(path_directory(x->arena, path), x->diag))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return diag_fail(x->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
    bool ok = copy_bytes(x, t, fd, path);
    close(fd);
    return ok;
}

static bool copy_file(struct extracting *x, const char *target, const char *link)
{
    const char *from = path_join(x->arena, x->root, target), *to = path_join(x->arena, x->root, link);
    struct arena *scratch = arena_create();
    struct stat st;
    const struct source *s = file_read(scratch, from, SPAN_NONE, IMPORT_FILE_LIMIT, x->diag);
    bool ok = s && add_bytes(x, link, s->size) && write_new_file(to, s->bytes, s->size, x->diag);
    if (ok && stat(from, &st) == 0 && st.st_mode & S_IXUSR)
        ok = make_executable(to, x->diag);
    arena_destroy(scratch);
    return ok;
}

static bool write_links(struct extracting *x, enum tar_type type)
{
    for (size_t i = 0; i < x->members.count; i++) {
        const struct member *m = &x->members.items[i];
        if (!m->kept || m->type != type)
            continue;
        if (type == TAR_HARDLINK ? !copy_file(x, find_target(x, m), m->path) : !write_new_link(path_join(x->arena, x->root, m->path), m->link, x->diag))
            return false;
    }
    return true;
}

bool extract_archive(struct arena *a, const struct wanted *w, const char *file, const char *root, struct findings *findings, struct diag *d)
{
    struct extracting x = {.arena = a, .wanted = w, .file = file, .root = root, .findings = findings, .diag = d};
    return survey(&x) && read_archive(&x, write_entry) && write_links(&x, TAR_HARDLINK) && write_links(&x, TAR_SYMLINK);
}
