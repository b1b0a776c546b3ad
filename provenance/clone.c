/*
 * clone.c - the kept parts of a commit of a git repository, on this machine or behind an address.
 *
 * It is another process that reads the repository: a copy of this one, made with
 * fork(), which may take its time, loop or fall, and is ended when nothing
 * happens for too long.  It writes files into a directory of its own and answers through a pipe.
 *
 * A repository behind an address is first fetched into an empty one in tmp/:
 * the one commit, if the server hands out commits by their id, else all branches
 * and tags.  A repository of this machine is read where it is, without
 * libgit2's transport: objects_read.c reads its loose objects.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"
#include "objects_inside.h"

#define FETCH_SECONDS 1800                /* for everything */
#define RECEIVED_LIMIT ((size_t)2 << 30)  /* bytes from a server */
#define COUNT_LIMIT 200000                /* entries of trees */
#define PATH_LIMIT 4000                   /* bytes of a path, as path_fault() has it */

int clone_patience = 60;
size_t clone_memory = (size_t)4 << 30;

bool location_is_remote(const char *location)
{
    return string_starts(location, "https://") || string_starts(location, "http://") || string_starts(location, "git://");
}

/* A directory, or file:///directory.  "host:path", as ssh has it, is none. */
bool location_is_local(const char *location)
{
    size_t colon = strcspn(location, ":");
    return !location[colon] || strcspn(location, "/") < colon || string_starts(location, "file:///");
}

static const char *local_directory(struct arena *a, const struct import *i)
{
    const char *location = i->repository.text;
    return string_starts(location, "file:///") ? location + strlen("file://") : path_join(a, i->directory ? i->directory : ".", location);
}

const char *location_of(struct arena *a, const struct import *i)
{
    return location_is_local(i->repository.text) ? path_absolute(a, local_directory(a, i)) : i->repository.text;
}

/* ---- in the other process ---- */

enum { NAMES_DEPTH = 8, NAMES_MOST = 10000 };

struct cloning {
    struct arena *arena;
    const struct wanted *wanted;
    const char *work, *root, *directory; /* of the repository; NULL when it is behind an address */
    int answer; /* the pipe */
    struct objects *objects;
    struct findings findings;
    VEC(const char *) paths; /* of what was written */
    size_t entries;
    uint64_t bytes;
    bool too_much;
    time_t told;
};

static bool found(struct cloning *c, enum diag_class class, struct span place, const char *text)
{
    finding_add(c->arena, &c->findings, class, place, "%s", text);
    return false;
}

static void say(int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size;) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno != EINTR)
            _exit(1);
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
}

/* Something happens: at most once a second. */
static void tell_progress(struct cloning *c)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == c->told)
        return;
    c->told = now.tv_sec;
    say(c->answer, ".", 1);
}

static int on_transfer(const git_indexer_progress *p, void *context)
{
    struct cloning *c = context;
    tell_progress(c);
    c->too_much = c->too_much || p->received_bytes > RECEIVED_LIMIT;
    return c->too_much ? -1 : 0;
}

static int on_credentials(git_credential **out, const char *url, const char *user, unsigned allowed, void *context)
{
    (void)out, (void)url, (void)user, (void)allowed, (void)context;
    git_error_set_str(GIT_ERROR_NET, "it asks for a password, and ukc has none to give");
    return GIT_EAUTH;
}

static const char *git_words(struct cloning *c)
{
    const git_error *e = git_error_last();
    struct text t = {};
    text_puts(&t, c->too_much ? "it sends more than 2 GiB" : e && e->message ? e->message : "unknown error of libgit2");
    const char *line = one_line(c->arena, &t);
    text_dispose(&t);
    return line;
}

/* false: libgit2 says why. */
static bool download(struct cloning *c, git_remote *remote, char **names, size_t count)
{
    git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
    options.callbacks.credentials = on_credentials;
    options.callbacks.transfer_progress = on_transfer;
    options.callbacks.payload = c;
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options.update_fetchhead = 0;
    options.proxy_opts.type = GIT_PROXY_AUTO;
    git_strarray refspecs = {names, count};
    int rc = git_remote_connect(remote, GIT_DIRECTION_FETCH, &options.callbacks, &options.proxy_opts, NULL);
    tell_progress(c);
    if (rc == 0)
        rc = git_remote_download(remote, &refspecs, &options);
    git_remote_disconnect(remote);
    return rc == 0;
}

/* Into an empty repository, so that nothing of ours is read by libgit2 or told to the server. */
static const char *fetch_remote(struct cloning *c)
{
    const struct import *i = c->wanted->import;
    const char *directory = path_join(c->arena, c->work, "clone.git");
    char *one[] = {arena_strdup(c->arena, i->commit.text)}, *all[] = {(char[]){"+refs/heads/*:refs/heads/*"}, (char[]){"+refs/tags/*:refs/tags/*"}};
    git_repository *repository = NULL;
    git_remote *remote = NULL;
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
    bool ok = git_repository_init(&repository, directory, 1) == 0 && git_remote_create_anonymous(&remote, repository, i->repository.text) == 0 &&
              (download(c, remote, one, 1) || (!c->too_much && download(c, remote, all, 2)));
    if (!ok)
        found(c, c->too_much ? DIAG_INTEGRITY : DIAG_OUTSIDE, i->repository.span,
              arena_printf(c->arena, "'%s' cannot be fetched: %s", i->repository.text, git_words(c)));
    git_remote_free(remote);
    git_repository_free(repository);
    return ok ? directory : NULL;
}

static bool write_blob(struct cloning *c, const struct object_entry *e, const char *path, enum object_kind kind)
{
    struct arena *scratch = arena_create();
    struct diag *quiet = diag_create();
    const char *bytes, *damage = NULL, *target = path_join(c->arena, c->root, path), *fault = path_fault(c->arena, path);
    size_t size = 0;
    struct span place = c->wanted->import->commit.span;
    bool ok = fault ? found(c, DIAG_INTEGRITY, place, arena_printf(c->arena, "'%s' cannot be kept: %s", path, fault)) : true;
    if (ok && objects_read(c->objects, scratch, e->id, OBJECT_BLOB, &bytes, &size, &damage) != OBJECT_OK)
        ok = found(c, DIAG_INTEGRITY, place, arena_printf(c->arena, "'%s' cannot be read: %s", path, damage));
    c->bytes += size;
    if (ok && c->bytes > kept_limit)
        ok = found(c, DIAG_INTEGRITY, place, "what is kept of the commit has more than 1 GiB");
    if (ok && kind == OBJECT_LINK) {
        const char *leads = arena_strndup(c->arena, bytes, size);
        fault = strlen(leads) == size ? link_fault(path, leads) : "has a target that is not a clean path";
        ok = fault ? found(c, DIAG_INTEGRITY, place, arena_printf(c->arena, "'%s' is a symbolic link that %s", path, fault)) : true;
        bytes = leads;
    }
    if (ok) {
        errno = 0;
        ok = kind == OBJECT_LINK ? write_new_link(target, bytes, quiet)
                                 : write_new_file(target, bytes, size, quiet) && (kind == OBJECT_FILE || make_executable(target, quiet));
        if (!ok)
            found(c, errno == EEXIST ? DIAG_INTEGRITY : DIAG_OUTSIDE, place, arena_printf(c->arena, "'%s' cannot be written: %s", path, strerror(errno)));
        *vec_add(c->arena, &c->paths) = path;
    }
    diag_destroy(quiet);
    arena_destroy(scratch);
    tell_progress(c);
    return ok;
}

static bool write_tree(struct cloning *c, const char *tree, const char *prefix, unsigned depth);

static bool write_entry(struct cloning *c, const struct object_entry *e, const char *prefix, unsigned depth)
{
    const char *path = arena_printf(c->arena, "%s%s", prefix, e->name);
    struct span place = c->wanted->import->commit.span;
    enum object_kind kind;
    if (++c->entries > COUNT_LIMIT)
        return found(c, DIAG_INTEGRITY, place, "the commit has more than 200000 files");
    if (strlen(path) > PATH_LIMIT)
        return found(c, DIAG_INTEGRITY, place, "the commit has a path that is too long");
    if (strcmp(e->mode, "40000") == 0)
        return !wanted_keeps_below(c->wanted, path) || write_tree(c, e->id, arena_printf(c->arena, "%s/", path), depth + 1);
    if (strcmp(e->mode, "160000") == 0 && wanted_keeps_below(c->wanted, path)) {
        found(c, DIAG_INPUT, place, arena_printf(c->arena, "'%s' in '%s' is a submodule, and submodules are not fetched: %s", path,
                                                 c->wanted->import->name.text, c->wanted->import->used
                                                     ? "'use' takes whole repositories; use a commit without it"
                                                     : "keep only parts without it, and import its repository by itself"));
        return false;
    }
    if (!wanted_keeps(c->wanted, path))
        return true;
    if (!object_kind_of(strcmp(e->mode, "100664") == 0 ? "100644" : e->mode, &kind))
        return found(c, DIAG_INTEGRITY, place, arena_printf(c->arena, "'%s' has a mode that git does not know", path));
    return write_blob(c, e, path, kind);
}

/* A name that is there twice could be a link and a directory. */
static const char *find_twice(struct cloning *c, const struct object_entry *entries, size_t count)
{
    const char **names = arena_array(c->arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = entries[i].name;
    if (count)
        qsort(names, count, sizeof *names, string_compare);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return names[i];
    return NULL;
}

static bool write_tree(struct cloning *c, const char *tree, const char *prefix, unsigned depth)
{
    const struct object_entry *entries;
    const char *damage = NULL;
    size_t count = 0;
    struct span place = c->wanted->import->commit.span;
    if (depth > OBJECT_DEPTH_LIMIT)
        return found(c, DIAG_INTEGRITY, place, "the commit has directories that are too deep");
    if (objects_read_entries(c->objects, c->arena, tree, &entries, &count, &damage) != OBJECT_OK)
        return found(c, DIAG_INTEGRITY, place, arena_printf(c->arena, "the commit cannot be read: %s", damage));
    const char *twice = find_twice(c, entries, count);
    if (twice)
        return found(c, DIAG_INTEGRITY, place, arena_printf(c->arena, "'%s%s' is there twice", prefix, twice));
    for (size_t i = 0; i < count; i++)
        if (!write_entry(c, &entries[i], prefix, depth))
            return false;
    return true;
}

/* All that could have been meant, files and directories: no more than the first, and what cannot be read is left out. */
static void list_names(struct cloning *c, const char *tree, const char *prefix, unsigned depth, name_list *all)
{
    const struct object_entry *entries;
    const char *damage = NULL;
    size_t count = 0;
    if (depth > NAMES_DEPTH || objects_read_entries(c->objects, c->arena, tree, &entries, &count, &damage) != OBJECT_OK)
        return;
    for (size_t i = 0; i < count && all->count < NAMES_MOST; i++) {
        const char *path = arena_printf(c->arena, "%s%s", prefix, entries[i].name);
        if (path_fault(c->arena, path))
            continue;
        *vec_add(c->arena, all) = path;
        if (strcmp(entries[i].mode, "40000") == 0)
            list_names(c, entries[i].id, arena_printf(c->arena, "%s/", path), depth + 1, all);
    }
}

struct named_tree {
    struct cloning *cloning;
    const char *tree;
};

static void list_tree(void *source, name_list *all)
{
    struct named_tree *t = source;
    list_names(t->cloning, t->tree, "", 0, all);
}

static bool write_commit(struct cloning *c)
{
    const struct import *i = c->wanted->import;
    const char *bytes, *message, *damage = NULL;
    char tree[OBJECT_HEX];
    size_t size;
    enum object_status status = objects_read(c->objects, c->arena, i->commit.text, OBJECT_COMMIT, &bytes, &size, &damage);
    if (status == OBJECT_ABSENT)
        return found(c, DIAG_OUTSIDE, i->commit.span, arena_printf(c->arena, "'%s' has no commit %s", i->repository.text, i->commit.text));
    if (status != OBJECT_OK)
        return found(c, DIAG_INTEGRITY, i->commit.span, damage);
    if (!objects_parse_commit(c->arena, bytes, size, tree, &message))
        return found(c, DIAG_INTEGRITY, i->commit.span, "the commit is malformed");
    if (!write_tree(c, tree, "", 0))
        return false;
    if (c->paths.count)
        qsort(c->paths.items, c->paths.count, sizeof *c->paths.items, string_compare);
    struct named_tree named = {c, tree};
    return wanted_check_parts(c->arena, c->wanted, c->paths.items, c->paths.count, list_tree, &named, &c->findings);
}

static bool run(struct cloning *c)
{
    const struct import *i = c->wanted->import;
    struct diag *quiet = diag_create();
    const char *directory = c->directory, *fault = NULL;
    if (!libgit2_start(quiet))
        return found(c, DIAG_OUTSIDE, i->span, "libgit2 does not start");
    if (!directory && !(directory = fetch_remote(c)))
        return false;
    c->objects = objects_borrow(c->arena, directory, &fault);
    return c->objects ? write_commit(c) : found(c, DIAG_OUTSIDE, i->repository.span, arena_printf(c->arena, "'%s' cannot be opened: %s", i->repository.text, fault));
}

/* Before the text and, behind its NUL, the help.  A span is the same in both processes: they are copies. */
struct answer {
    enum diag_class class;
    struct span place;
    size_t size;
};

/* What this process may have more than it has now: lists of a server's references have no end, and packs unpack to anything. */
static void limit_memory(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*u %*u %*u %*u %*u %lu", &pages) == 1) {
        rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + clone_memory;
        setrlimit(RLIMIT_DATA, &(struct rlimit){most, most});
    }
    if (f)
        fclose(f);
}

_Noreturn static void work(struct cloning *c)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit_memory();
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_IGN); /* servers hang up */
    bool ok = run(c);
    for (size_t i = 0; !ok && i < c->findings.count; i++) {
        const struct finding *f = &c->findings.items[i];
        size_t text = strlen(f->text) + 1, help = f->help ? strlen(f->help) : 0;
        struct answer head = {f->class, f->place, text + help};
        say(c->answer, "F", 1);
        say(c->answer, &head, sizeof head);
        say(c->answer, f->text, text);
        say(c->answer, f->help, help);
    }
    say(c->answer, ok ? "K" : "N", 1);
    _exit(0);
}

/* ---- in this process ---- */

/* Bytes of the pipe: n of them, or fewer when it ended, or time is over. */
struct hearing {
    int fd;
    struct timespec begin;
    bool late;
};

static bool hear(struct hearing *h, void *bytes, size_t n)
{
    struct timespec now;
    for (size_t done = 0; done < n;) {
        struct pollfd p = {.fd = h->fd, .events = POLLIN};
        int rc = poll(&p, 1, clone_patience * 1000);
        clock_gettime(CLOCK_MONOTONIC, &now);
        h->late = rc == 0 || now.tv_sec - h->begin.tv_sec > FETCH_SECONDS;
        if (h->late || (rc < 0 && errno != EINTR))
            return false;
        ssize_t got = rc > 0 ? read(h->fd, (char *)bytes + done, n - done) : -1;
        if (got == 0 || (got < 0 && rc > 0 && errno != EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool hear_finding(struct arena *a, struct hearing *h, struct findings *findings)
{
    struct answer head;
    if (!hear(h, &head, sizeof head) || head.size > 65536)
        return false;
    char *text = arena_alloc(a, head.size + 1, 1);
    if (!hear(h, text, head.size))
        return false;
    finding_add(a, findings, head.class, head.place, "%s", text);
    finding_help(findings, strlen(text) + 1 < head.size ? text + strlen(text) + 1 : NULL);
    return true;
}

/* 'K' or 'N', its last word; 0 when there was none. */
static char listen_to(struct arena *a, struct hearing *h, struct findings *findings)
{
    char word = 0;
    while (hear(h, &word, 1)) {
        if (word == 'K' || word == 'N')
            return word;
        if (word == 'F' && !hear_finding(a, h, findings))
            break;
    }
    return 0;
}

bool clone_fetch(struct arena *a, struct attempt *t, const char **root, struct diag *d)
{
    const struct import *i = t->wanted->import;
    struct cloning c = {.arena = a, .wanted = t->wanted, .work = t->work, .root = path_join(a, t->work, "tree")};
    c.directory = location_is_local(i->repository.text) ? local_directory(a, i) : NULL;
    int ends[2];
    if (!file_make_directories(c.root, d))
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return diag_fail(d, DIAG_OUTSIDE, i->span, "the repository cannot be read: %s", strerror(errno));
    c.answer = ends[1];
    pid_t pid = fork();
    if (pid == 0)
        work(&c);
    close(ends[1]);
    struct hearing h = {.fd = ends[0]};
    clock_gettime(CLOCK_MONOTONIC, &h.begin);
    char word = pid > 0 ? listen_to(a, &h, &t->findings) : 0;
    close(ends[0]);
    if (pid > 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (!word)
        finding_add(a, &t->findings, DIAG_OUTSIDE, i->repository.span, "'%s' cannot be read: %s", i->repository.text,
                    h.late ? "it takes too long" : "its reader ended early");
    *root = c.root;
    return word == 'K';
}
