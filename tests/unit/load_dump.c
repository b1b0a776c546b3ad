/*
 * load_dump.c - loads a manifest and prints its diagnostics: what `ukc check` prints while loading.
 *
 *     load_dump ukc.lua [catalogue root]...      exit status as ukc's
 */
#include <stdio.h>
#include "../../ukc/base/arena.h"
#include "../../ukc/base/diag.h"
#include "../../ukc/load/manifest.h"

int main(int argc, char **argv)
{
    if (argc < 2)
        return DIAG_USAGE;
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct manifest *m = manifest_load(
        a, &(struct manifest_options){.project = argv[1], .catalogue = (const char *const *)argv + 2, .catalogue_count = (size_t)argc - 2}, d);
    enum diag_class status = diag_status(d);
    diag_print(d, stderr, DIAG_TEXT);
    if (m)
        printf("%zu unikernels, %zu implementations, %zu signatures, %zu targets\n", m->unikernel_count, m->implementation_count,
               m->signature_count, m->target_count);
    diag_destroy(d);
    arena_destroy(a);
    return m ? DIAG_OK : status ? (int)status : 99; /* failing without a report is a defect */
}
