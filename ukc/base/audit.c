/*
 * audit.c - answers the kernel's questions (see audit.h).
 *
 * Two threads: one is watched, and starts programs for the caller; the other answers, and alone writes the log.  While
 * a question is open its program stands still; so what is answered may open nothing by way of a watched thread.
 */
#include "audit.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "arena.h"
#include "audit_inside.h"
#include "file.h"
#include "map.h"
#include "memory.h"
#include "text.h"

enum { LINES_MOST = 1 << 16 };

struct audit {
    struct audit_options options;
    pthread_t watched, answering;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    void (*call)(void *);
    void *context;
    bool ready, end;
    int listener, log;
    _Atomic pid_t last_asks; /* the watched thread, which will start nothing any more: its question is the last */
    const char *why;
    /* the answering thread's own */
    struct arena *arena, *scratch; /* scratch: of the last questions */
    size_t questions;
    struct map actions; /* pid: its number among actions, twice, and one more: ukc itself; 0: it is none any more */
    uint32_t last;      /* number of the newest */
    struct map with_own; /* number of an action whose shell has started ukc, in the action's group */
    struct map seen;    /* "<number of the action> <path>": a pid may come again */
    const char *self, *directory;
    pid_t group; /* ours */
    struct text lines; /* which the log does not have yet */
    bool failed;
};

/* ---- the log ---- */

/* Who reads the log has to find all of it; until then a line is not worth a system call. */
static void write_lines(struct audit *a)
{
    if (a->lines.size && write(a->log, a->lines.bytes, a->lines.size) != (ssize_t)a->lines.size)
        a->failed = true;
    text_clear(&a->lines);
}

static void put(struct audit *a, const char *kind, pid_t action, const char *what)
{
    audit_put_line(&a->lines, kind, action, what);
    if (a->lines.size > LINES_MOST)
        write_lines(a);
}

/* ---- the program that asks ---- */

struct question {
    pid_t pid;    /* of the thread */
    pid_t action; /* 0: it belongs to none */
    const struct seccomp_data *data;
};

static bool read_memory(pid_t pid, uint64_t address, void *to, size_t size)
{
    struct iovec here = {to, size}, there = {(void *)(uintptr_t)address, size};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* A string, which may end right before a page that is not there.  NULL: it cannot be read. */
static const char *read_string(struct audit *a, pid_t pid, uint64_t address, size_t most)
{
    char page[4096];
    struct text t = {};
    const char *kept = NULL;
    while (t.size < most) {
        size_t n = sizeof page - (size_t)(address % sizeof page);
        if (!read_memory(pid, address, page, n))
            break;
        size_t length = strnlen(page, n);
        text_append(&t, page, length);
        address += n;
        if (length < n) {
            kept = text_keep(&t, a->scratch);
            break;
        }
    }
    text_dispose(&t);
    return kept;
}

static const char *link_of(struct audit *a, const char *path)
{
    char to[4096];
    ssize_t n = readlink(path, to, sizeof to);
    return n > 0 && n < (ssize_t)sizeof to ? arena_strndup(a->scratch, to, (size_t)n) : NULL;
}

/* In decimal, with `n` bytes of room behind it; not by printf, which would take a tenth of the thread's time. */
static char *number_and(struct audit *a, uint32_t number, size_t n)
{
    char digits[16], *p = digits + sizeof digits;
    do
        *--p = (char)('0' + number % 10);
    while (number /= 10);
    size_t count = (size_t)(digits + sizeof digits - p);
    char *text = arena_array(a->scratch, char, count + n + 1);
    memcpy(text, p, count);
    text[count] = 0;
    return text;
}

static const char *number(struct audit *a, pid_t pid)
{
    return number_and(a, (uint32_t)pid, 0);
}

/* 0: it is no action's. */
static uint32_t number_of(struct audit *a, pid_t pid)
{
    uint32_t value = map_get(&a->actions, number(a, pid));
    return value == MAP_ABSENT ? 0 : value / 2;
}

static void set_number(struct audit *a, pid_t pid, uint32_t action, bool own)
{
    map_set(&a->actions, arena_printf(a->arena, "%d", (int)pid), action * 2 + own);
}

/* Has the action not been seen with this path before? */
static bool is_first(struct audit *a, pid_t action, const char *path)
{
    size_t n = strlen(path);
    char *key = number_and(a, number_of(a, action), n + 1), *space = key + strlen(key);
    *space = ' ';
    memcpy(space + 1, path, n + 1);
    if (map_get(&a->seen, key) != MAP_ABSENT)
        return false;
    map_add(&a->seen, arena_strdup(a->arena, key), 1);
    return true;
}

static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    const char *after = strrchr(text, ')');
    return after && strlen(after) > 4 ? (pid_t)atoi(after + 4) : 0;
}

static bool is_own(struct audit *a, pid_t action)
{
    return number_of(a, action) && map_get(&a->actions, number(a, action)) % 2;
}

/* Or what stands in front of its compilers. */
static bool is_one(const char *program, const char *ukc)
{
    size_t n = ukc ? strlen(ukc) : 0;
    return n && strncmp(program, ukc, n) == 0 && (!program[n] || string_equal(program + n, PROGRAM_COMPILE));
}

static bool is_ukc(const struct audit *a, const char *program)
{
    return is_one(program, a->self) || is_one(program, a->options.called);
}

/* What has its pid now; without /proc nobody knows better. */
static bool runs_ukc(struct audit *a, pid_t pid)
{
    const char *program = link_of(a, arena_printf(a->scratch, "/proc/%d/exe", (int)pid));
    return !program || !a->self || is_ukc(a, program);
}

/* The ukc that it is, or that started it, below the leader of its group; 0: none. */
static pid_t own_above(struct audit *a, pid_t pid, pid_t group)
{
    for (int depth = 0; pid > 1 && pid != group && depth < 64; depth++) {
        if (is_own(a, pid) && runs_ukc(a, pid))
            return pid;
        pid = parent_of(pid);
    }
    return 0;
}

static bool has_own(struct audit *a, pid_t group)
{
    return a->with_own.count && map_get(&a->with_own, number(a, (pid_t)number_of(a, group))) != MAP_ABSENT;
}

/* That of its group, unless it belongs to a ukc in it; who left the group belongs to its nearest ancestor's. */
static pid_t action_of(struct audit *a, pid_t pid)
{
    pid_t group = getpgid(pid), own = has_own(a, group) && group != a->group ? own_above(a, pid, group) : 0;
    if (own)
        return own;
    if (group == a->group || number_of(a, group))
        return group == a->group ? 0 : group;
    for (int depth = 0; pid > 1 && depth < 64; depth++) {
        if (number_of(a, pid))
            return pid;
        pid = parent_of(pid);
    }
    return 0;
}

/* ---- paths ---- */

/* NULL: nobody knows. */
static const char *full_path(struct audit *a, const struct question *q, int at, const char *path)
{
    if (*path != '/') {
        char link[64];
        if (at == AT_FDCWD)
            snprintf(link, sizeof link, "/proc/%d/cwd", (int)q->pid);
        else
            snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)q->pid, at);
        const char *directory = link_of(a, link);
        if (!directory && at != AT_FDCWD)
            return NULL;
        /* without /proc: nothing that ukc starts leaves the directory */
        path = path_join(a->scratch, directory ? directory : a->directory, path);
    }
    return path_normal(a->scratch, path);
}

/* As the log has it. */
static const char *shown(const struct audit *a, const char *path)
{
    size_t n = strlen(a->directory);
    return strncmp(path, a->directory, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* ---- questions ---- */

/* 0: go on; else an errno value. */
static int note(struct audit *a, const struct question *q, const char *kind, const char *path)
{
    if (is_first(a, q->action, path))
        put(a, kind, q->action, path);
    return a->options.allowed && !a->options.allowed(a->options.context, path) ? EACCES : 0;
}

/* A named pipe to which nobody may ever write: its reader would wait. */
static bool is_named_pipe(const char *path, const struct stat *s, uint64_t flags)
{
    return S_ISFIFO(s->st_mode) && !(flags & O_NONBLOCK) && !string_starts(path, "/proc/") && !string_starts(path, "/dev/");
}

static int opened(struct audit *a, const struct question *q, int at, uint64_t address, uint64_t flags)
{
    if (!q->action || is_own(a, q->action)) {
        write_lines(a); /* it may be the log */
        return 0;
    }
    const char *given = read_string(a, q->pid, address, 4096), *path = given ? full_path(a, q, at, given) : NULL;
    if (!path) {
        put(a, "missed", q->action, given ? given : "a path cannot be read");
        return 0;
    }
    struct stat s;
    bool there = stat(path, &s) == 0;
    path = shown(a, path);
    bool writes = (flags & O_ACCMODE) == O_WRONLY || ((flags & O_CREAT) && (!there || (flags & O_TRUNC)));
    if (writes) {
        is_first(a, q->action, path); /* what it makes it may read */
        return 0;
    }
    if (!there && *path != '/' && is_first(a, q->action, path))
        put(a, "absent", q->action, path);
    if (!there || S_ISDIR(s.st_mode) || (flags & O_PATH) || (S_ISCHR(s.st_mode) && string_equal(path, "/dev/null")))
        return 0;
    if (!is_named_pipe(path, &s, flags))
        return note(a, q, "read", path);
    put(a, "pipe", q->action, path);
    return ENXIO;
}

/* What the shell is given, or all words. */
static const char *command_line(struct audit *a, const struct question *q, uint64_t argv)
{
    struct text t = {};
    uint64_t address;
    const char *first = NULL;
    for (size_t i = 0; i < 100000 && read_memory(q->pid, argv + 8 * i, &address, 8) && address; i++) {
        const char *word = read_string(a, q->pid, address, (size_t)1 << 21);
        if (!word)
            break;
        if (i == 0)
            first = word;
        if (i == 2 && string_equal(path_base(first), "sh") && string_equal(text_string(&t), arena_printf(a->scratch, "%s -c", first))) {
            text_clear(&t);
            text_puts(&t, word);
            break;
        }
        if (i)
            text_putc(&t, ' ');
        text_shell_word(&t, word);
    }
    const char *kept = text_keep(&t, a->scratch);
    text_dispose(&t);
    return kept;
}

/* A shell that does not replace itself by its last command starts ukc beside it. */
static void mark_own(struct audit *a, const struct question *q, const char *path)
{
    bool own = is_ukc(a, path) && q->action;
    if (own)
        set_number(a, q->pid, ++a->last, true);
    else if (number_of(a, q->pid)) /* it becomes something else, or its pid was an action's */
        set_number(a, q->pid, 0, false);
    if (own)
        map_add(&a->with_own, arena_strdup(a->arena, number(a, (pid_t)number_of(a, getpgid(q->pid)))), 1);
}

/* The leader of a group begins something else. */
static void begin_action(struct audit *a, struct question *q, const char *path, uint64_t argv)
{
    /* a pid that is used again begins with the shell again */
    if (!number_of(a, q->pid) || string_equal(path_base(path), "sh")) {
        set_number(a, q->pid, ++a->last, false);
        put(a, "action", q->pid, command_line(a, q, argv));
    }
    q->action = q->pid;
    set_number(a, q->pid, number_of(a, q->pid), is_ukc(a, path));
}

static int executed(struct audit *a, struct question *q, int at, uint64_t address, uint64_t argv)
{
    const char *given = read_string(a, q->pid, address, 4096), *path = given ? full_path(a, q, at, given) : NULL;
    if (!path || access(path, X_OK) != 0) /* the next directory of PATH, perhaps */
        return 0;
    /* what a ukc starts that is itself an action: those of the C library */
    if (q->pid == getpgid(q->pid) && (!q->action || q->action == q->pid || is_own(a, q->action)))
        begin_action(a, q, path, argv);
    if (q->pid != getpgid(q->pid)) {
        mark_own(a, q, path);
        q->action = action_of(a, q->pid); /* a ukc that becomes another program is no ukc any more */
    }
    return q->action && !is_own(a, q->action) ? note(a, q, "run", shown(a, path)) : 0;
}

static int network(struct audit *a, const struct question *q, int family)
{
    if (!q->action || is_own(a, q->action) || family == AF_UNIX)
        return 0;
    put(a, "network", q->action, family == AF_INET ? "IPv4" : family == AF_INET6 ? "IPv6" : "other");
    return EACCES;
}

static int answer(struct audit *a, struct question *q)
{
    const uint64_t *x = (const uint64_t *)q->data->args;
    struct open_how how;
    switch (q->data->nr) {
#ifdef SYS_open
    case SYS_open:
        return opened(a, q, AT_FDCWD, x[0], x[1]);
    case SYS_creat:
        return opened(a, q, AT_FDCWD, x[0], O_CREAT | O_WRONLY | O_TRUNC);
#endif
    case SYS_openat:
        return opened(a, q, (int)x[0], x[1], x[2]);
    case SYS_openat2:
        return x[3] >= sizeof how && read_memory(q->pid, x[2], &how, sizeof how) ? opened(a, q, (int)x[0], x[1], how.flags) : ENOSYS;
    case SYS_execve:
        return executed(a, q, AT_FDCWD, x[0], x[1]);
    case SYS_execveat:
        return executed(a, q, (int)x[0], x[1], x[2]);
    case SYS_socket:
        return network(a, q, (int)x[0]);
    }
    return 0;
}

/* False: that was the last question; or nobody can ask. */
static bool answer_one(struct audit *a, struct seccomp_notif *asked, size_t asked_size, struct seccomp_notif_resp *told, size_t told_size)
{
    memset(asked, 0, asked_size);
    memset(told, 0, told_size);
    if (ioctl(a->listener, SECCOMP_IOCTL_NOTIF_RECV, asked) != 0)
        return errno == EINTR || errno == ENOENT; /* it was ended meanwhile */
    struct question q = {.pid = (pid_t)asked->pid, .data = &asked->data};
    bool last = q.pid == a->last_asks; /* before it is answered: then its thread goes on, and may say that its next is the last */
    if (a->questions++ % 1024 == 0) {
        arena_destroy(a->scratch);
        a->scratch = arena_create();
    }
    q.action = action_of(a, q.pid);
    int error = answer(a, &q);
    told->id = asked->id;
    told->error = -error;
    told->flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    bool told_it = ioctl(a->listener, SECCOMP_IOCTL_NOTIF_SEND, told) == 0 || errno == ENOENT || errno == EINTR;
    return told_it && !last;
}

static void *answer_all(void *context)
{
    struct audit *a = context;
    struct seccomp_notif_sizes sizes = {};
    syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    size_t asked_size = sizes.seccomp_notif > sizeof(struct seccomp_notif) ? sizes.seccomp_notif : sizeof(struct seccomp_notif);
    size_t told_size = sizes.seccomp_notif_resp > sizeof(struct seccomp_notif_resp) ? sizes.seccomp_notif_resp : sizeof(struct seccomp_notif_resp);
    struct seccomp_notif *asked = malloc(asked_size);
    struct seccomp_notif_resp *told = malloc(told_size);
    if (!asked || !told)
        memory_exhausted();
    while (answer_one(a, asked, asked_size, told, told_size)) /* no poll(2) in between: there are thousands of questions */
        ;
    free(asked);
    free(told);
    return NULL;
}

/* ---- the watched thread ---- */

static void *be_watched(void *context)
{
    struct audit *a = context;
    int listener = audit_filter_install(&a->why);
    pthread_mutex_lock(&a->mutex);
    a->listener = listener;
    a->ready = true;
    pthread_cond_broadcast(&a->changed);
    while (listener >= 0 && !a->end) {
        pthread_cond_wait(&a->changed, &a->mutex);
        if (!a->call)
            continue;
        pthread_mutex_unlock(&a->mutex);
        a->call(a->context);
        pthread_mutex_lock(&a->mutex);
        a->call = NULL;
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->mutex);
    if (listener >= 0) {
        a->last_asks = (pid_t)syscall(SYS_gettid);
        int nothing = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* ends the other thread: nothing else ends its waiting on all kernels */
        if (nothing >= 0)
            close(nothing);
    }
    return NULL;
}

void audit_call(struct audit *a, void (*f)(void *), void *context)
{
    pthread_mutex_lock(&a->mutex);
    a->call = f;
    a->context = context;
    pthread_cond_broadcast(&a->changed);
    while (a->call)
        pthread_cond_wait(&a->changed, &a->mutex);
    pthread_mutex_unlock(&a->mutex);
}

/* ---- beginning and end ---- */

static void dispose(struct audit *a)
{
    const int fds[] = {a->listener, a->log};
    for (size_t i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    map_dispose(&a->actions);
    map_dispose(&a->with_own);
    map_dispose(&a->seen);
    text_dispose(&a->lines);
    pthread_mutex_destroy(&a->mutex);
    pthread_cond_destroy(&a->changed);
    arena_destroy(a->scratch);
    arena_destroy(a->arena);
    free(a);
}

/* The two threads; signals are for the caller's. */
static bool start_threads(struct audit *a)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool good = pthread_create(&a->watched, NULL, be_watched, a) == 0;
    pthread_mutex_lock(&a->mutex);
    while (good && !a->ready)
        pthread_cond_wait(&a->changed, &a->mutex);
    pthread_mutex_unlock(&a->mutex);
    if (good && a->listener < 0) {
        pthread_join(a->watched, NULL);
        good = false;
    }
    if (good && pthread_create(&a->answering, NULL, answer_all, a) != 0)
        memory_exhausted();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}

struct audit *audit_begin(const struct audit_options *options, const char **why)
{
    struct audit *a = calloc(1, sizeof *a);
    if (!a)
        memory_exhausted();
    a->options = *options;
    a->arena = arena_create();
    a->scratch = arena_create();
    a->why = "no thread can be started";
    a->listener = -1;
    unlink(options->log); /* a project may have been handed over with a link of this name, to a file that is not its own */
    a->log = open(options->log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    const char *asked = link_of(a, "/proc/self/exe"), *self = asked ? asked : options->program;
    a->self = self ? arena_strdup(a->arena, self) : NULL;
    a->group = getpgrp();
    char *directory = options->directory ? NULL : getcwd(NULL, 0);
    a->directory = arena_strdup(a->arena, options->directory ? options->directory : directory ? directory : "/");
    free(directory);
    pthread_mutex_init(&a->mutex, NULL);
    pthread_cond_init(&a->changed, NULL);
    if (a->log < 0)
        a->why = "its log cannot be written";
    if (a->log >= 0 && start_threads(a))
        return a;
    *why = a->why;
    dispose(a);
    return NULL;
}

bool audit_end(struct audit *a)
{
    pthread_mutex_lock(&a->mutex);
    a->end = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->mutex);
    pthread_join(a->watched, NULL);
    pthread_join(a->answering, NULL);
    write_lines(a);
    bool good = !a->failed;
    dispose(a);
    return good;
}
