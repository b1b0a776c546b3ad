/*
 * audit_filter.c - the system calls that the kernel asks about (seccomp(2), <linux/filter.h>).
 *
 * What opens a directory is not asked about: it fails at anything else, and what is opened below it is asked about.
 *
 * A few others would open files unseen, and no compiler needs them: they do not exist for watched programs, nor do the
 * system calls of another architecture.
 */
#include "audit_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

static const int asked[] = {
#ifdef SYS_open
    SYS_open, SYS_creat,
#endif
    SYS_openat, SYS_openat2, SYS_execve, SYS_execveat, SYS_socket,
};
static const int absent[] = {SYS_io_uring_setup, SYS_open_by_handle_at};
enum { ASKED = sizeof asked / sizeof asked[0], ABSENT = sizeof absent / sizeof absent[0] };

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define X32_BIT 0x40000000 /* of a number: the x32 architecture */

/*
 * Who asks stands still until it is answered, and who answers until it is asked: both on one processor cost the kernel half as much.
 * Since Linux 6.6; the headers here are older.
 */
static void answer_in_place(int listener)
{
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#endif
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int audit_filter_install(const char **why)
{
    struct sock_filter code[11 + ASKED + ABSENT + 3];
    unsigned short n = 0, end = 11 + ASKED + ABSENT;
    code[n++] = (struct sock_filter)FIELD(arch);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | ENOSYS);
    code[n++] = (struct sock_filter)FIELD(nr);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | ENOSYS);
    /* a directory is not read by being opened, and nothing else opens so: a tenth of what clang opens */
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4);
    code[n++] = (struct sock_filter)FIELD(args[2]); /* the lower half: both architectures are little-endian */
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_DIRECTORY, 0, 1);
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_USER_NOTIF);
    for (int i = 0; i < ASKED; i++, n++)
        code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)asked[i], (unsigned char)(end - n), 0);
    for (int i = 0; i < ABSENT; i++, n++)
        code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)absent[i], (unsigned char)(end + 1 - n), 0);
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_USER_NOTIF);
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | ENOSYS);
    const struct sock_fprog program = {.len = n, .filter = code};
    unsigned action = SECCOMP_RET_USER_NOTIF;
    *why = "this kernel lets no program be watched (seccomp's user notification, Linux 5.5)";
    if (!ARCHITECTURE || syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
        return -1;
    *why = "this system forbids it (prctl, PR_SET_NO_NEW_PRIVS)";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener >= 0)
        answer_in_place(listener);
    *why = errno == EBUSY ? "a program above ukc watches already" : "this system forbids it (seccomp)";
    return listener;
}
