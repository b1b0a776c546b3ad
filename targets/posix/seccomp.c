/*
 * seccomp.c - a release image tells the kernel which system calls it can make, before main; any other ends it (SIGSYS).
 *
 * The set is the linked image's own: beside each instruction that enters the kernel, section ukc_calls has its number
 * (include/ukc/syscall_arch.h). What asm sources of the C library call is added by hand, where they are in the image. Where a number is not constant
 * (musl's syscall(), setuid()) there is no filter, and none in images with the host's C library, whose calls nobody listed.
 * Beside that nothing becomes executable any more: mmap and mprotect with PROT_EXEC end the image too.
 *
 * Kernels without seccomp, and valgrind, refuse the filter; the image runs without.
 */
#ifdef SEAL_SECCOMP
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/filter.h, linux/seccomp.h, linux/audit.h, linux/prctl.h: images are built without the kernel's headers */
struct instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t value;
};
struct program {
    unsigned short length;
    const struct instruction *at;
};
enum { LOAD = 0x20, IF_EQUAL = 0x15, IF_ANY_BIT = 0x45, RETURN = 0x06 };
enum { NUMBER = 0, ARCHITECTURE = 4, PROTECTION = 16 + 2 * 8 /* the third argument's low half */ };
enum { SET_MODE_FILTER = 1, SET_NO_NEW_PRIVILEGES = 38 };
static const uint32_t X86_64 = 0xc000003e, KILL_PROCESS = 0x80000000, ALLOW = 0x7fff0000;

enum { CALLS = 512, MOST = 200 /* of the image: a jump reaches 255 instructions */ };

extern const int16_t __start_ukc_calls[] __attribute__((weak, visibility("hidden")));
extern const int16_t __stop_ukc_calls[] __attribute__((weak, visibility("hidden")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
/* asm sources of musl that enter the kernel */
extern const char __clone[] __attribute__((weak)), __unmapself[] __attribute__((weak));
#pragma weak vfork

/* Not in the set that the filter is made of: nobody calls them again. */
static long enter(long number, long a, long b, long c)
{
    long result;
    register long none4 __asm__("r10") = 0;
    register long none5 __asm__("r8") = 0;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(none4), "r"(none5) : "rcx", "r11", "memory");
    return result;
}

static bool has_loader(void)
{
    const Elf64_Ehdr *file = (const void *)__ehdr_start;
    const Elf64_Phdr *segment = (const void *)(__ehdr_start + file->e_phoff);
    for (unsigned i = 0; i < file->e_phnum; i++)
        if (segment[i].p_type == PT_INTERP)
            return true;
    return false;
}

/* False: it may make any. */
static bool collect(bool allowed[CALLS])
{
    for (const int16_t *call = __start_ukc_calls; call < __stop_ukc_calls; call++) {
        if (*call < 0 || *call >= CALLS)
            return false;
        allowed[*call] = true;
    }
    allowed[SYS_rt_sigreturn] = true;    /* how a handler of signals returns */
    allowed[SYS_restart_syscall] = true; /* what the kernel makes of a wait that was interrupted */
    if (__clone)
        allowed[SYS_clone] = allowed[SYS_exit] = true;
    if (__unmapself)
        allowed[SYS_munmap] = allowed[SYS_exit] = true;
    if (&vfork)
        allowed[SYS_vfork] = true;
    return true;
}

static void install(const bool allowed[CALLS])
{
    struct instruction code[MOST + 16];
    unsigned count = 0, calls = 0;
    for (unsigned i = 0; i < CALLS; i++)
        calls += allowed[i];
    if (calls > MOST)
        return;
    const unsigned end = calls + 5; /* kill; then allow; then what looks at the protection */
    code[count++] = (struct instruction){LOAD, 0, 0, ARCHITECTURE};
    code[count++] = (struct instruction){IF_EQUAL, 0, (uint8_t)(end - 2 - 1), X86_64};
    code[count++] = (struct instruction){LOAD, 0, 0, NUMBER};
    for (unsigned i = 0; i < CALLS; i++) {
        bool protects = i == SYS_mmap || i == SYS_mprotect;
        if (allowed[i]) {
            unsigned to = protects ? end + 1 : end;
            code[count] = (struct instruction){IF_EQUAL, (uint8_t)(to - count - 1), 0, i};
            count++;
        }
    }
    while (count < end) /* kill, twice: so that the places are easy to count */
        code[count++] = (struct instruction){RETURN, 0, 0, KILL_PROCESS};
    code[count++] = (struct instruction){RETURN, 0, 0, ALLOW};
    code[count++] = (struct instruction){LOAD, 0, 0, PROTECTION};
    code[count++] = (struct instruction){IF_ANY_BIT, 0, 1, PROT_EXEC};
    code[count++] = (struct instruction){RETURN, 0, 0, KILL_PROCESS};
    code[count++] = (struct instruction){RETURN, 0, 0, ALLOW};
    const struct program program = {(unsigned short)count, code};
    if (enter(SYS_prctl, SET_NO_NEW_PRIVILEGES, 1, 0) == 0)
        (void)enter(SYS_seccomp, SET_MODE_FILTER, 0, (long)(uintptr_t)&program);
}

__attribute__((constructor)) static void seal(void)
{
    bool allowed[CALLS] = {false};
    if (!has_loader() && __stop_ukc_calls != __start_ukc_calls && collect(allowed))
        install(allowed);
}
#endif
