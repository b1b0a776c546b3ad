/* process.c - fork, then as little as possible. */
#include "process.h"

#include "../switch_host/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS = 256, LINK = 3 };

static size_t split(char *text, char **words, size_t most)
{
    size_t count = 0;
    for (char *word, *rest = text; count < most && (word = strtok_r(rest, " \t\n", &rest));)
        words[count++] = word;
    return count;
}

static _Noreturn void become(const char *image, char **words, int link, int output)
{
    int input = open("/dev/null", O_RDONLY);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    personality(ADDR_NO_RANDOMIZE);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    /* the socket first: what it replaces may be any of the others, which have copies above it */
    int high = fcntl(output, F_DUPFD, 10);
    int socket = fcntl(link, F_DUPFD, 10);
    bool placed = input >= 0 && high >= 0 && socket >= 0 && dup2(input, 0) == 0 && dup2(high, 1) == 1 && dup2(high, 2) == 2 &&
                  dup2(socket, LINK) == LINK;
    close(high);
    close(socket);
    if (placed)
        execv(image, words);
    dprintf(2, "%s: %s\n", image, strerror(errno));
    _exit(127);
}

pid_t process_start(const char *image, char *arguments, int link, int output)
{
    char *words[ARGUMENTS + 2] = {(char *)image};
    size_t count = split(arguments, words + 1, ARGUMENTS + 1);
    if (count > ARGUMENTS) {
        errno = E2BIG;
        return -1;
    }
    words[count + 1] = NULL;
    setenv(PROTOCOL_VARIABLE, "3", 1);
    pid_t process = fork();
    if (process == 0)
        become(image, words, link, output);
    return process;
}

int process_wait(pid_t process, int64_t patience)
{
    int status = 0;
    struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, process, 0), .events = POLLIN};
    int milliseconds = patience / 1000000 > 3600000 ? 3600000 : (int)(patience / 1000000) + 1, count;
    if (ended.fd < 0) /* Linux before 5.3: without a limit */
        count = 1;
    else
        do
            count = poll(&ended, 1, milliseconds);
        while (count < 0 && errno == EINTR);
    if (ended.fd >= 0)
        close(ended.fd);
    if (count <= 0)
        kill(process, SIGKILL);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        ;
    return count <= 0 ? -1 : status;
}
