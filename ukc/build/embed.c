/*
 * embed.c - ukc embed: called by build.ninja to pack a directory into an object.
 */
#include "../generate/embed.h"
#include "../project/invocation.h"

int command_embed(struct invocation *i)
{
    struct embed_options o = {.list = i->value[OPTION_list], .output = i->value[OPTION_output]};
    if (!o.list || !o.output) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc embed needs --list and --output");
        return DIAG_USAGE;
    }
    return embed_write(i->arena, &o, i->diag) ? 0 : (int)diag_status(i->diag);
}
