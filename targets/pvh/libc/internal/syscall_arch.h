/*
 * syscall_arch.h - system calls become direct calls.  Stands in for musl's header of this name.
 *
 * The number is a constant wherever musl makes a call, so that the switch is decided by the compiler, and what
 * nothing calls is not in the image.  All are inlined always: in a cold function (abort) the compiler would else keep the whole switch.  A call that is made and that nothing in targets/pvh provides is an
 * undefined symbol, sys_<name>, when the image is linked.
 *
 * All take six arguments: the optimiser drops those that are not used.
 */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
#define IPC_64 0

#include "system_calls.h"

#define X(name) long sys_##name(long, long, long, long, long, long);
SYSTEM_CALLS(X)
#undef X
long sys_unknown(long number);

__attribute__((__always_inline__)) static __inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
    switch (n) {
#define X(name) case SYS_##name: return sys_##name(a, b, c, d, e, f);
    SYSTEM_CALLS(X)
#undef X
    }
    return sys_unknown(n);
}

__attribute__((__always_inline__)) static __inline long __syscall0(long n)
{
    return __syscall6(n, 0, 0, 0, 0, 0, 0);
}

__attribute__((__always_inline__)) static __inline long __syscall1(long n, long a)
{
    return __syscall6(n, a, 0, 0, 0, 0, 0);
}

__attribute__((__always_inline__)) static __inline long __syscall2(long n, long a, long b)
{
    return __syscall6(n, a, b, 0, 0, 0, 0);
}

__attribute__((__always_inline__)) static __inline long __syscall3(long n, long a, long b, long c)
{
    return __syscall6(n, a, b, c, 0, 0, 0);
}

__attribute__((__always_inline__)) static __inline long __syscall4(long n, long a, long b, long c, long d)
{
    return __syscall6(n, a, b, c, d, 0, 0);
}

__attribute__((__always_inline__)) static __inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
    return __syscall6(n, a, b, c, d, e, 0);
}
