/*
 * process.c - runs one program to its end.
 *
 * posix_spawn reports a failed exec, and costs no copy of our page tables.
 * Input is a memory file, so that only the child's output has to be polled
 * and no child can block us by not reading.  Captured output ends when every
 * holder of the pipe has closed it: a daemon started with it would be waited for.
 */
#include "process.h"
#include "arena.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

extern char **environ;

/* Descriptors of one run; -1 where there is none. */
struct ends {
    int input, out[2], err[2];
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(struct ends *e)
{
    close_end(&e->input);
    for (int i = 0; i < 2; i++) {
        close_end(&e->out[i]);
        close_end(&e->err[i]);
    }
}

/* Above the three standard descriptors, which file actions overwrite. */
static bool raise_fd(int *fd)
{
    if (*fd < 0 || *fd > 2)
        return *fd >= 0;
    int higher = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    close(*fd);
    *fd = higher;
    return higher >= 0;
}

static bool open_pipe(int pair[2])
{
    return pipe2(pair, O_CLOEXEC) == 0 && raise_fd(&pair[0]) && raise_fd(&pair[1]);
}

static bool open_input(int *fd, const char *bytes)
{
    if (!bytes) {
        *fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return raise_fd(fd);
    }
    *fd = memfd_create("input", MFD_CLOEXEC);
    if (!raise_fd(fd))
        return false;
    for (size_t left = strlen(bytes); left;) {
        ssize_t n = write(*fd, bytes, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        left -= (size_t)n;
    }
    return lseek(*fd, 0, SEEK_SET) == 0;
}

static bool open_ends(const struct process *p, struct ends *e)
{
    *e = (struct ends){-1, {-1, -1}, {-1, -1}};
    return open_input(&e->input, p->input) && (!p->out || open_pipe(e->out)) &&
           (!p->err || p->err == p->out || open_pipe(e->err));
}

/*
 * What posix_spawn would find, asked first: where vfork is a plain fork (under
 * valgrind, in some emulators) it reports a failed exec as status 127.
 */
static int check_program(const struct process *p)
{
    if (p->directory && access(p->directory, X_OK) < 0)
        return errno;
    if (strchr(p->argv[0], '/')) /* a relative path is looked up from p->directory */
        return (*p->argv[0] == '/' || !p->directory) && access(p->argv[0], X_OK) < 0 ? errno : 0;
    return process_there(p->argv[0]) ? 0 : ENOENT;
}

/* An errno value. */
static int spawn(const struct process *p, const struct ends *e, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) || posix_spawnattr_init(&attributes))
        memory_exhausted();
    int error = posix_spawn_file_actions_adddup2(&actions, e->input, 0);
    if (!error && p->out)
        error = posix_spawn_file_actions_adddup2(&actions, e->out[1], 1);
    if (!error && p->err)
        error = posix_spawn_file_actions_adddup2(&actions, p->err == p->out ? e->out[1] : e->err[1], 2);
    if (!error && p->directory)
        error = posix_spawn_file_actions_addchdir_np(&actions, p->directory);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    /* what we have printed comes before what the child prints */
    fflush(stdout);
    fflush(stderr);
    char *const *environment = p->environment ? (char *const *)p->environment : environ;
    if (!error)
        error = posix_spawnp(pid, p->argv[0], &actions, &attributes, (char *const *)p->argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Reads what is there; false at the end. */
static bool drain(int fd, struct text *into)
{
    char chunk[16384];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n > 0)
        text_append(into, chunk, (size_t)n);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* It may say why; then it ends in any case. */
static void end(pid_t pid)
{
    kill(pid, SIGTERM);
    for (int tries = 0; tries < 20; tries++) {
        siginfo_t ended = {};
        if (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == pid)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
    }
    kill(pid, SIGKILL);
}

/* False: patience was lost, or it says too much. */
static bool collect(const struct process *p, struct ends *e)
{
    int wait = p->patience ? (int)(p->patience < 1000000 ? p->patience : 1000000) * 1000 : -1;
    struct {
        int *fd;
        struct text *into;
    } pipes[2] = {{&e->out[0], p->out}, {&e->err[0], p->err}};
    while (*pipes[0].fd >= 0 || *pipes[1].fd >= 0) {
        struct pollfd polled[2] = {{.fd = *pipes[0].fd, .events = POLLIN}, {.fd = *pipes[1].fd, .events = POLLIN}};
        int ready = poll(polled, 2, wait);
        if (ready < 0) {
            if (errno == EINTR)
                continue;
            return true;
        }
        if (ready == 0)
            return false;
        for (int i = 0; i < 2; i++) {
            if (polled[i].fd >= 0 && polled[i].revents && !drain(polled[i].fd, pipes[i].into))
                close_end(pipes[i].fd);
            if (p->limit && pipes[i].into && pipes[i].into->size >= p->limit)
                return false;
        }
    }
    return true;
}

int process_run(const struct process *p, struct diag *d)
{
    struct ends ends;
    if (!open_ends(p, &ends)) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", p->argv[0], strerror(errno));
        close_all(&ends);
        return -1;
    }
    pid_t pid;
    int error = check_program(p);
    if (!error)
        error = spawn(p, &ends, &pid);
    if (error) {
        close_all(&ends);
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", p->argv[0], strerror(error));
        return -1;
    }
    close_end(&ends.input);
    close_end(&ends.out[1]);
    close_end(&ends.err[1]);
    bool lost = !collect(p, &ends);
    if (lost)
        end(pid);
    if (p->lost)
        *p->lost = lost;
    close_all(&ends);
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot wait for '%s': %s", p->argv[0], strerror(errno));
            return -1;
        }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* directory/program made absolute, if it is a program. */
static char *try_program(const char *directory, size_t length, const char *program)
{
    struct text t = {};
    if (!length || *directory != '/') {
        char *here = getcwd(NULL, 0);
        text_puts(&t, here ? here : ".");
        text_putc(&t, '/');
        free(here);
    }
    text_append(&t, directory, length);
    text_puts(&t, length ? "/" : "");
    text_puts(&t, program);
    if (is_program(t.bytes))
        return t.bytes;
    text_dispose(&t);
    return NULL;
}

/* In malloc'ed memory. */
static char *find(const char *program)
{
    if (!*program)
        return NULL;
    if (strchr(program, '/'))
        return *program == '/' ? is_program(program) ? strdup(program) : NULL : try_program("", 0, program);
    const char *path = getenv("PATH");
    if (!path)
        path = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t length = strcspn(path, ":");
        char *found = try_program(path, length, program);
        if (found || !path[length])
            return found;
        path += length + 1;
    }
}

const char *process_find(struct arena *a, const char *program)
{
    char *found = find(program);
    const char *kept = found ? arena_strdup(a, found) : NULL;
    free(found);
    return kept;
}

bool process_there(const char *program)
{
    char *found = find(program);
    free(found);
    return found;
}

const char *process_answer(struct arena *a, const char *const *argv)
{
    struct text out = {}, err = {};
    struct diag *quiet = diag_create();
    int status = process_run(&(struct process){.argv = argv, .out = &out, .err = &err}, quiet);
    const char *kept = status == 0 ? text_keep(&out, a) : NULL;
    diag_destroy(quiet);
    text_dispose(&out);
    text_dispose(&err);
    return kept;
}
