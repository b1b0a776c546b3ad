/*
 * fresh.c - see fresh.h.
 */
#include "fresh.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/file.h"
#include "../base/text.h"

/* Ours, and nobody works there.  What has no lock was kept, or is of a process that is about to take it. */
static bool is_dead(struct arena *a, const char *directory)
{
    struct stat st;
    if (lstat(directory, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        return false;
    int fd = open(path_join(a, directory, ".lock"), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool dead = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd >= 0)
        close(fd);
    return dead;
}

static void remove_dead(struct arena *a, const char *temporary, const char *prefix)
{
    struct diag *quiet = diag_create(); /* what cannot be removed hinders nobody */
    DIR *dir = opendir(temporary);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (string_starts(e->d_name, prefix) && is_dead(a, path_join(a, temporary, e->d_name)))
            file_remove_tree(path_join(a, temporary, e->d_name), quiet);
    if (dir)
        closedir(dir);
    diag_destroy(quiet);
}

bool fresh_make(struct fresh *f, struct invocation *i, const char *what)
{
    const char *given = getenv("TMPDIR"), *temporary = given && *given == '/' ? given : "/tmp", *prefix = arena_printf(i->arena, "ukc-%s-", what);
    char *path = arena_printf(i->arena, "%s/.%sXXXXXX", temporary, prefix);
    *f = (struct fresh){.lock = -1};
    remove_dead(i->arena, temporary, prefix);
    if (!mkdtemp(path)) {
        diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "no directory can be made in '%s': %s", temporary, strerror(errno));
        return diag_help(i->diag, "TMPDIR names the directory where one can");
    }
    f->lock = open(path_join(i->arena, path, ".lock"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (f->lock >= 0)
        flock(f->lock, LOCK_EX);
    /* locked before it has its name: others would take it for dead */
    f->path = arena_printf(i->arena, "%s/%s", temporary, path_base(path) + 1);
    if (rename(path, f->path) != 0)
        f->path = path;
    return true;
}

void fresh_remove(struct fresh *f, struct diag *d)
{
    if (f->path)
        file_remove_tree(f->path, d);
    if (f->lock >= 0)
        close(f->lock);
    *f = (struct fresh){.lock = -1};
}

void fresh_keep(struct fresh *f)
{
    struct text lock = {};
    text_printf(&lock, "%s/.lock", f->path);
    unlink(text_string(&lock));
    text_dispose(&lock);
    if (f->lock >= 0)
        close(f->lock);
    *f = (struct fresh){.lock = -1};
}
