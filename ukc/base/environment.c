/*
 * environment.c - see environment.h.
 */
#include "environment.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "arena.h"
#include "text.h"

extern char **environ;

const char *const action_environment[] = {"LC_ALL=C"};
const size_t action_environment_count = sizeof action_environment / sizeof action_environment[0];

static const char *const hidden_inputs[] = {
    "CCC_OVERRIDE_OPTIONS", "CLANG_NO_DEFAULT_CONFIG", "COMPILER_PATH", "CPATH",
    "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH", "DEPENDENCIES_OUTPUT", "GCC_EXEC_PREFIX", "LD_RUN_PATH", "LIBRARY_PATH",
    "LLD_REPRODUCE", "LLD_VERSION", "OBJC_INCLUDE_PATH", "SOURCE_DATE_EPOCH", "SUNPRO_DEPENDENCIES", "ZERO_AR_DATE",
};
enum { HIDDEN_COUNT = sizeof hidden_inputs / sizeof hidden_inputs[0] };

static const char variable[] = "UKC_ENVIRONMENT", first_line[] = "ukc-environment 1\n";

/* ---- handing over: the first line, then every entry with its final zero ---- */

int environment_hand_over(void)
{
    struct text t = {};
    text_puts(&t, first_line);
    for (char **e = environ; *e; e++)
        text_append(&t, *e, strlen(*e) + 1);
    int fd = memfd_create("environment", MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < t.size;) {
        ssize_t n = write(fd, t.bytes + done, t.size - done);
        if (n <= 0) {
            close(fd);
            fd = -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    text_dispose(&t);
    return fd;
}

const char *environment_handed(struct arena *a, int fd)
{
    return arena_printf(a, "%s=%d", variable, fd);
}

/* What was handed over, in malloc'ed memory; NULL: nothing, or it is not ours. */
static char *read_handed(int fd, size_t *size)
{
    struct stat s;
    if (fd < 3 || fstat(fd, &s) < 0 || !S_ISREG(s.st_mode) || s.st_size < (off_t)strlen(first_line))
        return NULL;
    char *bytes = malloc((size_t)s.st_size + 1);
    *size = (size_t)s.st_size;
    if (bytes && pread(fd, bytes, *size, 0) == s.st_size && memcmp(bytes, first_line, strlen(first_line)) == 0) {
        bytes[*size] = 0;
        return bytes;
    }
    free(bytes);
    return NULL;
}

static void take_handed(void)
{
    const char *value = getenv(variable);
    int fd = value ? atoi(value) : -1;
    size_t size;
    char *bytes = read_handed(fd, &size);
    if (bytes) {
        close(fd);
        clearenv();
        for (char *e = bytes + strlen(first_line), *next; e < bytes + size; e = next) {
            char *equals = strchr(e, '=');
            next = e + strlen(e) + 1;
            if (!equals || equals == e)
                continue;
            *equals = 0;
            setenv(e, equals + 1, 1);
        }
        free(bytes);
    }
    unsetenv(variable);
}

static char **started_with;

/* The strings stay where they are: only the list of them changes. */
static void remember(void)
{
    size_t n = 0, kept = 0;
    while (environ && environ[n])
        n++;
    free(started_with);
    started_with = calloc(n + 1, sizeof *started_with);
    for (size_t i = 0; started_with && i < n; i++)
        if (strncmp(environ[i], variable, sizeof variable - 1) != 0 || environ[i][sizeof variable - 1] != '=')
            started_with[kept++] = environ[i];
}

char **environment_given(void)
{
    return started_with ? started_with : environ;
}

void environment_settle(void)
{
    remember();
    take_handed();
    for (size_t i = 0; i < HIDDEN_COUNT; i++)
        unsetenv(hidden_inputs[i]);
}
