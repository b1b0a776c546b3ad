/*
 * toolchain.c - ukc toolchain keep: the bytes of a record's compilers and linkers, in the store.
 */
#include "named_record.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../../provenance/rebuildable.h"
#include "../../provenance/toolkeep.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of the project in this directory. */
static const struct record *newest_here(struct invocation *i, struct records *r)
{
    size_t count = 0;
    char *here = getcwd(NULL, 0);
    const struct record *all = record_list(r, i->arena, NULL, NULL, 0, &count, i->diag), *found = NULL;
    for (size_t k = 0; all && k < count && !found; k++)
        found = here && string_equal(all[k].run.project, here) && all[k].tree ? &all[k] : NULL;
    free(here);
    if (all && !found) {
        diag_error(i->diag, SPAN_NONE, "no build of a project in this directory is recorded");
        diag_help(i->diag, "'ukc build' records one; or name a record, which 'ukc log' lists");
    }
    return found;
}

static void print(struct invocation *i, const struct tools_kept *k)
{
    char id[HASH_HEX];
    hash_hex(&k->id, id);
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "tools", id);
        json_field_number(&j, "files", (int64_t)k->files);
        json_field_number(&j, "bytes", (int64_t)k->bytes);
        json_field_bool(&j, "new", !k->present);
        json_end_object(&j);
        answer_json(i, &j);
    } else if (!given(i, OPTION_quiet)) {
        printf("tools %.12s: %zu files, %" PRIu64 " bytes, %s\n", id, k->files, k->bytes, k->present ? "were kept before" : "are kept");
    }
}

static void keep(struct invocation *i, const char *store, struct records *records, const struct record *record)
{
    size_t count;
    struct tools_kept kept;
    const struct recorded *r = record_read(records, i->arena, record, false, i->diag);
    if (!r)
        return;
    const char *const *names = recorded_programs(i->arena, r, &count);
    const struct toolset *here = toolset_find(i->arena, store, names, count, i->diag);
    if (here && !string_equal(here->text, r->tools)) {
        diag_fail(i->diag, DIAG_MISSING, SPAN_NONE, "the record was made with tools that are not on this machine, so they cannot be kept");
        toolset_differences(i->arena, r->tools, here, i->diag);
    } else if (here && tools_keep(i->arena, store, here, &kept, i->diag)) {
        print(i, &kept);
    }
}

int command_toolchain(struct invocation *i)
{
    if (!string_equal(i->arguments[0], "keep")) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'ukc toolchain %s' is nothing that can be done", i->arguments[0]);
        diag_help(i->diag, "there is 'ukc toolchain keep'");
        return DIAG_USAGE;
    }
    struct store *s = store_open(NULL, i->diag);
    struct records *r = s ? records_open(store_directory(s), i->diag) : NULL;
    const struct record *record = !r ? NULL : i->argument_count > 1 ? named_record_find(i, r, i->arguments[1]) : newest_here(i, r);
    if (record)
        keep(i, store_directory(s), r, record);
    records_close(r);
    store_close(s);
    return (int)diag_status(i->diag);
}
