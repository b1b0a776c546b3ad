/*
 * stream.c - a program whose output is read as it comes: what unpacks an archive.
 *
 * Its messages go to a file, so that neither pipe can fill up while the other
 * is waited for.  How much is read is the reader's decision: a program that
 * has more to say is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"

#define PADDING_LIMIT ((size_t)1 << 20) /* zeros after an archive's end: records of tar are 10 KiB */

bool stream_start(struct arena *a, struct stream *s, const char *const *argv, const char *beside)
{
    int ends[2];
    *s = (struct stream){.fd = -1, .program = argv[0], .messages = arena_printf(a, "%s.messages", beside)};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, s->messages, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int rc = posix_spawnp(&s->pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)c_locale(a));
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc != 0) {
        close(ends[0]);
        errno = rc;
        return false;
    }
    s->fd = ends[0];
    return true;
}

/* What pads the last record is taken; what goes on for ever is not. */
static bool drain(int fd)
{
    char rest[16384];
    for (size_t total = 0; total < PADDING_LIMIT;) {
        ssize_t n = read(fd, rest, sizeof rest);
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        total += n > 0 ? (size_t)n : 0;
    }
    return false;
}

const char *stream_finish(struct arena *a, struct stream *s, bool to_the_end)
{
    int status = 0;
    bool drained = to_the_end && drain(s->fd);
    close(s->fd);
    if (!drained)
        kill(s->pid, SIGKILL);
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!to_the_end || (drained && WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return NULL;
    if (!drained)
        return "there is more after its end";
    struct diag *quiet = diag_create();
    const struct source *said = file_read(a, s->messages, SPAN_NONE, 1 << 20, quiet);
    struct text text = {};
    if (said)
        text_append(&text, said->bytes, said->size);
    const char *failure = text.size ? one_line(a, &text) : arena_printf(a, "%s failed", s->program);
    text_dispose(&text);
    diag_destroy(quiet);
    return failure;
}
