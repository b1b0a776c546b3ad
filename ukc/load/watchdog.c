/*
 * watchdog.c - an end for C functions of Lua that do not return.
 *
 * The step limit counts Lua's instructions; one call of string.find with a
 * hostile pattern can run for years inside a single one.  A virtual timer
 * ends the process then.  Loading writes nothing, so nothing is half-done.
 * The message is put together before the alarm, as the handler may only
 * write and exit.
 */
#include "engine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static char message[640];
static volatile sig_atomic_t message_size;
static unsigned limit;
static struct sigaction previous;

static void expired(int number)
{
    (void)number;
    ssize_t written = write(STDERR_FILENO, message, (size_t)message_size);
    (void)written;
    _exit(DIAG_INPUT);
}

static void set_timer(unsigned seconds)
{
    struct itimerval t = {.it_value.tv_sec = seconds};
    setitimer(ITIMER_VIRTUAL, &t, NULL);
}

void watchdog_file(const char *path)
{
    message_size = 0;
    int n = snprintf(
        message, sizeof message,
        "%.500s: error: evaluating this file takes more than %u seconds of processor time\n", path,
        limit);
    message_size = n > 0 && (size_t)n < sizeof message ? n : 0;
}

void watchdog_start(unsigned seconds)
{
    limit = seconds;
    watchdog_file("manifest");
    struct sigaction action = {.sa_handler = expired};
    sigemptyset(&action.sa_mask);
    sigaction(SIGVTALRM, &action, &previous);
    set_timer(seconds);
}

void watchdog_stop(void)
{
    set_timer(0);
    sigaction(SIGVTALRM, &previous, NULL);
}
