/*
 * disk.h - a small file system of our own, to fill or to make read-only.
 */
#ifndef UKC_TEST_DISK_H
#define UKC_TEST_DISK_H

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "test.h"

/* Runs `body` in a child with a tmpfs of `bytes` at ./disk; false when mounting is not permitted. */
static inline bool on_tmpfs(const char *bytes, void (*body)(void))
{
    mkdir("disk", 0755);
    pid_t pid = fork();
    if (pid == 0) {
        char options[64];
        snprintf(options, sizeof options, "size=%s,mode=755", bytes);
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "tmpfs", MS_REC | MS_PRIVATE, NULL) != 0 || mount("none", "disk", "tmpfs", 0, options) != 0)
            _exit(77);
        if (chdir("disk") != 0)
            _exit(1);
        body();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return false;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#endif
