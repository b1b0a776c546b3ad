/*
 * failure.c - how a ukc that a build called has failed (see failure.h).
 *
 * What cannot be written is lost: then the build has the status of any failed command.
 */
#include "failure.h"
#include "../base/file.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 1 << 20 };

static const char variable[] = "UKC_FAILURE";

void failure_expect(struct project *p)
{
    const char *path = path_join(p->a, p->directory, project_file(p, "failure"));
    unlink(path);
    setenv(variable, path, 1);
}

struct below failure_take(struct project *p)
{
    const char *path = project_file(p, "failure");
    struct below below = {};
    struct diag *quiet = diag_create();
    unsetenv(variable);
    const struct source *s = file_exists(path) ? file_read(p->a, path, SPAN_NONE, MOST, quiet) : NULL;
    diag_destroy(quiet);
    unlink(path);
    if (!s || s->size < 3 || s->bytes[0] <= '0' || s->bytes[0] > '0' + DIAG_INTEGRITY || s->bytes[1] != '\n')
        return below;
    const char *error = s->bytes + 2, *end = strchr(error, '\n');
    below.status = s->bytes[0] - '0';
    below.error = end && end > error ? arena_strndup(p->a, error, (size_t)(end - error)) : NULL;
    below.diagnostics = end ? end + 1 : "";
    return below;
}

void failure_leave(int status, const char *error, const char *diagnostics)
{
    const char *path = getenv(variable);
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
    if (t.size > MOST || write(fd, t.bytes, t.size) != (ssize_t)t.size)
        unlink(path);
    text_dispose(&t);
    close(fd);
}
