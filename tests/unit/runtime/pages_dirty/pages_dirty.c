/* pages_dirty.c - pages as they may come: not zeroed.  Who relies on zeros fails in tests. */
#include "pages.h"

#include <string.h>

void *pages_posix_allocate(size_t size);

enum { MOST = 1 << 20 }; /* not all of what is hardly used */

void *pages_allocate(size_t size)
{
    void *memory = pages_posix_allocate(size);
    return memory ? memset(memory, 0xa5, size < MOST ? size : MOST) : NULL;
}
