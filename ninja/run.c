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

/*
 * What leads to tools and to room for their work; and where sanitizers are in ukc itself, what they are told, which
 * they read before main, when a ukc that Ninja calls has not yet taken the user's environment.
 */
static const char *const passed[] = {
    "PATH", "TMPDIR",
#ifdef __SANITIZE_ADDRESS__
    "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
#endif
};

/* `handed`: the user's environment, for a ukc below. */
static char **make_environment(struct arena *a, bool terminal, int handed)
{
    VEC(char *) list = {};
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
        if (getenv(passed[i]))
            *vec_add(a, &list) = arena_printf(a, "%s=%s", passed[i], getenv(passed[i]));
    for (size_t i = 0; i < action_environment_count; i++)
        *vec_add(a, &list) = arena_strdup(a, action_environment[i]);
    *vec_add(a, &list) = arena_strdup(a, "NINJA_STATUS=" PROGRESS_STATUS);
    if (terminal) /* else Ninja takes the colours out of the compiler's messages */
        *vec_add(a, &list) = arena_strdup(a, "CLICOLOR_FORCE=1");
    if (handed >= 0)
        *vec_add(a, &list) = arena_strdup(a, environment_handed(a, handed));
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
    return process_there(program) ? 0 : ENOENT;
}

/* How ninja is started, and what came of it. */
struct launch {
    char **argv, **environment;
    int output; /* ninja's */
    int handed; /* the user's environment, or -1 */
    int held;   /* what it holds open for its caller, or 0 */
    const struct handlers *handlers;
    pid_t pid;
    int error; /* an errno value */
};

/* In the child: what it becomes ends when ukc does, however that is.  Returns only when it cannot be started. */
static void become(const struct launch *l, pid_t parent)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it has ended already */
        _exit(128 + SIGTERM);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, 0) < 0 || dup2(l->output, 1) < 0 || dup2(l->output, 2) < 0)
        return;
    if (l->held > 2 && fcntl(l->held, F_SETFD, 0) < 0)
        return;
    if (input > 2)
        close(input);
    if (l->handed >= 0)
        fcntl(l->handed, F_SETFD, 0);
    sigaction(SIGPIPE, &standard, NULL);
    for (int i = 0; i < FORWARDED_COUNT; i++)
        if (l->handlers->before[i].sa_handler != SIG_IGN)
            sigaction(forwarded[i], &standard, NULL);
    sigprocmask(SIG_SETMASK, &l->handlers->mask_before, NULL);
    execvpe(l->argv[0], l->argv, l->environment);
}

static void start(void *context)
{
    struct launch *l = context;
    pid_t parent = getpid();
    int told[2];
    l->error = find_program(l->argv[0]);
    if (l->error)
        return;
    if (pipe2(told, O_CLOEXEC) < 0) {
        l->error = errno;
        return;
    }
    l->pid = fork();
    l->error = l->pid < 0 ? errno : 0;
    if (l->pid == 0) {
        become(l, parent);
        int error = errno;
        _exit(write(told[1], &error, sizeof error) == sizeof error ? 127 : 126);
    }
    close(told[1]);
    bool failed = !l->error && read(told[0], &l->error, sizeof l->error) == sizeof l->error;
    close(told[0]);
    if (failed)
        waitpid(l->pid, NULL, 0);
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
                                .undefined = run->undefined, .absent = run->absent, .assembly = run->assembly, .output = run->output};
    struct arena *a = arena_create();
    int pipe_ends[2], status = -1;
    fflush(run->out);
    if (pipe2(pipe_ends, O_CLOEXEC) < 0) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "no pipe for ninja: %s", strerror(errno));
        arena_destroy(a);
        return -1;
    }
    struct handlers handlers;
    handlers_install(&handlers);
    struct launch l = {.argv = make_arguments(a, run), .output = pipe_ends[1], .handed = environment_hand_over(), .held = run->held, .handlers = &handlers, .pid = -1};
    l.environment = make_environment(a, run->terminal, l.handed);
    if (run->audit)
        audit_call(run->audit, start, &l);
    else
        start(&l);
    close(pipe_ends[1]);
    if (l.handed >= 0)
        close(l.handed);
    if (l.error) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", l.argv[0], strerror(l.error));
        if (l.error == ENOENT)
            diag_help(d, "install ninja (Debian package ninja-build), or name it in $NINJA");
    } else {
        child = (sig_atomic_t)l.pid;
        sigprocmask(SIG_SETMASK, &handlers.mask_before, NULL);
        follow(pipe_ends[0], &progress);
        status = reap(l.pid, &handlers);
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
