/* signals.c - the handler writes to an eventfd, which is all a handler may safely do. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int watched[] = {SIGINT, SIGTERM};
enum { WATCHED = sizeof watched / sizeof watched[0] };

static int descriptor = -1;
static struct sigaction previous[WATCHED];

static void handle(int number)
{
    (void)number;
    int saved = errno;
    uint64_t one = 1;
    ssize_t written = write(descriptor, &one, sizeof one);
    (void)written; /* it fails only when the counter is full: then it is readable anyway */
    errno = saved;
}

int signals_open(void)
{
    descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0)
        return -errno;
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < WATCHED; i++) {
        sigaction(watched[i], NULL, &previous[i]);
        if (previous[i].sa_handler != SIG_IGN)
            sigaction(watched[i], &action, NULL);
    }
    return descriptor;
}

void signals_close(void)
{
    if (descriptor < 0)
        return;
    for (int i = 0; i < WATCHED; i++)
        sigaction(watched[i], &previous[i], NULL);
    close(descriptor);
    descriptor = -1;
}

bool signals_taken(void)
{
    uint64_t count;
    return descriptor >= 0 && read(descriptor, &count, sizeof count) == sizeof count;
}
