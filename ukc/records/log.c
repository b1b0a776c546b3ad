/*
 * log.c - ukc log: the recorded builds, newest first.
 */
#include "../base/json.h"
#include "../base/text.h"
#include "../project/invocation.h"
#include "../../provenance/record.h"
#include "../../provenance/store.h"
#include <stdio.h>
#include <stdlib.h>

static void print_records(struct invocation *i, const char *unikernel, const char *target, const struct record *all, size_t count)
{
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_array(&j);
        for (size_t k = 0; k < count; k++) {
            json_object(&j);
            record_print_json(&all[k], &j);
            json_end_object(&j);
        }
        json_end_array(&j);
        answer_json(i, &j);
        return;
    }
    struct text t = {};
    if (count)
        record_print_list(all, count, &t);
    if (!count)
        text_printf(&t, "no builds%s%s%s%s are recorded\n", unikernel ? " of " : "", unikernel ? unikernel : "", target ? " for " : "", target ? target : "");
    fputs(text_string(&t), stdout);
    text_dispose(&t);
}

int command_log(struct invocation *i)
{
    size_t count = 0;
    unsigned limit = 20;
    if (!invocation_number(i, OPTION_limit, "--limit", 1000000, &limit))
        return DIAG_USAGE;
    const char *unikernel = i->argument_count ? i->arguments[0] : NULL, *target = i->value[OPTION_target];
    struct store *store = store_open(NULL, i->diag);
    struct records *records = store ? records_open(store_directory(store), i->diag) : NULL;
    if (records) {
        const struct record *all = record_list(records, i->arena, unikernel, target, limit, &count, i->diag);
        if (all && !count)
            records_are_behind(records, i->diag);
        if (all)
            print_records(i, unikernel, target, all, count);
        records_close(records);
    }
    if (store)
        store_close(store);
    return (int)diag_status(i->diag);
}
