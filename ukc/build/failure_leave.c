/*
 * failure_leave.c - of a ukc that Ninja called: its status, for the build (see failure.h).
 */
#include "failure.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void failure_leave(int status, const char *error, const char *diagnostics)
{
    const char *path = getenv(FAILURE_VARIABLE);
    if (!path || status <= 0 || status > DIAG_INTEGRITY)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    struct text t = {};
    text_printf(&t, "%d\n", status);
    for (; error && *error; error++)
        text_putc(&t, *error == '\n' ? ' ' : *error);
    text_printf(&t, "\n%s", diagnostics);
    if (t.size > FAILURE_MOST || write(fd, t.bytes, t.size) != (ssize_t)t.size)
        unlink(path);
    text_dispose(&t);
    close(fd);
}
