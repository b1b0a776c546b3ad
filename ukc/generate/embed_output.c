/*
 * embed_output.c - a large file that is written aside, and renamed when it is whole.
 */
#include "embedding.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/file.h"

static void fail(struct output *o, const char *what)
{
    if (!o->failed)
        diag_fail(o->d, DIAG_OUTSIDE, SPAN_NONE, "cannot %s '%s': %s", what, o->path, strerror(errno));
    o->failed = true;
}

bool output_open(struct arena *a, struct output *o, const char *path, struct diag *d)
{
    *o = (struct output){.path = path, .aside = arena_printf(a, "%s.new", path), .d = d};
    if (!file_make_directories(path_directory(a, path), d))
        return false;
    o->file = fopen(o->aside, "wbe");
    if (!o->file)
        fail(o, "write");
    else
        setvbuf(o->file, NULL, _IOFBF, 1 << 18);
    return o->file;
}

void output_write(struct output *o, const void *bytes, size_t n)
{
    if (n && fwrite(bytes, 1, n, o->file) != n)
        fail(o, "write");
    o->at += n;
}

void output_align(struct output *o, uint64_t alignment)
{
    static const char zeros[64];
    while (o->at % alignment) {
        uint64_t n = alignment - o->at % alignment;
        output_write(o, zeros, n < sizeof zeros ? (size_t)n : sizeof zeros);
    }
}

void output_rewind(struct output *o, uint64_t to)
{
    if (fflush(o->file) != 0 || ftruncate(fileno(o->file), (off_t)to) != 0 || fseeko(o->file, (off_t)to, SEEK_SET) != 0)
        fail(o, "write");
    o->at = to;
}

void output_patch(struct output *o, uint64_t at, const void *bytes, size_t n)
{
    if (fseeko(o->file, (off_t)at, SEEK_SET) != 0 || fwrite(bytes, 1, n, o->file) != n || fseeko(o->file, (off_t)o->at, SEEK_SET) != 0)
        fail(o, "write");
}

bool output_finish(struct output *o, bool good)
{
    if (fclose(o->file) != 0)
        fail(o, "write");
    good = good && !o->failed;
    if (good && rename(o->aside, o->path) != 0) {
        fail(o, "replace");
        good = false;
    }
    if (!good)
        unlink(o->aside);
    return good;
}
