/*
 * watchdog.c - an end for C functions of Lua that do not return.
 *
 * The step limit counts Lua's instructions; one call of string.find with a
 * hostile pattern can run for years inside a single one.  A timer ends the
 * process then.  It counts the system's work for the process as well: most of
 * a loop over fresh memory is page faults.  A second one, far longer, goes by
 * the clock on the wall, for what waits and does not work.  Loading writes
 * nothing, so nothing is half-done.  The messages are put together before the
 * alarm, as the handler may only write and exit.
 */
#include "engine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE = 12 }; /* seconds on the wall for one of processor time */

static struct alarm {
    int timer, number;
    unsigned factor;
    const char *what;
    char message[768];
    volatile sig_atomic_t size;
    struct sigaction previous;
} alarms[] = {
    {.timer = ITIMER_PROF, .number = SIGPROF, .factor = 1, .what = "seconds of processor time"},
    {.timer = ITIMER_REAL, .number = SIGALRM, .factor = PATIENCE, .what = "seconds"},
};
enum { ALARMS = sizeof alarms / sizeof *alarms };
static unsigned limit;

static void expired(int number)
{
    const struct alarm *a = &alarms[number == alarms[1].number];
    ssize_t written = write(STDERR_FILENO, a->message, (size_t)a->size);
    (void)written;
    _exit(DIAG_INPUT);
}

static void set_timers(unsigned seconds)
{
    for (int i = 0; i < ALARMS; i++) {
        struct itimerval t = {.it_value.tv_sec = seconds * alarms[i].factor};
        setitimer(alarms[i].timer, &t, NULL);
    }
}

void watchdog_file(const char *path)
{
    for (int i = 0; i < ALARMS; i++) {
        struct alarm *a = &alarms[i];
        a->size = 0;
        int n = snprintf(a->message, sizeof a->message,
                         "%.500s: error: evaluating this file takes more than %u %s\n"
                         "help: a loop, or a pattern that tries too much (string.find, gsub)? others take milliseconds\n", path,
                         limit * a->factor, a->what);
        a->size = n > 0 && (size_t)n < sizeof a->message ? n : 0;
    }
}

void watchdog_start(unsigned seconds)
{
    limit = seconds;
    watchdog_file("manifest");
    struct sigaction action = {.sa_handler = expired};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < ALARMS; i++)
        sigaction(alarms[i].number, &action, &alarms[i].previous);
    set_timers(seconds);
}

void watchdog_stop(void)
{
    set_timers(0);
    for (int i = 0; i < ALARMS; i++)
        sigaction(alarms[i].number, &alarms[i].previous, NULL);
}
