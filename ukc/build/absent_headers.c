/*
 * absent_headers.c - a header that the compiler did not find, though this host has it.
 *
 * Release images for posix have a C library of their own, and read its headers alone.
 */
#include "build.h"
#include "host_library.h"
#include "../base/file.h"
#include "../base/text.h"
#include <string.h>

void explain_absent_headers(struct project *p, const char *headers)
{
    if (p->configuration.target != TARGET_posix || !file_exists(project_file(p, "gen/library.list")))
        return;
    size_t n = strcspn(headers, "\n");
    const char *header = arena_strndup(p->a, headers, n), *modules = NULL;
    enum host_header found = host_header_find(p->a, header, &modules);
    if (found == HOST_HEADER_ABSENT)
        return;
    if (found == HOST_HEADER_MODULE) {
        diag_error(p->d, SPAN_NONE, "<%s> is of a library of the host, which the image does not have", header);
        diag_help(p->d, "import it in the component that needs it: imports = { %s }; then the image is linked with it, and with the host's C library", modules);
        return;
    }
    diag_error(p->d, SPAN_NONE, "<%s> is the host's; release images have a C library of their own and read its headers", header);
    diag_help(p->d, "say host_libc = true in the component that needs it: then the image is linked with the host's, as with --profile dev");
    if (found == HOST_HEADER_UNKNOWN)
        diag_help(p->d, "if it is of a library that pkg-config knows, import that: imports = { pkgconfig \"MODULE\" }");
}
