/*
 * verify_signed.c - ukc verify --signed: is a text signed by this key?  Only then is it handed over.
 */
#include "verify_signed.h"
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/json_read.h"
#include "../../provenance/dsse.h"
#include <stdio.h>

#define LARGEST ((size_t)1 << 30)

/* Of an in-toto statement: the images that it speaks of. */
static const struct json_value *subjects_of(struct invocation *i, const struct dsse_opened *opened)
{
    size_t at;
    const struct json_value *v = json_read(i->arena, opened->payload, opened->size, &at), *all = json_member(v, "subject");
    return all && all->kind == JSON_ARRAY ? all : NULL;
}

static void print(const struct invocation *i, const struct dsse_opened *opened, const struct json_value *subjects)
{
    fprintf(answer_stream(i), "signed by key %.12s: %s, %zu bytes\n", opened->key, opened->type, opened->size);
    for (size_t k = 0; subjects && k < subjects->count; k++) {
        const char *name = json_member_text(&subjects->items[k], "name"), *sha256 = json_member_text(json_member(&subjects->items[k], "digest"), "sha256");
        if (name && sha256)
            fprintf(answer_stream(i), "  of %s, sha256 %s\n", name, sha256);
    }
}

static void print_json(struct invocation *i, const struct dsse_opened *opened, const struct json_value *subjects)
{
    struct json j = {};
    json_object(&j);
    json_field(&j, "key", opened->key);
    json_field(&j, "type", opened->type);
    json_field_number(&j, "bytes", (int64_t)opened->size);
    json_key(&j, "subjects");
    json_array(&j);
    for (size_t k = 0; subjects && k < subjects->count; k++) {
        json_object(&j);
        json_field(&j, "name", json_member_text(&subjects->items[k], "name"));
        json_field(&j, "sha256", json_member_text(json_member(&subjects->items[k], "digest"), "sha256"));
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    answer_json(i, &j);
}

static void verify(struct invocation *i)
{
    struct dsse_opened opened;
    const char *file = i->value[OPTION_signed];
    const struct source *s = file_read(i->arena, file, SPAN_NONE, LARGEST, i->diag);
    if (!s || !dsse_open(i->arena, i->value[OPTION_key], file, s->bytes, s->size, &opened, i->diag))
        return;
    if (given(i, OPTION_output) && !file_write_output(i->value[OPTION_output], opened.payload, opened.size, FILE_SHARED, i->diag))
        return;
    if (given(i, OPTION_json))
        print_json(i, &opened, subjects_of(i, &opened));
    else if (!given(i, OPTION_quiet))
        print(i, &opened, subjects_of(i, &opened));
}

int verify_signed(struct invocation *i)
{
    if (!given(i, OPTION_key) || !given(i, OPTION_signed)) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--signed FILE and --key FILE are given together");
        diag_help(i->diag, "the key is a public one: 'openssl pkey -in KEYFILE -pubout'");
    } else if (given(i, OPTION_deep)) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--deep is for the store, and --signed looks at one file");
    } else {
        verify(i);
    }
    return (int)diag_status(i->diag);
}
