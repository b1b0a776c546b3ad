/*
 * failure.c - how a ukc that a build called has failed (see failure.h).
 *
 * What cannot be written is lost: then the build has the status of any failed command.
 */
#include "failure.h"
#include "../base/file.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void failure_expect(struct project *p)
{
    const char *path = path_join(p->a, p->directory, project_file(p, "failure"));
    unlink(path);
    setenv(FAILURE_VARIABLE, path, 1);
}

struct below failure_take(struct project *p)
{
    const char *path = project_file(p, "failure");
    struct below below = {};
    struct diag *quiet = diag_create();
    unsetenv(FAILURE_VARIABLE);
    const struct source *s = file_exists(path) ? file_read(p->a, path, SPAN_NONE, FAILURE_MOST, quiet) : NULL;
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
