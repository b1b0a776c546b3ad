/*
 * host_library.c - what this host's libraries have (see host_library.h).
 */
#include "host_library.h"
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/process.h"
#include "../base/text.h"
#include <dlfcn.h>
#include <string.h>

bool host_libc_defines(const char *symbol)
{
    void *library = dlopen("libc.so.6", RTLD_LAZY); /* ukc's own, where it is the same */
    bool defined = library && dlsym(library, symbol);
    if (library)
        dlclose(library);
    return defined;
}

/* "zlib1g-dev:amd64: /usr/include/zlib.h", the first of several; diversions are no packages. */
static const char *package_of(struct arena *a, const char *path)
{
    const char *line = process_answer(a, (const char *[]){"dpkg-query", "--search", path, NULL});
    if (!line || string_starts(line, "diversion "))
        return NULL;
    return arena_strndup(a, line, strcspn(line, ",: \n"));
}

static const char *modules_of(struct arena *a, const char *package)
{
    enum { MOST = 3 };
    const char *p = process_answer(a, (const char *[]){"dpkg-query", "--listfiles", package, NULL});
    const char *all = NULL;
    for (size_t n, count = 0; p && *p && count < MOST; p += n + (p[n] == '\n')) {
        n = strcspn(p, "\n");
        const char *path = arena_strndup(a, p, n), *name = path_base(path);
        if (!string_ends(path, ".pc") || !strstr(path, "/pkgconfig/"))
            continue;
        name = arena_strndup(a, name, strlen(name) - strlen(".pc"));
        all = all ? arena_printf(a, "%s or pkgconfig \"%s\"", all, name) : arena_printf(a, "pkgconfig \"%s\"", name);
        count++;
    }
    return all;
}

enum host_header host_header_find(struct arena *a, const char *header, const char **modules)
{
    static const char *const directories[] = {"/usr/include", "/usr/include/x86_64-linux-gnu"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
        const char *path = path_join(a, directories[i], header);
        if (!file_is_regular(path))
            continue;
        const char *package = package_of(a, path);
        if (string_equal(package, "libc6-dev") || string_equal(package, "linux-libc-dev"))
            return HOST_HEADER_LIBC;
        *modules = package ? modules_of(a, package) : NULL;
        return *modules ? HOST_HEADER_MODULE : HOST_HEADER_UNKNOWN;
    }
    return HOST_HEADER_ABSENT;
}
