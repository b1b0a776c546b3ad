/*
 * syscall_arch.h - system calls of Linux, each of which says which one it is.  Musl is compiled with this one in place of its own.
 *
 * Beside every instruction that enters the kernel the section ukc_calls gets its number, two bytes. The section of the function and its part
 * of ukc_calls stay or go together (SHF_LINK_ORDER; gABI, "Sections"): what the linked image has there is what it can call, after inlining,
 * folding and collection. seccomp.c makes a filter of it, `ukc explain --hardening` reads it. A number that is no constant is -1: any.
 *
 * The number is a constant where it is one after inlining, so all of these are inlined always.
 */
#ifndef SYSCALL_ARCH_H
#define SYSCALL_ARCH_H

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
#define VDSO_USEFUL
#define VDSO_CGT_SYM "__vdso_clock_gettime"
#define VDSO_CGT_VER "LINUX_2.6"
#define VDSO_GETCPU_SYM "__vdso_getcpu"
#define VDSO_GETCPU_VER "LINUX_2.6"
#define IPC_64 0

#ifdef SEAL_SECCOMP
#define SYSCALL_ENTER(number) "syscall\n.Lukc_call%=:\n\t.pushsection ukc_calls,\"ao\",@progbits,.Lukc_call%=\n\t.short " number "\n\t.popsection"
#else
#define SYSCALL_ENTER(number) "syscall"
#endif

/* What a call with these operands leaves in `result`. */
#define SYSCALL(result, ...)                                                                                                    \
    do {                                                                                                                        \
        if (__builtin_constant_p(n))                                                                                            \
            __asm__ __volatile__(SYSCALL_ENTER("%c[known]") : "=a"(result) : "a"(n), [known] "i"(n), __VA_ARGS__ : "rcx", "r11", "memory"); \
        else                                                                                                                    \
            __asm__ __volatile__(SYSCALL_ENTER("-1") : "=a"(result) : "a"(n), __VA_ARGS__ : "rcx", "r11", "memory");            \
    } while (0)
#define SYSCALL_INLINE static __inline __attribute__((__always_inline__, __unused__)) long

SYSCALL_INLINE __syscall1(long n, long a1)
{
    long result;
    SYSCALL(result, "D"(a1));
    return result;
}

SYSCALL_INLINE __syscall0(long n)
{
    return __syscall1(n, 0);
}

SYSCALL_INLINE __syscall2(long n, long a1, long a2)
{
    long result;
    SYSCALL(result, "D"(a1), "S"(a2));
    return result;
}

SYSCALL_INLINE __syscall3(long n, long a1, long a2, long a3)
{
    long result;
    SYSCALL(result, "D"(a1), "S"(a2), "d"(a3));
    return result;
}

SYSCALL_INLINE __syscall4(long n, long a1, long a2, long a3, long a4)
{
    long result;
    register long r10 __asm__("r10") = a4;
    SYSCALL(result, "D"(a1), "S"(a2), "d"(a3), "r"(r10));
    return result;
}

SYSCALL_INLINE __syscall5(long n, long a1, long a2, long a3, long a4, long a5)
{
    long result;
    register long r10 __asm__("r10") = a4;
    register long r8 __asm__("r8") = a5;
    SYSCALL(result, "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8));
    return result;
}

SYSCALL_INLINE __syscall6(long n, long a1, long a2, long a3, long a4, long a5, long a6)
{
    long result;
    register long r10 __asm__("r10") = a4;
    register long r8 __asm__("r8") = a5;
    register long r9 __asm__("r9") = a6;
    SYSCALL(result, "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8), "r"(r9));
    return result;
}

#endif
