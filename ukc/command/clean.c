/*
 * clean.c - ukc clean: remove what was built, never what was written by hand.
 */
#include "../base/file.h"
#include "../project/guard.h"
#include <stdio.h>

int command_clean(struct invocation *i)
{
    struct project p;
    bool all = given(i, OPTION_all);
    if (!project_open(&p, i, NULL, false))
        return (int)diag_status(i->diag);
    const char *directory = all ? "build" : arena_printf(i->arena, "build/%s", target_names[p.configuration.target]);
    bool there = file_exists(directory);
    if (!there || !guard_enter(&p)) {
        if (!there && !given(i, OPTION_quiet))
            printf("nothing to remove in %s\n", directory);
        return (int)diag_status(i->diag);
    }
    if (file_remove_tree(directory, i->diag) && !given(i, OPTION_quiet))
        printf("removed %s\n", directory);
    return (int)diag_status(i->diag);
}
