/*
 * system.c - the system calls that the C library makes and that a machine can answer.
 *
 * What they stand on is in the image only if they are used.  Where the image has an instance of a signature
 * (system.h, generated) they act on it: standard output is the image's console.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <ukc/machine.h>
#include <unistd.h>

#include "system.h"

#define CALL(name) \
    long sys_##name([[maybe_unused]] long a, [[maybe_unused]] long b, [[maybe_unused]] long c, [[maybe_unused]] long d, \
                    [[maybe_unused]] long e, [[maybe_unused]] long f); \
    long sys_##name([[maybe_unused]] long a, [[maybe_unused]] long b, [[maybe_unused]] long c, [[maybe_unused]] long d, \
                    [[maybe_unused]] long e, [[maybe_unused]] long f)

/* ---- standard output and error ---- */

#ifdef SYSTEM_CONSOLE
#include "console.h"
__typeof__(console_write) console_write __asm__(SYSTEM_CONSOLE "write");
#endif

static long put(long descriptor, const void *bytes, size_t size)
{
    if (descriptor != STDOUT_FILENO && descriptor != STDERR_FILENO)
        return -EBADF;
#ifdef SYSTEM_CONSOLE
    int error = console_write(bytes, size);
    if (error)
        return error;
#else
    machine_print(bytes, size);
#endif
    return (long)size;
}

CALL(write)
{
    return put(a, (const void *)b, (size_t)c);
}

CALL(writev)
{
    const struct iovec *parts = (const struct iovec *)b;
    long total = 0;
    for (long i = 0; i < c; i++) {
        long n = put(a, parts[i].iov_base, parts[i].iov_len);
        if (n < 0)
            return total ? total : n;
        total += n;
    }
    return total;
}

/* Output is a terminal, of no known size: stdio hands on each line when it ends, not when its buffer is full. */
CALL(ioctl)
{
    if ((a != STDOUT_FILENO && a != STDERR_FILENO) || b != TIOCGWINSZ)
        return -ENOTTY;
    *(struct winsize *)c = (struct winsize){};
    return 0;
}

/* No descriptor is a file with a position, or can be closed to any effect. */

CALL(lseek)
{
    return -ESPIPE;
}

CALL(close)
{
    return 0;
}

/* ---- the end ---- */

CALL(exit_group)
{
    machine_end((int)a & 255);
}

CALL(exit)
{
    machine_end((int)a & 255);
}

/* ---- one thread: nobody to wait for or to wake, no signals ---- */

CALL(futex)
{
    return 0;
}

CALL(gettid)
{
    return 1;
}

CALL(getpid)
{
    return 1;
}

CALL(rt_sigprocmask)
{
    return 0;
}

CALL(rt_sigaction)
{
    return 0;
}

/* raise() and abort() */
CALL(tkill)
{
    machine_panic("abort");
}

/* ---- memory for malloc: whole pages, writable, never executable ---- */

static size_t pages_of(long size)
{
    return ((size_t)size + MACHINE_PAGE - 1) / MACHINE_PAGE;
}

CALL(brk)
{
    return 0; /* there is no heap that grows: malloc maps */
}

CALL(mmap)
{
    if (b <= 0 || !(d & MAP_ANONYMOUS) || (d & MAP_FIXED) || (c & PROT_EXEC))
        return -ENOMEM;
    void *memory = machine_pages_take(pages_of(b));
    return memory ? (long)memset(memory, 0, pages_of(b) * MACHINE_PAGE) : -ENOMEM;
}

CALL(munmap)
{
    machine_pages_give((void *)a, pages_of(b));
    return 0;
}

CALL(mremap)
{
    return -ENOMEM; /* realloc copies then */
}

CALL(mprotect)
{
    return c & PROT_EXEC ? -EACCES : 0;
}

CALL(madvise)
{
    return 0;
}

/* ---- time: from the image's clock, if it has one ---- */

#ifdef SYSTEM_CLOCK
#include "clock.h"
#include <ukc/deadline.h>
__typeof__(clock_now) clock_now __asm__(SYSTEM_CLOCK "now");
__typeof__(clock_wall) clock_wall __asm__(SYSTEM_CLOCK "wall");

CALL(clock_gettime)
{
    int64_t now = a == CLOCK_REALTIME ? clock_wall() : clock_now();
    *(struct timespec *)b = (struct timespec){.tv_sec = now / NANOSECONDS_PER_SECOND, .tv_nsec = now % NANOSECONDS_PER_SECOND};
    return 0;
}
#endif

/* ---- random bytes, likewise ---- */

#ifdef SYSTEM_RANDOM
#include "random.h"
__typeof__(random_fill) random_fill __asm__(SYSTEM_RANDOM "fill");

CALL(getrandom)
{
    random_fill((void *)a, (size_t)b);
    return b;
}
#endif
