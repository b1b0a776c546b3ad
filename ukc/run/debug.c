/*
 * debug.c - ukc debug: the image paused at its first instruction, and gdb attached to it.
 *
 * A posix image is gdb's own child.  A kvm image runs in QEMU, which waits for gdb on a socket below build/; the
 * symbols are those of the image, or a copy of <build>/NAME.debug (debug_symbols.c).  QEMU ends when gdb does.
 */
#include "hypervisor.h"
#include "run.h"
#include "../base/file.h"
#include "../base/process.h"
#include "../project/guard.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 10000, STEP_MS = 10, END_MS = 2000, GDB_MS = 500 /* when gdb is told, too */ };

static void add(struct project *p, word_list *argv, const char *first, const char *second)
{
    *vec_add(p->a, argv) = first;
    if (second)
        *vec_add(p->a, argv) = second;
}

/* What the user's words become, after what ukc needs itself. */
static void add_scripts(struct project *p, word_list *argv)
{
    const struct invocation *i = p->i;
    for (size_t k = 0; k < i->scripts.count; k++)
        add(p, argv, "-x", i->scripts.items[k]);
    for (size_t k = 0; k < i->evaluated.count; k++)
        add(p, argv, "-ex", i->evaluated.items[k]);
}

static bool scripts_exist(struct project *p)
{
    for (size_t k = 0; k < p->i->scripts.count; k++)
        if (!file_is_regular(p->i->scripts.items[k]))
            return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--script: there is no file '%s'", p->i->scripts.items[k]);
    return true;
}

static void begin(struct project *p, word_list *argv, const char *gdb)
{
    add(p, argv, gdb, "-q");
    if (given(p->i, OPTION_batch))
        add(p, argv, "-batch", NULL);
}

static int debug_posix(struct project *p, const struct image *image, const char *gdb)
{
    const struct invocation *i = p->i;
    word_list argv = {};
    begin(p, &argv, gdb);
    add_scripts(p, &argv);
    add(p, &argv, "--args", image->path);
    for (size_t k = 0; k < i->passed_count; k++)
        add(p, &argv, i->passed[k], NULL);
    *vec_add(p->a, &argv) = NULL;
    if (given(i, OPTION_verbose) || given(i, OPTION_dry_run))
        run_print(argv.items, given(i, OPTION_dry_run) ? stdout : stderr);
    if (given(i, OPTION_dry_run))
        return 0;
    fflush(NULL);
    signal(SIGPIPE, SIG_DFL);
    guard_leave();
    execv(argv.items[0], (char *const *)argv.items);
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", argv.items[0], strerror(errno));
    return DIAG_OUTSIDE;
}

/* ---- kvm ---- */

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static volatile sig_atomic_t end_asked; /* by which signal */

static void ask_to_end(int number)
{
    end_asked = number;
}

/* That a child has ended interrupts who waits for it. */
static void look_again(int number)
{
    (void)number;
}

/* Whoever ends us wants gdb and the machine to end too, and nothing of them to be left. */
static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = ask_to_end}; /* no SA_RESTART: who waits shall look */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGCHLD, look_again);
}

/* Its serial line is on our standard output; the keyboard is gdb's, and so is Ctrl-C. */
static pid_t start_qemu(struct project *p, const char *const *argv)
{
    pid_t parent = getpid();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDONLY);
        if (null > 0)
            dup2(null, STDIN_FILENO);
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == parent)
            execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (child < 0)
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", argv[0], strerror(errno));
    return child;
}

/* gdb would give up at once on a socket that is not there yet. */
static bool wait_for_socket(struct project *p, pid_t qemu, const char *path)
{
    struct stat state;
    for (int waited = 0; waited < START_MS && !end_asked; waited += STEP_MS) {
        if (stat(path, &state) == 0 && S_ISSOCK(state.st_mode))
            return true;
        if (waitpid(qemu, NULL, WNOHANG) != 0)
            return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "QEMU has ended before gdb could be attached");
        pause_ms(STEP_MS);
    }
    kill(qemu, SIGKILL);
    waitpid(qemu, NULL, 0);
    return !end_asked && diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "QEMU does not wait for gdb");
}

/* As waitpid says: a machine that has ended keeps the status that it had, another one ends with 0. */
static int end_qemu(pid_t qemu)
{
    int status = 0;
    kill(qemu, SIGTERM);
    for (int waited = 0; waited < END_MS; waited += STEP_MS) {
        if (waitpid(qemu, &status, WNOHANG) != 0)
            return status;
        pause_ms(STEP_MS);
    }
    kill(qemu, SIGKILL);
    waitpid(qemu, NULL, 0);
    return 0;
}

/* What the image has left, of which gdb knows only that the connection is closed; else gdb's own, or that of QEMU. */
static int status_of(int gdb, int qemu)
{
    int code = WIFEXITED(qemu) ? WEXITSTATUS(qemu) : WTERMSIG(qemu) == SIGTERM ? 0 : 128 + WTERMSIG(qemu), image = run_image_status(code);
    if (image > 0)
        fprintf(stderr, "ukc: the machine has ended with status %d\n", image);
    else if (image < 0 && code != 0)
        fprintf(stderr, "ukc: qemu has failed with status %d\n", code);
    return image >= 0 ? image : gdb ? gdb : code ? DIAG_OUTSIDE : 0;
}

/*
 * Forwards what we were asked, and insists after a while.  The machine goes first: a gdb that hears of the end while it waits for the machine
 * shows where its own Python was.  So does one that is told by SIGTERM.
 */
static int wait_for_gdb(pid_t gdb, pid_t qemu)
{
    int status = 0;
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, &before);
    for (int waited = 0; waitpid(gdb, &status, WNOHANG) == 0;) {
        if (!end_asked) {
            sigsuspend(&before);
            continue;
        }
        if (waited == 0)
            kill(qemu, SIGTERM);
        else if (waited == GDB_MS || waited >= END_MS)
            kill(gdb, waited < END_MS ? SIGHUP : SIGKILL);
        pause_ms(STEP_MS);
        waited += STEP_MS;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* gdb gets the terminal's Ctrl-C, which stops the machine; we only wait for gdb. */
static int run_gdb(struct project *p, const char *const *argv, pid_t qemu)
{
    fflush(NULL);
    pid_t gdb = fork();
    if (gdb == 0) {
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (gdb < 0) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", argv[0], strerror(errno));
        return DIAG_OUTSIDE;
    }
    void (*interrupt)(int) = signal(SIGINT, SIG_IGN);
    int status = wait_for_gdb(gdb, qemu);
    signal(SIGINT, interrupt);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void gdb_command(struct project *p, const char *gdb, const char *symbols, const char *path, word_list *argv)
{
    begin(p, argv, gdb);
    add(p, argv, symbols, NULL);
    add(p, argv, "-ex", "set architecture i386:x86-64");
    add(p, argv, "-ex", arena_printf(p->a, "target remote %s", path));
    add_scripts(p, argv);
    *vec_add(p->a, argv) = NULL;
}

static int debug_kvm(struct project *p, const struct image *image, const char *gdb)
{
    struct guest guest;
    struct qemu_options qemu;
    struct tap_made *made;
    word_list machine = {}, debugger = {};
    bool dry = given(p->i, OPTION_dry_run);
    if (!guest_make(p, image, &guest) || !qemu_options_read(p, &qemu))
        return (int)diag_status(p->d);
    qemu.gdb = watch_socket(p, &guest, "gdb");
    if (!qemu_command(p, &guest, &qemu, &machine) || !guest_complete(p, &guest, guest.cards.count, !dry) ||
        (!dry && !host_check(p, &guest)))
        return (int)diag_status(p->d);
    guest_check_ports(p, &guest);
    const char *symbols = crash_symbols_fit(p, image->path) ? debug_symbols(p, image->path) : NULL;
    if (!symbols)
        return (int)diag_status(p->d);
    gdb_command(p, gdb, symbols, qemu.gdb, &debugger);
    if (dry || !given(p->i, OPTION_quiet)) {
        run_print(machine.items, dry ? stdout : stderr);
        run_print(debugger.items, dry ? stdout : stderr);
    }
    if (dry)
        return 0;
    unlink(qemu.gdb);
    if (!tap_prepare(p, &guest, &made))
        return (int)diag_status(p->d);
    diag_print(p->d, stderr, DIAG_TEXT);
    guard_leave();
    watch_signals();
    int status = DIAG_OUTSIDE;
    pid_t child = start_qemu(p, machine.items);
    if (child > 0 && wait_for_socket(p, child, qemu.gdb)) {
        status = run_gdb(p, debugger.items, child);
        status = status_of(status, end_qemu(child));
    }
    unlink(qemu.gdb);
    tap_finish(made);
    return end_asked ? 128 + end_asked : status;
}

int command_debug(struct invocation *i)
{
    struct project p;
    struct image image;
    int status = 0;
    if (!project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, true) || !run_check_options(&p) || !scripts_exist(&p))
        return (int)diag_status(i->diag);
    if (p.configuration.target == TARGET_xen) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "this version of ukc debugs posix and kvm images, not xen");
        diag_help(i->diag, "the same project on target kvm has the same C; a Xen host has gdbsx");
        return DIAG_USAGE;
    }
    const char *gdb = run_program(&p, "gdb", "gdb");
    if (!gdb)
        return (int)diag_status(i->diag);
    if (!build_image(&p, true, &image, &status))
        return status;
    return p.configuration.target == TARGET_kvm ? debug_kvm(&p, &image, gdb) : debug_posix(&p, &image, gdb);
}
