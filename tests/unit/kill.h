/*
 * kill.h - ends a child at any of its system calls.
 */
#ifndef UKC_TEST_KILL_H
#define UKC_TEST_KILL_H

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "test.h"

/*
 * Runs `body` in a child and kills it at its n-th stop before or after a system
 * call; returns how many there were until then (all of them, when it ended before).
 */
static inline long kill_at(long n, bool (*body)(void))
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(body() ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD));
    for (long i = 0; i < n; i++) {
        int signal = WIFSTOPPED(status) && WSTOPSIG(status) != (SIGTRAP | 0x80) && WSTOPSIG(status) != SIGSTOP ? WSTOPSIG(status) : 0;
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            return i;
        }
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return n;
}

#endif
