/*
 * absent_headers.c - what it means for the manifest that the compiler did not find a header.
 *
 * A component has one for each of its requirements, "store.h".  And release images for posix have a C library of their own, and read
 * its headers alone, whatever this host has.
 */
#include "build.h"
#include "host_library.h"
#include "../base/file.h"
#include "../base/text.h"
#include <string.h>

/* The unikernel's requirements have headers: was one of these meant? */
static bool explain_requirement(struct project *p, const char *header)
{
    size_t length = strlen(header);
    if (length < 3 || !string_ends(header, ".h") || strchr(header, '/') || (!p->manifest && !project_load(p)))
        return false;
    const char *name = arena_strndup(p->a, header, length - 2);
    const struct component *c = p->unikernel;
    const char **names = arena_array(p->a, const char *, c->requires_count + 1);
    for (size_t k = 0; k < c->requires_count; k++)
        names[k] = c->requires[k].name.text;
    const char *near = string_nearest(name, names, c->requires_count);
    if (!near)
        return false;
    diag_error(p->d, c->name.span, "'%s' requires nothing that is called '%s'", c->name.text, name);
    return !diag_help(p->d, "did you mean \"%s.h\"? Each requirement's header has its name", near);
}

void explain_absent_headers(struct project *p, const char *headers)
{
    size_t n = strcspn(headers, "\n");
    const char *header = arena_strndup(p->a, headers, n), *modules = NULL;
    if (explain_requirement(p, header) || p->configuration.target != TARGET_posix || !file_exists(project_file(p, "gen/library.list")))
        return;
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
