/*
 * guard.c - the lock of a project (see guard.h).
 */
#include "guard.h"
#include "../base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char variable[] = "UKC_GUARDED";
static int descriptor = -1;

static bool lock(struct project *p)
{
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK) {
        fprintf(stderr, "waiting for another ukc in this project\n");
        int result;
        while ((result = flock(descriptor, LOCK_EX)) != 0 && errno == EINTR)
            ;
        if (result == 0)
            return true;
    }
    return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot lock 'build/lock': %s", strerror(errno));
}

bool guard_enter(struct project *p)
{
    const char *guarded = getenv(variable);
    if (descriptor >= 0 || string_equal(guarded, p->directory))
        return true;
    if (!file_make_directories("build", p->d))
        return false;
    descriptor = open("build/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        int error = errno;
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot open 'build/lock': %s", strerror(error));
        if (error == EACCES)
            diag_help(p->d, "another user has built here: build as that user, or let them remove 'build'");
        else if (error == EISDIR || error == ELOOP || error == ENXIO)
            diag_help(p->d, "it is a file of ukc's own: remove what is there instead");
        return false;
    }
    if (!lock(p))
        return false;
    setenv(variable, p->directory, 1);
    return true;
}

int guard_held(void)
{
    return descriptor;
}

void guard_leave(void)
{
    unsetenv(variable);
    if (descriptor >= 0)
        close(descriptor);
    descriptor = -1;
}
