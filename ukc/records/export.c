/*
 * export.c - ukc export: what a record says, in the formats of others.
 */
#include "named_record.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../../provenance/dsse.h"
#include "../../provenance/export.h"
#include <stdio.h>
#include <string.h>

struct format {
    const char *name;
    void (*write)(const struct export *, struct json *);
    const char *type; /* of the payload, when it is signed */
};

static const struct format formats[] = {
    {"slsa", export_slsa, "application/vnd.in-toto+json"},
    {"cyclonedx", export_cyclonedx, "application/vnd.cyclonedx+json"},
    {"spdx", export_spdx, "application/spdx+json"},
};

static bool hand_over(struct invocation *i, const struct text *t)
{
    if (given(i, OPTION_output))
        return file_write_output(i->value[OPTION_output], t->bytes, t->size, FILE_SHARED, i->diag);
    fwrite(t->bytes, 1, t->size, stdout); /* that it cannot be written is said at the end of each command */
    return true;
}

static void write_json(struct invocation *i, const struct export *e, const struct format *f)
{
    struct json j = {}, envelope = {};
    f->write(e, &j);
    text_putc(&j.out, '\n');
    if (!given(i, OPTION_sign)) {
        hand_over(i, &j.out);
    } else if (dsse_sign(i->value[OPTION_sign], f->type, j.out.bytes, j.out.size, &envelope, i->diag)) {
        text_putc(&envelope.out, '\n');
        hand_over(i, &envelope.out);
    }
    text_dispose(&j.out);
    text_dispose(&envelope.out);
}

/* The manifest alone, or its place in a directory with the index of targets (OmniBOR 0.2, 7). */
static bool write_omnibor(struct invocation *i, const struct export *e)
{
    struct text manifest = {}, targets = {};
    struct hash image, id;
    const char *directory = i->value[OPTION_output];
    bool good = export_omnibor(e, i->arguments[0], &manifest, &image, &id, i->diag);
    if (good && !directory) {
        good = hand_over(i, &manifest);
    } else if (good) {
        const char *hex = hash_text(e->a, &id), *path = arena_printf(i->arena, "%s/manifests/gitoid_blob_sha256/%.2s/%s", directory, hex, hex + 2);
        text_printf(&targets, "%s %s\n", hash_text(e->a, &image), hex);
        good = file_write(path, manifest.bytes, manifest.size, NULL, i->diag) &&
               file_write(path_join(i->arena, directory, "targets"), targets.bytes, targets.size, NULL, i->diag);
    }
    text_dispose(&manifest);
    text_dispose(&targets);
    return good;
}

static bool check_words(struct invocation *i, const char *format)
{
    if (given(i, OPTION_sign) && string_equal(format, "omnibor"))
        return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "an OmniBOR manifest is not signed: --sign is for slsa, cyclonedx and spdx");
    return named_record_spare(i) && (string_equal(format, "omnibor") || named_record_to_file(i));
}

int command_export(struct invocation *i)
{
    const char *format = given(i, OPTION_format) ? i->value[OPTION_format] : formats[0].name;
    struct named_record n = {};
    if (check_words(i, format) && named_record_open(&n, i, i->arguments[0])) {
        const char *store = store_directory(n.store);
        const struct recorded *r = named_record_read(&n, i, true);
        const struct export *e = r ? export_open(i->arena, n.record, r, store, UKC_VERSION, i->diag) : NULL;
        for (size_t k = 0; e && k < sizeof formats / sizeof *formats; k++)
            if (string_equal(format, formats[k].name))
                write_json(i, e, &formats[k]);
        if (e && string_equal(format, "omnibor"))
            write_omnibor(i, e);
    }
    named_record_close(&n);
    return (int)diag_status(i->diag);
}
