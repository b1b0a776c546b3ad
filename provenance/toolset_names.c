/*
 * toolset_names.c - which programs are tools, and which files belong to the host and not to a tool.
 */
#include "toolset.h"

#include <string.h>

#include "../ukc/base/text.h"

/* Names of programs without the version that follows them: "clang", "clang-19". */
static const char *const known[] = {"clang", "ld.lld", "llvm-link", "llvm-objcopy", "opt"};

bool toolset_is_program(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t n = strlen(known[i]);
        if (strncmp(name, known[i], n) != 0)
            continue;
        const char *rest = name + n;
        if (*rest == '-')
            rest += 1 + strspn(rest + 1, "0123456789");
        if (*rest == 0 && rest != name + n + 1)
            return true;
    }
    return false;
}

bool toolset_is_host_file(const char *path)
{
    static const char *const files[] = {"/etc/os-release", "/etc/debian_version", "/etc/lsb-release", "/etc/redhat-release", "/etc/ld.so.cache",
                                        "/etc/ld.so.preload", "/usr/lib/os-release", "/proc/self/exe"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (string_equal(path, files[i]))
            return true;
    return false;
}
