/*
 * evaluate.c - see evaluate.h.
 *
 * The project as the record has it (manifests, settings, choices, its own sources, what it embeds) is laid out in a fresh
 * directory; this very ukc configures and builds it there, with the libraries that it has today and sources from the
 * store.  That build is not one of the user's: the log does not have it.
 */
#include "evaluate.h"
#include "diff.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/process.h"
#include "../base/text.h"
#include "../project/fresh.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct evaluation {
    struct invocation *i;
    struct arena *a;
    const struct named_record *named;
    const struct recorded *recorded;
    const char *directory;
};

/* ---- the project ---- */

static bool write_file(struct evaluation *e, const char *path, const struct object_file *f)
{
    return file_write(path_join(e->a, e->directory, path), f->bytes, f->size, NULL, e->i->diag);
}

/* Below build/ lies what ukc made or found: it is made and found again. */
static bool is_project_s(const char *path)
{
    return !string_starts(path, "build/") && path_is_inside(path);
}

static bool lay_out(struct evaluation *e)
{
    const struct recorded *r = e->recorded;
    bool good = true;
    for (size_t k = 0; k < r->input_count && good; k++)
        if (is_project_s(r->inputs[k].path))
            good = write_file(e, r->inputs[k].path, &r->inputs[k]);
    for (size_t k = 0; k < r->intent_count && good; k++) {
        const struct object_file *f = &r->intent[k];
        const char *path = string_equal(f->path, "lock")           ? "ukc.lock"
                           : string_starts(f->path, "manifest/")   ? f->path + strlen("manifest/")
                           : string_starts(f->path, "files/") ? f->path + strlen("files/") : NULL;
        if (path && is_project_s(path))
            good = write_file(e, path, f);
    }
    return good;
}

/* An ukc that kept no contents of embedded files leaves nothing to embed. */
static bool has_embedded(struct evaluation *e)
{
    const char *line = recorded_intent(e->a, e->recorded, "embedded");
    for (size_t n; line && *line; line += n + (line[n] == '\n')) {
        n = strcspn(line, "\n");
        const char *file = arena_strndup(e->a, line, n);
        for (int word = 0; word < 3 && file; word++)
            file = (file = strchr(file, ' ')) ? file + 1 : NULL;
        if (file && is_project_s(file) && !file_exists(path_join(e->a, e->directory, file)))
            return diag_fail(e->i->diag, DIAG_MISSING, SPAN_NONE, "the record has not kept '%s', which was embedded, but only its SHA-256", file);
    }
    return true;
}

/* ---- this ukc ---- */

static bool run(struct evaluation *e, const char *const *argv, const char *doing)
{
    struct text said = {};
    struct process p = {.argv = argv, .directory = e->directory, .out = &said, .err = &said};
    int status = process_run(&p, e->i->diag);
    if (status > 0) {
        diag_fail(e->i->diag, status <= DIAG_INTEGRITY ? (enum diag_class)status : DIAG_OUTSIDE, SPAN_NONE, "the recorded manifest cannot be %s by this ukc",
                  doing);
        for (const char *line = text_string(&said); *line;) {
            size_t n = strcspn(line, "\n");
            diag_note(e->i->diag, SPAN_NONE, "%.*s", (int)(n < 1000 ? n : 1000), line);
            line += n + (line[n] == '\n');
        }
    }
    text_dispose(&said);
    return status == 0;
}

static bool configure(struct evaluation *e)
{
    VEC(const char *) words = {};
    *vec_add(e->a, &words) = e->i->program;
    *vec_add(e->a, &words) = "configure";
    *vec_add(e->a, &words) = "--quiet";
    *vec_add(e->a, &words) = "--offline";
    const char *line = recorded_intent(e->a, e->recorded, "settings");
    for (size_t n, k = 0; line && *line; line += n + (line[n] == '\n'), k++) {
        n = strcspn(line, "\n");
        const char *word = arena_strndup(e->a, line, n);
        if (k > 0 && !string_equal(word, "--offline"))
            *vec_add(e->a, &words) = word;
    }
    *vec_add(e->a, &words) = NULL;
    return run(e, words.items, "configured");
}

static bool build(struct evaluation *e, const char *answer)
{
    const char *jobs = given(e->i, OPTION_jobs) ? arena_printf(e->a, "--jobs=%s", e->i->value[OPTION_jobs]) : "--quiet";
    return run(e, (const char *const[]){e->i->program, "build", "--quiet", jobs, "--unlogged", answer, NULL}, "built");
}

/* ---- what came out ---- */

static void print_same(struct evaluation *e, const char *recipe)
{
    if (given(e->i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "recipe", recipe);
        json_field_bool(&j, "same_recipe", true);
        json_field(&j, "ukc", UKC_VERSION);
        json_end_object(&j);
        answer_json(e->i, &j);
    } else if (!given(e->i, OPTION_quiet)) {
        printf("evaluated: the manifest gives the same recipe, %.12s, with ukc %s\n", recipe, UKC_VERSION);
        puts("nothing was replayed: 'ukc reproduce' without --from-manifest says whether the image comes out the same");
    }
}

static void report_another(struct evaluation *e, const struct record *now, const struct recorded *recorded, const char *was)
{
    struct text lines = {};
    char hex[HASH_HEX];
    const char *first = diff_records_first(e->i, (const struct record *const[]){e->named->record, now},
                                           (const struct recorded *const[]){e->recorded, recorded}, &lines);
    hash_hex(&now->recipe, hex);
    diag_fail(e->i->diag, DIAG_DIFFERS, SPAN_NONE, "the manifest gives another recipe with this ukc: %.12s, and it was %.12s", hex, was);
    diag_note(e->i->diag, SPAN_NONE, "what went in differs first in: %s", first ? first : "recipe");
    for (const char *line = text_string(&lines); *line;) {
        size_t n = strcspn(line, "\n");
        diag_note(e->i->diag, SPAN_NONE, "%.*s", (int)n, line);
        line += n + (line[n] == '\n');
    }
    diag_help(e->i->diag, "the image is still made from what was recorded: 'ukc reproduce' without --from-manifest");
    text_dispose(&lines);
}

static void compare(struct evaluation *e, const char *answer)
{
    const struct source *s = file_read(e->a, answer, SPAN_NONE, 4096, e->i->diag);
    char recipe[HASH_HEX];
    if (!s)
        return;
    struct record now = *e->named->record;
    now.tree = arena_strndup(e->a, s->bytes, strcspn(s->bytes, " "));
    if (s->size < OBJECT_HEX + 2 * HASH_BYTES || !hash_parse(arena_strndup(e->a, s->bytes + OBJECT_HEX, 2 * HASH_BYTES), &now.id)) {
        diag_fail(e->i->diag, DIAG_OUTSIDE, SPAN_NONE, "the build does not say what it would have recorded");
        return;
    }
    const struct recorded *recorded = record_read(e->named->records, e->a, &now, true, e->i->diag);
    if (!recorded)
        return;
    now.recipe = recorded->facts.recipe;
    now.image_sha256 = recorded->facts.image;
    hash_hex(&e->named->record->recipe, recipe);
    if (hash_equal(&now.recipe, &e->named->record->recipe))
        print_same(e, recipe);
    else
        report_another(e, &now, recorded, recipe);
}

void evaluate_record(struct invocation *i, const struct named_record *n)
{
    struct fresh fresh;
    struct evaluation e = {.i = i, .a = i->arena, .named = n, .recorded = named_record_read(n, i, true)};
    if (!e.recorded || !fresh_make(&fresh, i, "evaluate"))
        return;
    e.directory = path_join(e.a, fresh.path, "project");
    const char *answer = path_join(e.a, fresh.path, "answer");
    if (lay_out(&e) && has_embedded(&e) && configure(&e) && build(&e, answer))
        compare(&e, answer);
    fresh_remove(&fresh, i->diag);
}
