/*
 * aside.c - files that a killed compiler, or a killed ukc, left aside.
 *
 * clang writes an object as NAME-01234567.o.tmp and LLVM's tools write a file
 * as NAME.tmp0123456, then rename it.  They remove it when a signal ends them,
 * but not in their first moment, and never after SIGKILL.  ukc itself writes
 * .ukc-PROCESS.tmp (file.c).  Nothing reads such a file; it would only stay.
 * Called under the project's lock: nobody writes one at that time.
 */
#include "build.h"
#include "../base/file.h"
#include <dirent.h>
#include <string.h>
#include <unistd.h>

static bool is_hexadecimal(const char *s, size_t n)
{
    return strspn(s, "0123456789abcdef") >= n;
}

static bool is_aside(const char *name)
{
    static const char of_clang[] = "-01234567.o.tmp", of_llvm[] = ".tmp0123456";
    size_t n = strlen(name), clang = sizeof of_clang - 1, llvm = sizeof of_llvm - 1;
    return file_is_aside(name) ||
           (n > clang && name[n - clang] == '-' && is_hexadecimal(name + n - clang + 1, 8) &&
            string_ends(name, ".o.tmp")) ||
           (n > llvm && strncmp(name + n - llvm, ".tmp", 4) == 0 &&
            is_hexadecimal(name + n - 7, 7));
}

/* In `directory`, and below it; what cannot be read or removed is left, for it does no harm. */
static void remove_below(struct arena *a, const char *directory)
{
    DIR *dir = opendir(directory);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *path = path_join(a, directory, entry->d_name);
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            remove_below(a, path);
        else if (entry->d_type == DT_REG && is_aside(entry->d_name))
            unlink(path);
    }
    closedir(dir);
}

/* Beside the image lies more than tools write: only what has its name, or ukc's. */
static void remove_beside(struct project *p, const char *image)
{
    const char *directory = path_directory(p->a, image),
               *name = arena_printf(p->a, "%s.", path_base(image));
    DIR *dir = opendir(directory);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_type == DT_REG &&
            (file_is_aside(entry->d_name) ||
             (string_starts(entry->d_name, name) && is_aside(entry->d_name))))
            unlink(path_join(p->a, directory, entry->d_name));
    closedir(dir);
}

void aside_remove(struct project *p, const char *image)
{
    remove_below(p->a, project_file(p, "obj"));
    remove_below(p->a, project_file(p, "gen"));
    remove_beside(p, image);
}
