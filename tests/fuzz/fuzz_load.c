/*
 * fuzz_load.c - a libFuzzer target: the manifest loader, from the bytes of a file to checked declarations.
 *
 * The input is a project's ukc.lua.  Whatever it is, loading ends with a
 * manifest or with a report, and what a manifest holds is well-formed: places
 * lie inside their source, canonical values parse to themselves, lists are
 * sorted.  What Lua accepts, the scan must have indexed.  Memory and steps are
 * kept small so that every input is quick.
 *
 *     clang-19 -fsanitize=fuzzer,address,undefined ... ; corpus in corpus/load
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/base/diag.h"
#include "../../ukc/base/file.h"
#include "../../ukc/base/text.h"
#include "../../ukc/load/manifest.h"
#include "../../ukc/load/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char directory[] = "/tmp/ukc-fuzz-XXXXXX";

static void leave(void)
{
    char path[sizeof directory + 16];
    static const char *const files[] = {"ukc.lua", "mylib/ukc.lua", "parts.lua", "mylib"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        remove(path);
    }
    rmdir(directory);
}

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static const char lib[] = "return signature 's' {}, implementation 'i' { provides = sig.s }", parts[] = "return { 'a.c' }";
    if (!mkdtemp(directory))
        abort();
    atexit(leave);
    char path[sizeof directory + 16];
    snprintf(path, sizeof path, "%s/mylib", directory);
    if (mkdir(path, 0700) != 0)
        abort();
    snprintf(path, sizeof path, "%s/mylib/ukc.lua", directory);
    put(path, lib, sizeof lib - 1);
    snprintf(path, sizeof path, "%s/parts.lua", directory);
    put(path, parts, sizeof parts - 1);
    return 0;
}

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void check_span(struct span s)
{
    need(s.source != NULL, "a value has a source");
    if (s.line == 0)
        return;
    const char *p = s.source->bytes, *end = p + s.source->size;
    for (uint32_t line = 1; line < s.line; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        need(p != NULL, "a line is in its source");
        p++;
    }
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    if (!stop)
        stop = end;
    need(s.column >= 1 && p + s.column - 1 + s.length <= stop + 1, "a span is in its line");
}

static void check_word(const struct word *w)
{
    if (!w->text)
        return;
    need(string_is_clean_utf8(w->text, strlen(w->text)), "a word is clean text");
    check_span(w->span);
}

static void check_choice(const struct choice *c, unsigned depth)
{
    need(c != NULL && depth < 100, "a choice is a tree");
    check_span(c->span);
    check_word(&c->implementation);
    for (size_t i = 0; i < c->case_count && depth < 6; i++)
        check_choice(c->cases[i].choice, depth + 1);
    if (c->kind == CHOICE_INSTANCE)
        check_word(&c->instance->implementation);
}

static void check_key(struct arena *a, const struct key *k)
{
    struct diag *d = diag_create();
    check_word(&k->name);
    need(k->doc != NULL, "a key is documented");
    need(k->min <= k->max, "a range is not empty");
    for (int target = 0; target < TARGET_COUNT; target++) {
        const struct key_value *value = k->defaults[target].value;
        if (!value)
            continue;
        const struct key_value *again = key_parse(a, k, value->text, SPAN_NONE, d);
        need(again && string_equal(again->text, value->text), "a canonical value parses to itself");
    }
    diag_destroy(d);
}

static void check_component(struct arena *a, const struct component *c)
{
    check_span(c->span);
    check_word(&c->name);
    check_word(&c->header);
    need(string_is_identifier(c->identifier), "a component has a C name");
    need(c->provides_count > 0, "a component provides something");
    for (size_t i = 0; i < c->requires_count; i++) {
        check_word(&c->requires[i].name);
        check_word(&c->requires[i].signature);
        need(string_is_identifier(c->requires[i].name.text), "a requirement is an identifier");
        need(i == 0 || strcmp(c->requires[i - 1].name.text, c->requires[i].name.text) < 0, "requirements are sorted");
    }
    for (size_t i = 0; i < c->chosen_count; i++)
        check_choice(c->chosen[i].choice, 0);
    for (size_t i = 0; i < c->setting_count; i++) {
        check_word(&c->settings[i].path);
        check_word(&c->settings[i].text);
        need(i == 0 || strcmp(c->settings[i - 1].path.text, c->settings[i].path.text) < 0, "settings are sorted");
    }
    for (size_t i = 0; i < c->source_count; i++) {
        check_word(&c->sources[i].path);
        need(!c->sources[i].path.text || path_is_inside(c->sources[i].path.text), "a source is inside");
    }
    for (size_t i = 0; i < c->flag_count; i++)
        check_word(&c->flags[i]);
    for (size_t i = 0; i < c->key_count; i++)
        check_key(a, &c->keys[i]);
}

static void check_manifest(struct arena *a, const struct manifest *m)
{
    for (size_t i = 0; i < m->unikernel_count; i++)
        check_component(a, &m->unikernels[i]);
    for (size_t i = 0; i < m->implementation_count; i++)
        check_component(a, &m->implementations[i]);
    for (size_t i = 0; i < m->signature_count; i++) {
        check_word(&m->signatures[i].name);
        for (size_t j = 0; j < m->signatures[i].key_count; j++)
            check_key(a, &m->signatures[i].keys[j]);
    }
}

/* Spans of every field, and the text that is run. */
static void check_scan(struct arena *a, const char *bytes, size_t size)
{
    struct source s = {"scan", arena_strndup(a, bytes, size), strlen(arena_strndup(a, bytes, size))};
    const struct scan *scan = scan_source(a, &s, 0);
    for (uint32_t i = 0; i < scan->table_count; i++) {
        const struct scan_table *t = &scan->tables[i];
        if (t->callee != NO_TOKEN)
            check_span(scan_span(scan, t->callee, t->callee_end));
        if (t->argument != NO_TOKEN)
            check_span(scan_span(scan, t->argument, t->argument_end));
        for (uint32_t j = 0; j < t->field_count; j++) {
            check_span(scan_span(scan, t->fields[j].key, t->fields[j].key));
            check_span(scan_span(scan, t->fields[j].value, t->fields[j].value_end));
        }
    }
    size_t lines = 1;
    for (size_t i = 0; i < s.size; i++)
        lines += s.bytes[i] == '\n';
    for (size_t line = 1; line < lines + 2 && line < 50; line++)
        check_span(scan_line(scan, (uint32_t)line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[sizeof directory + 16];
    snprintf(path, sizeof path, "%s/ukc.lua", directory);
    put(path, data, size);
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    check_scan(a, (const char *)data, size);
    const struct manifest *m = manifest_load(
        a, &(struct manifest_options){.project = path, .memory_limit = 8 << 20, .instruction_limit = 200000}, d);
    need((m == NULL) == (diag_errors(d) > 0), "a manifest, or a report");
    if (m)
        check_manifest(a, m);
    char *printed = NULL;
    size_t printed_size;
    FILE *f = open_memstream(&printed, &printed_size);
    diag_print(d, f, DIAG_TEXT);
    fclose(f);
    need(!memmem(printed, printed_size, "__at", 4) || memmem(data, size, "__at", 4), "messages are about the user's text");
    need(!memmem(printed, printed_size, "0x", 2) || memmem(data, size, "0", 1), "no addresses in messages");
    free(printed);
    diag_destroy(d);
    arena_destroy(a);
    return 0;
}
