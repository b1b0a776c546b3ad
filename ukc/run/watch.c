/*
 * watch.c - a hypervisor while it runs: it ends when it should, and the machine gets the chance to end by itself.
 *
 * SIGINT, SIGTERM and SIGHUP press the machine's power button; what has not ended after ten seconds, or the time that it is given, is killed, and a
 * second signal does not wait.  The hypervisor shares our terminal, for the serial line, and our group, but not their signals: timeout(1)
 * and systemd send SIGTERM to all of a group, the former twice to us.  One that has a power button starts with them blocked.  QEMU stops a machine that KVM cannot go on with, and would wait for ever: its control
 * socket tells us, and we end it.
 */
#include "hypervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_MS = 1000, LAST_MS = 2000, SAME_MS = 500, RETRY_MS = 20, CONNECT_MS = 10000, LINE_MOST = 16384 };

struct watch {
    pid_t child;
    enum control control;
    const char *path;
    int signals, socket, patience;
    int output; /* of the machine, as long as somebody reads it; -1: a file, a terminal, or nobody */
    struct text line;
    struct watch_end *end;
    int64_t connect_until, deadline; /* 0: none */
    int64_t asked_at, pressed_at;
    bool greeted, wanted; /* QMP takes commands now; the button is to be pressed then */
    bool terminated;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* ---- the control socket ---- */

static int connect_to(const char *path, int flags)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (s >= 0 && connect(s, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(s);
        errno = error;
        return -1;
    }
    return s;
}

/* A machine takes one connection and lets one more wait: whoever comes then would wait as long as that machine runs. */
static bool is_listened_to(const char *path)
{
    int s = connect_to(path, SOCK_NONBLOCK);
    if (s < 0)
        return errno == EAGAIN;
    close(s);
    return true;
}

/* A unikernel of several has its name twice in the path, which may then be too long for a socket (unix(7)). */
static const char *socket_path(struct project *p, const char *name, unsigned number, const char *kind)
{
    enum { MOST = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 };
    const char *more = number > 1 ? arena_printf(p->a, ".%u", number) : "", *path = project_file(p, arena_printf(p->a, "%s%s.%s", name, more, kind));
    return strlen(path) <= MOST ? path : project_file(p, arena_printf(p->a, "machine%s.%s", more, kind));
}

const char *watch_socket(struct project *p, const struct guest *g, const char *kind)
{
    const char *path = socket_path(p, g->name, 1, kind);
    for (unsigned k = 2; k < 1000 && is_listened_to(path); k++)
        path = socket_path(p, g->name, k, kind);
    return path;
}

static void say(const struct watch *w, const char *text)
{
    if (w->socket >= 0)
        (void)!send(w->socket, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static const char power_button[] = "{\"execute\":\"system_powerdown\"}\n";

/* Why the machine stands still, if it does for good: the run states of QEMU's query-status. */
static const char *halt_of(const char *line)
{
    static const struct {
        const char *state, *why;
    } halts[] = {
        {"\"internal-error\"", "KVM cannot go on with it (an internal error)"},
        {"\"io-error\"", "reading or writing a disk has failed"},
        {"\"guest-panicked\"", "it has reported a panic"},
    };
    for (size_t k = 0; strstr(line, "\"status\"") && k < sizeof halts / sizeof halts[0]; k++)
        if (strstr(line, halts[k].state))
            return halts[k].why;
    return NULL;
}

static void take_line(struct watch *w, const char *line)
{
    if (strstr(line, "\"QMP\"") && !w->greeted) {
        say(w, "{\"execute\":\"qmp_capabilities\"}\n");
        w->greeted = true;
        if (w->wanted)
            say(w, power_button);
    }
    if (strstr(line, "\"event\": \"STOP\""))
        say(w, "{\"execute\":\"query-status\"}\n");
    const char *halt = halt_of(line);
    if (halt && !w->end->halt) {
        w->end->halt = halt;
        say(w, "{\"execute\":\"quit\"}\n");
        w->deadline = now_ms() + LAST_MS;
    }
}

static void read_control(struct watch *w)
{
    char bytes[1024];
    ssize_t n = recv(w->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0) {
        close(w->socket);
        w->socket = -1;
        w->connect_until = 0;
        return;
    }
    for (ssize_t k = 0; k < n; k++) {
        if (bytes[k] == '\n') {
            take_line(w, text_string(&w->line));
            text_clear(&w->line);
        } else if (w->line.size < LINE_MOST && bytes[k]) {
            text_putc(&w->line, bytes[k]);
        }
    }
}

/*
 * QEMU forgets a press for which no image has enabled the button yet, and an image that has just begun has not: until the machine
 * ends it is pressed again, which one that has heard does not mind.
 */
static bool press_power_button(struct watch *w)
{
    w->pressed_at = now_ms();
    if (w->control == CONTROL_QMP) {
        if (w->greeted)
            say(w, power_button);
        w->wanted = true;
        return w->socket >= 0 || w->connect_until > now_ms();
    }
    int s = w->control == CONTROL_HTTP ? connect_to(w->path, 0) : -1;
    if (s < 0)
        return false;
    static const char request[] = "PUT /api/v1/vm.power-button HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    bool sent = send(s, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1;
    close(s);
    return sent;
}

/* ---- the end ---- */

static void take_signal(struct watch *w, int number)
{
    bool first = w->end->asked == 0;
    if (number == w->end->asked && now_ms() < w->asked_at + SAME_MS)
        return;
    w->end->asked = number;
    w->asked_at = now_ms();
    if (first && press_power_button(w)) {
        w->deadline = now_ms() + w->patience;
        return;
    }
    w->end->killed = w->end->second = !first;
    w->deadline = now_ms(); /* at once */
}

static void pass_deadline(struct watch *w)
{
    if (!w->terminated && w->end->asked)
        w->end->killed = true;
    if (!w->terminated && w->control == CONTROL_QMP && w->socket >= 0)
        say(w, "{\"execute\":\"quit\"}\n");
    else
        kill(w->child, w->terminated || w->control != CONTROL_NONE ? SIGKILL : SIGTERM);
    w->terminated = true;
    w->deadline = now_ms() + LAST_MS;
}

/* When the button is pressed again, or 0. */
static int64_t again_at(const struct watch *w)
{
    return w->pressed_at && !w->terminated ? w->pressed_at + AGAIN_MS : 0;
}

static int wait_ms(const struct watch *w)
{
    int64_t now = now_ms(), until = w->deadline;
    if (again_at(w) && (!until || again_at(w) < until))
        until = again_at(w);
    if (w->control == CONTROL_QMP && w->socket < 0 && w->connect_until > now && (!until || now + RETRY_MS < until))
        until = now + RETRY_MS;
    return !until ? -1 : until > now ? (int)(until - now) : 0;
}

static void step(struct watch *w)
{
    struct signalfd_siginfo info;
    struct pollfd polled[] = {{.fd = w->signals, .events = POLLIN}, {.fd = w->socket, .events = POLLIN}, {.fd = w->output}};
    if (poll(polled, 3, wait_ms(w)) < 0)
        return;
    if (polled[2].revents) { /* a hypervisor goes on when nobody reads; a process would have ended by this signal */
        w->output = -1;
        take_signal(w, SIGPIPE);
    }
    if (polled[1].revents)
        read_control(w);
    if (polled[0].revents && read(w->signals, &info, sizeof info) == sizeof info && info.ssi_signo != SIGCHLD)
        take_signal(w, (int)info.ssi_signo);
    if (w->control == CONTROL_QMP && w->socket < 0 && w->connect_until > now_ms())
        w->socket = connect_to(w->path, 0);
    if (w->deadline && now_ms() >= w->deadline)
        pass_deadline(w);
    else if (again_at(w) && now_ms() >= again_at(w))
        press_power_button(w);
}

/* ---- the beginning ---- */

static int output_of(enum control control)
{
    struct stat st;
    return control != CONTROL_NONE && fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ? STDOUT_FILENO : -1;
}

static void become(const struct watch *w, const char *const *argv, const sigset_t *before, pid_t parent, int report)
{
    sigset_t mask = *before;
    sigaddset(&mask, SIGINT); /* of the terminal: we see it too */
    sigaddset(&mask, SIGHUP);
    if (w->control != CONTROL_NONE)
        sigaddset(&mask, SIGTERM);
    prctl(PR_SET_PDEATHSIG, w->control != CONTROL_NONE ? SIGKILL : SIGTERM);
    if (getppid() != parent)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    execv(argv[0], (char *const *)argv);
    int error = errno;
    (void)!write(report, &error, sizeof error);
    _exit(127);
}

/* 0, or why it could not be started. */
static int start(struct watch *w, const char *const *argv, const sigset_t *before)
{
    int ends[2], error = 0;
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    w->child = fork();
    if (w->child == 0)
        become(w, argv, before, parent, ends[1]);
    error = w->child < 0 ? errno : 0;
    close(ends[1]);
    if (!error && read(ends[0], &error, sizeof error) == sizeof error)
        waitpid(w->child, NULL, 0);
    close(ends[0]);
    return error;
}

static void follow(struct watch *w)
{
    pid_t ended;
    while ((ended = waitpid(w->child, &w->end->status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR))
        step(w);
    if (w->socket >= 0)
        close(w->socket);
    text_dispose(&w->line);
}

bool watch_run(const char *const *argv, enum control control, const char *path, int patience, struct watch_end *end, struct diag *d)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    struct watch w = {.control = control, .path = path, .socket = -1, .output = output_of(control), .patience = patience, .end = end, .connect_until = now_ms() + CONNECT_MS};
    struct termios terminal;
    sigset_t ours, before;
    *end = (struct watch_end){};
    fflush(NULL);
    sigemptyset(&ours);
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
        sigaddset(&ours, numbers[k]);
    sigprocmask(SIG_BLOCK, &ours, &before);
    bool has_terminal = tcgetattr(STDIN_FILENO, &terminal) == 0;
    w.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    int error = w.signals < 0 ? errno : start(&w, argv, &before);
    if (!error)
        follow(&w);
    if (has_terminal && tcgetpgrp(STDIN_FILENO) == getpgrp())
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal); /* one that is killed leaves it raw */
    if (w.signals >= 0)
        close(w.signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return !error || diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", argv[0], strerror(error));
}
