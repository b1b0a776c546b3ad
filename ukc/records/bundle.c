/*
 * bundle.c - ukc bundle and ukc import: records as one file, for another machine.
 */
#include "named_record.h"
#include "../base/json.h"
#include "../../provenance/bundle.h"
#include <inttypes.h>
#include <stdio.h>

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- bundle ---- */

typedef VEC(const struct record *) record_list_t;

/* All that have contents: those of the first schema can only be listed. */
static bool take_all(struct invocation *i, struct records *r, record_list_t *list)
{
    size_t count = 0;
    records_are_behind(r, i->diag);
    const struct record *all = record_list(r, i->arena, NULL, NULL, 0, &count, i->diag);
    for (size_t k = 0; k < count; k++)
        if (all[k].tree)
            *vec_add(i->arena, list) = &all[k];
    if (all && list->count == 0)
        diag_error(i->diag, SPAN_NONE, "there is no record in this store");
    return list->count;
}

static bool take_named(struct invocation *i, struct records *r, record_list_t *list)
{
    for (size_t k = 0; k < i->argument_count; k++) {
        const struct record *found = named_record_find(i, r, i->arguments[k]);
        if (found)
            *vec_add(i->arena, list) = found;
    }
    return list->count == i->argument_count;
}

static void print_bundled(struct invocation *i, const struct bundled *b)
{
    char hex[HASH_HEX];
    const char *file = i->value[OPTION_output];
    hash_hex(&b->sha256, hex);
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "file", file);
        json_field(&j, "sha256", hex);
        json_field_number(&j, "bytes", (int64_t)b->bytes);
        json_field_number(&j, "records", (int64_t)b->records);
        json_field_number(&j, "runs", (int64_t)b->runs);
        json_field_number(&j, "tools", (int64_t)b->tools);
        json_field_number(&j, "objects", (int64_t)b->objects);
        json_field_number(&j, "files", (int64_t)b->blobs);
        json_end_object(&j);
        answer_json(i, &j);
    } else if (!given(i, OPTION_quiet)) {
        const char *tools = b->tools ? arena_printf(i->arena, "%zu set%s of tools, ", b->tools, plural(b->tools)) : "";
        fprintf(answer_stream(i), "%s: %zu record%s, %zu run%s, %s%zu object%s, %zu large file%s beside, %" PRIu64 " bytes, sha256 %s\n", file, b->records, plural(b->records), b->runs,
               plural(b->runs), tools, b->objects, plural(b->objects), b->blobs, plural(b->blobs), b->bytes, hex);
    }
}

static bool is_meant(struct invocation *i)
{
    if (!given(i, OPTION_output)) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc bundle needs the name of the file to write");
        return diag_help(i->diag, "-o FILE");
    }
    if (given(i, OPTION_all) == (i->argument_count > 0)) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc bundle needs %s", i->argument_count ? "either records or --all, not both" : "records, or --all");
        return diag_help(i->diag, "'ukc log' lists the records of this store");
    }
    return named_record_spare(i) && named_record_to_file(i);
}

int command_bundle(struct invocation *i)
{
    record_list_t list = {};
    struct bundled b;
    const struct bundle_with with = {.images = given(i, OPTION_images), .tools = given(i, OPTION_with_tools)};
    struct store *s = is_meant(i) ? store_open(NULL, i->diag) : NULL;
    struct records *r = s ? records_open(store_directory(s), i->diag) : NULL;
    if (r && (given(i, OPTION_all) ? take_all(i, r, &list) : take_named(i, r, &list)) &&
        bundle_write(r, list.items, list.count, &with, i->value[OPTION_output], &b, i->diag))
        print_bundled(i, &b);
    records_close(r);
    store_close(s);
    return (int)diag_status(i->diag);
}

/* ---- import ---- */

static void json_imported(struct invocation *i, const struct imported *x)
{
    struct json j = {};
    json_object(&j);
    json_key(&j, "records");
    json_array(&j);
    for (size_t k = 0; k < x->count; k++) {
        json_object(&j);
        record_print_json(&x->records[k], &j);
        json_field_bool(&j, "new", !x->present[k]);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_field_number(&j, "runs", (int64_t)x->runs);
    json_field_number(&j, "tools", given(i, OPTION_with_tools) ? (int64_t)x->tools : 0);
    json_end_object(&j);
    answer_json(i, &j);
}

static void print_imported(const struct invocation *i, const struct imported *x)
{
    for (size_t k = 0; k < x->count; k++) {
        char id[HASH_HEX];
        hash_hex(&x->records[k].id, id);
        printf("record %.12s: %s for %s, built by %s on %s%s\n", id, x->records[k].run.unikernel, x->records[k].target, x->records[k].run.user,
               x->records[k].run.host, x->present[k] ? "; it was here" : "");
    }
    printf("%zu run%s added to the log\n", x->runs, plural(x->runs));
    if (x->tools && given(i, OPTION_with_tools))
        printf("%zu set%s of tools kept: 'ukc reproduce' runs them where others or none are installed\n", x->tools, plural(x->tools));
    else if (x->tools)
        printf("%zu set%s of tools left out: 'ukc import --tools' takes them, if you would run programs from this file\n", x->tools, plural(x->tools));
}

int command_import(struct invocation *i)
{
    struct imported x;
    struct store *s = store_open(NULL, i->diag);
    struct records *r = s ? records_open(store_directory(s), i->diag) : NULL;
    if (r && bundle_import(r, i->arena, i->arguments[0], given(i, OPTION_with_tools), &x, i->diag)) {
        if (given(i, OPTION_json))
            json_imported(i, &x);
        else if (!given(i, OPTION_quiet))
            print_imported(i, &x);
    }
    records_close(r);
    store_close(s);
    return (int)diag_status(i->diag);
}
