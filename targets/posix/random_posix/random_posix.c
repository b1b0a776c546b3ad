/*
 * random_posix.c - random bytes from getrandom(2).
 *
 * A request of up to 256 bytes is never interrupted and never short once the
 * kernel's generator is ready (getrandom(2)), which start waits for.
 */
#include "random_posix.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { PIECE = 256 };

int random_posix_start(void)
{
    char byte;
    while (getrandom(&byte, 1, 0) != 1)
        if (errno != EINTR)
            return -errno;
    return 0;
}

void random_posix_fill(void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size < PIECE ? size : PIECE, 0);
        if (got < 0 && errno != EINTR)
            abort(); /* it worked at start: going on without randomness is not an option */
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}
