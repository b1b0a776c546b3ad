/*
 * run.c - starts ninja, follows it, hands signals on.
 *
 * Ninja's standard output and error both come through one pipe, so that its
 * messages and our status line cannot be mixed up on a terminal.  When ukc is killed, the kernel
 * sends ninja SIGTERM: it ends its commands, and nothing is left that builds.
 */
#include "ninja.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ukc/base/arena.h"
#include "../ukc/base/environment.h"
#include "../ukc/base/process.h"

extern char **environ;

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP};
enum { FORWARDED_COUNT = sizeof forwarded / sizeof forwarded[0] };

/* Shared with the signal handler: one ninja at a time. */
static volatile sig_atomic_t child, caught;

static void hand_on(int signal, siginfo_t *info, void *)
{
    caught = signal;
    /* a signal from the terminal's driver has reached ninja as well: it is in our process group */
    if (child > 0 && info->si_code != SI_KERNEL)
        kill((pid_t)child, signal);
}

struct handlers {
    struct sigaction before[FORWARDED_COUNT];
    sigset_t set, mask_before;
};

static void handlers_install(struct handlers *h)
{
    child = caught = 0;
    sigemptyset(&h->set);
    for (int i = 0; i < FORWARDED_COUNT; i++)
        sigaddset(&h->set, forwarded[i]);
    sigprocmask(SIG_BLOCK, &h->set, &h->mask_before); /* until the child is known */
    struct sigaction action = {.sa_sigaction = hand_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < FORWARDED_COUNT; i++) {
        sigaction(forwarded[i], NULL, &h->before[i]);
        if (h->before[i].sa_handler != SIG_IGN)
            sigaction(forwarded[i], &action, NULL);
    }
}

static void handlers_remove(struct handlers *h)
{
    for (int i = 0; i < FORWARDED_COUNT; i++)
        sigaction(forwarded[i], &h->before[i], NULL);
    sigprocmask(SIG_SETMASK, &h->mask_before, NULL);
}

/* Ours to set: see make_environment. */
static bool is_ninjas(const char *entry)
{
    return strncmp(entry, "NINJA_STATUS=", 13) == 0 || strncmp(entry, "CLICOLOR_FORCE=", 15) == 0;
}

static char **make_environment(struct arena *a, bool terminal)
{
    VEC(char *) list = {};
    for (char **e = environ; *e; e++)
        if (!environment_is_hidden_input(*e) && !is_ninjas(*e))
            *vec_add(a, &list) = *e;
    *vec_add(a, &list) = arena_strdup(a, "NINJA_STATUS=" PROGRESS_STATUS);
    if (terminal) /* else Ninja takes the colours out of the compiler's messages */
        *vec_add(a, &list) = arena_strdup(a, "CLICOLOR_FORCE=1");
    *vec_add(a, &list) = NULL;
    return list.items;
}

const char *ninja_program(void)
{
    const char *program = getenv("NINJA");
    return program && *program ? program : "ninja";
}

static char **make_arguments(struct arena *a, const struct ninja_run *run)
{
    VEC(char *) list = {};
    *vec_add(a, &list) = arena_strdup(a, ninja_program());
    *vec_add(a, &list) = arena_strdup(a, "-f");
    *vec_add(a, &list) = arena_strdup(a, run->file);
    if (run->jobs)
        *vec_add(a, &list) = arena_printf(a, "-j%u", run->jobs);
    if (run->verbose)
        *vec_add(a, &list) = arena_strdup(a, "-v");
    *vec_add(a, &list) = arena_strdup(a, "--");
    for (size_t i = 0; i < run->target_count; i++)
        *vec_add(a, &list) = arena_strdup(a, run->targets[i]);
    *vec_add(a, &list) = NULL;
    return list.items;
}

/* What execvp would find, asked first: it costs no process. */
static int find_program(const char *program)
{
    if (strchr(program, '/'))
        return access(program, X_OK) < 0 ? errno : 0;
    char *found = process_find(program);
    free(found);
    return found ? 0 : ENOENT;
}

/* In the child: what it becomes ends when ukc does, however that is.  Returns only when it cannot be started. */
static void become(char **argv, char **environment, int output, const struct handlers *h, pid_t parent)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it has ended already */
        _exit(128 + SIGTERM);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        return;
    if (input > 2)
        close(input);
    sigaction(SIGPIPE, &standard, NULL);
    for (int i = 0; i < FORWARDED_COUNT; i++)
        if (h->before[i].sa_handler != SIG_IGN)
            sigaction(forwarded[i], &standard, NULL);
    sigprocmask(SIG_SETMASK, &h->mask_before, NULL);
    execvpe(argv[0], argv, environment);
}

/* An errno value. */
static int start(char **argv, char **environment, int output, const struct handlers *h, pid_t *pid)
{
    pid_t parent = getpid();
    int told[2], error = find_program(argv[0]);
    if (error)
        return error;
    if (pipe2(told, O_CLOEXEC) < 0)
        return errno;
    *pid = fork();
    error = *pid < 0 ? errno : 0;
    if (*pid == 0) {
        become(argv, environment, output, h, parent);
        error = errno;
        _exit(write(told[1], &error, sizeof error) == sizeof error ? 127 : 126);
    }
    close(told[1]);
    bool failed = !error && read(told[0], &error, sizeof error) == sizeof error;
    close(told[0]);
    if (failed)
        waitpid(*pid, NULL, 0);
    return error;
}

static void follow(int fd, struct progress *progress)
{
    char chunk[16384];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n > 0)
            progress_feed(progress, chunk, (size_t)n);
        else if (n == 0 || errno != EINTR)
            return;
    }
}

/* The exit status, once no signal can be sent to a number that is no longer ninja's. */
static int reap(pid_t pid, const struct handlers *h)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    sigprocmask(SIG_BLOCK, &h->set, NULL);
    child = 0;
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int ninja_run(const struct ninja_run *run, bool *ran, struct diag *d)
{
    struct progress progress = {.out = run->out, .terminal = run->terminal, .verbose = run->verbose, .quiet = run->quiet, .announcement = run->announcement,
                                .undefined = run->undefined, .absent = run->absent, .output = run->output};
    struct arena *a = arena_create();
    char **argv = make_arguments(a, run), **environment = make_environment(a, run->terminal);
    int pipe_ends[2], status = -1;
    fflush(run->out);
    if (pipe2(pipe_ends, O_CLOEXEC) < 0) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "no pipe for ninja: %s", strerror(errno));
        arena_destroy(a);
        return -1;
    }
    struct handlers handlers;
    handlers_install(&handlers);
    pid_t pid = -1;
    int error = start(argv, environment, pipe_ends[1], &handlers, &pid);
    close(pipe_ends[1]);
    if (error) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", argv[0], strerror(error));
        if (error == ENOENT)
            diag_help(d, "install ninja (Debian package ninja-build), or name it in $NINJA");
    } else {
        child = (sig_atomic_t)pid;
        sigprocmask(SIG_SETMASK, &handlers.mask_before, NULL);
        follow(pipe_ends[0], &progress);
        status = reap(pid, &handlers);
    }
    close(pipe_ends[0]);
    int signal = caught;
    handlers_remove(&handlers);
    progress_finish(&progress);
    arena_destroy(a);
    if (ran)
        *ran = progress.edges > 0;
    if (run->edges)
        *run->edges = progress.edges;
    if (run->outside)
        *run->outside = !progress.any_failed || progress.no_space;
    return signal ? 128 + signal : status;
}
