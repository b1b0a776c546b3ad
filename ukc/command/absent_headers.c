/*
 * absent_headers.c - a header that the compiler did not find, though this host has it.
 *
 * Release images for posix have a C library of their own, and read its headers alone.
 */
#include "build.h"
#include "../base/file.h"
#include "../base/text.h"
#include <string.h>

static bool host_has(struct arena *a, const char *header)
{
    static const char *const directories[] = {"/usr/include", "/usr/include/x86_64-linux-gnu"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        if (file_is_regular(path_join(a, directories[i], header)))
            return true;
    return false;
}

void explain_absent_headers(struct project *p, const char *headers)
{
    if (p->configuration.target != TARGET_posix || !file_exists(project_file(p, "gen/library.list")))
        return;
    size_t n = strcspn(headers, "\n");
    const char *header = arena_strndup(p->a, headers, n);
    if (!host_has(p->a, header))
        return;
    diag_error(p->d, SPAN_NONE, "<%s> is the host's; release images have a C library of their own and read its headers", header);
    diag_help(p->d, "say host_libc = true in the component that needs it: then the image is linked with the host's, as with --profile dev");
}
