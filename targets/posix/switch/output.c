/* output.c - a line that one host has not ended is ended when another one writes. */
#include "output.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE = 1 << 20 };

static int file = -1;
static bool hidden;
static off_t shown;
static uint32_t open_line; /* host of the line that has not ended; 0: none */

int output_open(bool quiet)
{
    hidden = quiet;
    file = memfd_create("output of hosts", MFD_CLOEXEC);
    if (file < 0 || fcntl(file, F_SETFL, O_APPEND) != 0) {
        perror("ukc-switch: no file in memory");
        return -1;
    }
    return file;
}

static void show(uint32_t host, const char *bytes, size_t size)
{
    if (open_line && open_line != host) {
        putchar('\n');
        open_line = 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (!open_line)
            printf("%u: ", host);
        putchar(bytes[i]);
        open_line = bytes[i] == '\n' ? 0 : host;
    }
}

void output_show(uint32_t host)
{
    char piece[4096];
    off_t before = shown;
    for (ssize_t got; (got = pread(file, piece, sizeof piece, shown)) > 0; shown += got)
        if (!hidden)
            show(host, piece, (size_t)got);
    if (shown != before)
        fflush(stdout);
    if (shown > LARGE && ftruncate(file, 0) == 0)
        shown = 0;
}
