/*
 * show_record.c - ukc show: what an image is made of, from what was wanted to the bytes.
 */
#include "named_record.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../image/hardening.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static size_t action_count(const struct recorded *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->group_count; i++)
        n += r->groups[i].actions.action_count;
    return n;
}

static void print_indented(const char *text, struct text *out)
{
    for (const char *line = text; *line;) {
        int n = (int)(strchr(line, '\n') ? strchr(line, '\n') - line : (ptrdiff_t)strlen(line));
        text_printf(out, n ? "  %.*s\n" : "%.*s\n", n, line);
        line += n + (line[n] == '\n');
    }
}

static void print_intent(struct arena *a, const struct recorded *r, const char *heading, const char *path, struct text *out)
{
    const char *text = recorded_intent(a, r, path);
    if (!text || !*text)
        return;
    text_printf(out, "\n%s\n", heading);
    print_indented(text, out);
}

static void print_actions(const struct recorded *r, struct text *out)
{
    for (size_t i = 0; i < r->group_count; i++)
        for (size_t k = 0; k < r->groups[i].actions.action_count; k++) {
            const struct action *x = &r->groups[i].actions.actions[k];
            text_puts(out, " ");
            for (size_t w = 0; w < x->word_count; w++) {
                text_putc(out, ' ');
                text_shell_word(out, x->words[w]);
            }
            text_putc(out, '\n');
        }
}

static void print_files(const struct object_file *files, size_t count, const char *before, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        struct hash h = hash_bytes(files[i].bytes, files[i].size);
        char hex[HASH_HEX];
        hash_hex(&h, hex);
        text_printf(out, "  %.16s %9zu  %s%s\n", hex, files[i].size, before, files[i].path);
    }
}

static void print_text(struct invocation *i, const struct record *record, const struct recorded *r, enum blob_state image, const char *store)
{
    struct text out = {};
    bool verbose = given(i, OPTION_verbose);
    record_print_text(record, &out);
    if (image != BLOB_RIGHT)
        text_printf(&out, "stored     %s: 'ukc reproduce' makes the image again, and keeps it\n",
                    image == BLOB_ABSENT ? "no" : image == BLOB_WRONG ? "damaged" : "it cannot be read");
    text_printf(&out, "actions    %zu, in %zu groups\n", action_count(r), r->group_count);
    text_puts(&out, "contents   git -C ");
    text_shell_word(&out, path_join(i->arena, store, "objects"));
    text_printf(&out, " ls-tree -r %s\n", record->tree);
    print_intent(i->arena, r, "tools, from packages", "packages", &out);
    print_intent(i->arena, r, "settings", "settings", &out);
    print_intent(i->arena, r, "plan", "plan", &out);
    const char *hardening = recorded_intent(i->arena, r, HARDENING_FILE);
    if (hardening)
        text_printf(&out, "\nhardening\n%s", hardening);
    if (verbose) {
        text_puts(&out, "\ninputs\n");
        print_files(r->inputs, r->input_count, "", &out);
        print_files(r->host, r->host_count, "/", &out);
        text_puts(&out, "\nactions\n");
        print_actions(r, &out);
    }
    fputs(text_string(&out), stdout);
    text_dispose(&out);
}

static void json_files(struct json *j, const char *name, const struct object_file *files, size_t count, const char *before)
{
    struct text path = {};
    json_key(j, name);
    json_array(j);
    for (size_t i = 0; i < count; i++) {
        struct hash h = hash_bytes(files[i].bytes, files[i].size);
        char hex[HASH_HEX];
        hash_hex(&h, hex);
        text_clear(&path);
        text_printf(&path, "%s%s", before, files[i].path);
        json_object(j);
        json_field(j, "path", text_string(&path));
        json_field(j, "sha256", hex);
        json_field_number(j, "bytes", (int64_t)files[i].size);
        json_end_object(j);
    }
    json_end_array(j);
    text_dispose(&path);
}

static void json_words(struct json *j, const char *name, const char *const *words, size_t count)
{
    json_key(j, name);
    json_array(j);
    for (size_t i = 0; i < count; i++)
        json_string(j, words[i]);
    json_end_array(j);
}

static void json_actions(struct json *j, const struct recorded *r)
{
    json_key(j, "actions");
    json_array(j);
    for (size_t i = 0; i < r->group_count; i++)
        for (size_t k = 0; k < r->groups[i].actions.action_count; k++) {
            const struct action *x = &r->groups[i].actions.actions[k];
            json_object(j);
            json_field(j, "group", r->groups[i].actions.name);
            json_words(j, "words", x->words, x->word_count);
            json_words(j, "inputs", x->inputs, x->input_count);
            json_words(j, "outputs", x->outputs, x->output_count);
            json_end_object(j);
        }
    json_end_array(j);
}

/* null where a ukc made the record that did not look. */
static void json_hardening(struct json *j, struct arena *a, const struct recorded *r)
{
    const char *text = recorded_intent(a, r, HARDENING_FILE);
    const struct hardening *h = text ? hardening_parse(a, text) : NULL;
    json_key(j, "hardening");
    if (!h) {
        json_null(j);
        return;
    }
    json_object(j);
    hardening_json(h, j);
    json_end_object(j);
}

static void print_json(struct arena *a, const struct record *record, const struct recorded *r, enum blob_state image)
{
    struct json j = {};
    json_object(&j);
    record_print_json(record, &j);
    json_field(&j, "tree", record->tree);
    json_field_bool(&j, "stored", image == BLOB_RIGHT);
    json_files(&j, "inputs", r->inputs, r->input_count, "");
    json_files(&j, "host", r->host, r->host_count, "/");
    json_files(&j, "intent", r->intent, r->intent_count, "");
    json_hardening(&j, a, r);
    json_actions(&j, r);
    json_end_object(&j);
    puts(text_string(&j.out));
    text_dispose(&j.out);
}

/* A record of the first version has hashes of its inputs, and no contents. */
static void show_old(struct invocation *i, const struct named_record *n)
{
    size_t count;
    char hex[HASH_HEX];
    const struct action_output *inputs = record_old_inputs(n->records, i->arena, n->record, &count, i->diag);
    if (!inputs)
        return;
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        record_print_json(n->record, &j);
        json_field(&j, "tree", NULL);
        json_key(&j, "inputs");
        json_array(&j);
        for (size_t k = 0; k < count; k++) {
            hash_hex(&inputs[k].sha256, hex);
            json_object(&j);
            json_field(&j, "path", inputs[k].path);
            json_field(&j, "sha256", hex);
            json_field_number(&j, "bytes", (int64_t)inputs[k].size);
            json_end_object(&j);
        }
        json_end_array(&j);
        json_end_object(&j);
        answer_json(i, &j);
        return;
    }
    struct text out = {};
    record_print_text(n->record, &out);
    text_puts(&out, "contents   none: the ukc that made it kept hashes only\n\ninputs\n");
    for (size_t k = 0; k < count; k++) {
        hash_hex(&inputs[k].sha256, hex);
        text_printf(&out, "  %.16s %9" PRIu64 "  %s\n", hex, inputs[k].size, inputs[k].path);
    }
    fputs(text_string(&out), stdout);
    text_dispose(&out);
}

int command_show(struct invocation *i)
{
    struct named_record n;
    bool found = named_record_open(&n, i, i->arguments[0]);
    if (found && !n.record->tree) {
        show_old(i, &n);
    } else if (found) {
        const struct recorded *r = named_record_read(&n, i, given(i, OPTION_json) || given(i, OPTION_verbose));
        enum blob_state image = record_image_state(n.records, n.record);
        if (r && given(i, OPTION_json))
            print_json(i->arena, n.record, r, image);
        else if (r)
            print_text(i, n.record, r, image, store_directory(n.store));
    }
    named_record_close(&n);
    return (int)diag_status(i->diag);
}
