/*
 * named_record.c - see named_record.h.
 */
#include "named_record.h"
#include <string.h>
#include <stdio.h>
#include "../base/file.h"
#include "../build/build.h"
#include "../image/sealed.h"
#include "../../provenance/note.h"

#define FILE_LIMIT (UINT64_C(64) << 30)

/* Of the image that it is; of a sealed file, that it was made from. */
static const char *hash_of_file(struct invocation *i, const char *file)
{
    struct file_stat st;
    struct hash h;
    bool sealed;
    if (file_stat(file, &st) && st.size > FILE_LIMIT) {
        diag_fail(i->diag, DIAG_INPUT, SPAN_NONE, "'%s' is larger than 64 GiB: no image is, and it is not read for the note of one", file);
        return NULL;
    }
    if (!sealed_image(i->arena, file, &sealed, &h, i->diag))
        return NULL;
    const char *hex = hash_text(i->arena, &h);
    if (sealed)
        fprintf(stderr, "ukc: '%s' is sealed; this is of the image without its secrets, %.12s\n", file, hex);
    return hex;
}

/* A file that is no image, but has the note of one: a stripped copy, the memory of a running one.  NULL: it has none that is known here. */
static const struct record *find_noted(struct invocation *i, struct records *records, const char *file, const char *hash, bool *other)
{
    struct diag *quiet = diag_create();
    const struct record *record = record_find(records, i->arena, hash, quiet);
    const char *noted = record || diag_status(quiet) == DIAG_USAGE ? NULL : note_search(i->arena, file);
    if (noted && (record = record_find(records, i->arena, noted, quiet)))
        diag_warning(i->diag, SPAN_NONE, "'%s' is no image of this store; the note in it names recipe %.12s, and this is of that, not of the file's bytes", file, noted);
    else if (noted)
        diag_warning(i->diag, SPAN_NONE, "the note in '%s' names recipe %s, of which this store has no record", file, noted);
    *other = noted && record;
    diag_destroy(quiet);
    return record;
}

/* Of a file that is no image any more: the record that was built last in this place.  NULL: none. */
static const struct record *built_as(struct invocation *i, struct records *records, const char *file)
{
    struct diag *quiet = diag_create();
    size_t count = 0;
    const char *path = path_absolute(i->arena, file), *host = host_name(i->arena);
    const struct record *list = record_list(records, i->arena, NULL, NULL, 0, &count, quiet), *found = NULL;
    for (size_t k = 0; list && k < count && !found; k++)
        if (string_equal(list[k].run.host, host) && string_equal(path_join(i->arena, list[k].run.project, list[k].run.image), path))
            found = &list[k];
    diag_destroy(quiet);
    return found;
}

static const struct record *find_file(struct invocation *i, struct records *records, const char *file, const char *hash, bool *other)
{
    const struct record *record = find_noted(i, records, file, hash, other);
    struct diag *why = diag_create();
    if (!record && !(record = record_find(records, i->arena, hash, why)) && diag_status(why) == DIAG_INPUT) {
        records_are_behind(records, i->diag);
        diag_error(i->diag, SPAN_NONE, "'%s' is no image of which this store has a record (SHA-256 %.12s...)", file, hash);
        const struct record *built = built_as(i, records, file);
        if (built)
            diag_help(i->diag, "the last that was built as this file is of record %.12s: 'ukc reproduce %.12s -o FILE' makes that image, to compare", hash_text(i->arena, &built->id),
                      hash_text(i->arena, &built->id));
        else
            diag_help(i->diag, "it was not built with this store, or has changed since: 'ukc log' lists the records; 'ukc import' and 'ukc store pull' bring those of others");
    } else if (!record) {
        record = record_find(records, i->arena, hash, i->diag); /* says why it cannot be read, or which are meant */
    }
    diag_destroy(why);
    return record;
}

static const struct record *find(struct invocation *i, struct records *records, const char *word, bool *other)
{
    const char *prefix = file_is_regular(word) ? hash_of_file(i, word) : word;
    const struct record *record = !prefix ? NULL : prefix != word ? find_file(i, records, word, prefix, other) : record_find(records, i->arena, prefix, i->diag);
    if (prefix && !record && prefix == word && word[strspn(word, "0123456789abcdefABCDEF")])
        diag_help(i->diag, file_exists(word) ? "'%s' is no file that could be an image" : "there is no file '%s' either", word);
    return record;
}

const struct record *named_record_find(struct invocation *i, struct records *records, const char *word)
{
    bool other;
    return find(i, records, word, &other);
}

bool named_record_open(struct named_record *n, struct invocation *i, const char *word)
{
    *n = (struct named_record){.store = store_open(NULL, i->diag)};
    n->records = n->store ? records_open(store_directory(n->store), i->diag) : NULL;
    n->record = n->records ? find(i, n->records, word, &n->noted) : NULL;
    return n->record;
}

void named_record_close(struct named_record *n)
{
    records_close(n->records);
    store_close(n->store);
}

const struct recorded *named_record_read(const struct named_record *n, struct invocation *i, bool inputs)
{
    const struct record *record = n->record;
    const struct recorded *r = record_read(n->records, i->arena, record, inputs, i->diag);
    char id[HASH_HEX];
    if (!r || (hash_equal(&r->facts.recipe, &record->recipe) && hash_equal(&r->facts.image, &record->image_sha256) && r->facts.image_bytes == record->image_bytes))
        return r;
    hash_hex(&record->id, id);
    diag_fail(i->diag, DIAG_INTEGRITY, SPAN_NONE, "the index says something else than record %.12s", id);
    diag_help(i->diag, "'ukc store reindex' makes a wrong index anew");
    return NULL;
}

bool named_record_spare(struct invocation *i)
{
    for (size_t k = 0; k < i->argument_count && given(i, OPTION_output); k++)
        if (file_is_same(i->arguments[k], i->value[OPTION_output]) && file_is_regular(i->arguments[k])) {
            diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'%s' is the image, and would be overwritten", i->value[OPTION_output]);
            return diag_help(i->diag, "-o another file");
        }
    return true;
}

bool named_record_to_file(struct invocation *i)
{
    if (!given(i, OPTION_output) || !file_is_directory(i->value[OPTION_output]))
        return true;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'%s' is a directory", i->value[OPTION_output]);
    return diag_help(i->diag, "-o names the file to be written");
}

const char *recorded_intent(struct arena *a, const struct recorded *r, const char *path)
{
    for (size_t i = 0; i < r->intent_count; i++)
        if (strcmp(r->intent[i].path, path) == 0)
            return arena_strndup(a, r->intent[i].bytes, r->intent[i].size);
    return NULL;
}
