/*
 * failure.c - how a ukc that a build called has failed (see failure.h).
 *
 * What cannot be written is lost: then the build has the status of any failed command.
 */
#include "failure.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char variable[] = "UKC_FAILURE";

void failure_expect(struct project *p)
{
    const char *path = path_join(p->a, p->directory, project_file(p, "failure"));
    unlink(path);
    setenv(variable, path, 1);
}

int failure_take(struct project *p)
{
    const char *path = project_file(p, "failure");
    char digit = 0;
    unsetenv(variable);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    bool told = read(fd, &digit, 1) == 1 && digit > '0' && digit <= '0' + DIAG_INTEGRITY;
    close(fd);
    unlink(path);
    return told ? digit - '0' : 0;
}

void failure_leave(int status)
{
    const char *path = getenv(variable);
    if (!path || status <= 0 || status > DIAG_INTEGRITY)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    if (write(fd, &(char){(char)('0' + status)}, 1) != 1)
        unlink(path);
    close(fd);
}
