/*
 * reproduce.c - ukc reproduce: a record's image, made again from nothing but the record.
 */
#include "evaluate.h"
#include "named_record.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../build/build.h"
#include "../project/fresh.h"
#include "../../provenance/rebuildable.h"
#include "../../provenance/replay.h"
#include "../../provenance/toolkeep.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reproducing {
    struct invocation *i;
    struct records *records;
    const struct record *record;
    int64_t started_ms;
    const struct recorded *recorded;
    struct replay replay;
    bool host_tools; /* they are not those of the record, and the user wants to try all the same */
    bool kept_tools; /* the record's, out of the store */
    bool terminal;
    bool restored; /* the image was not in the store any more */
    struct hash image;
    uint64_t bytes;
};

/* ---- the tools ---- */

/* "clang-19 clang-19 1:19.1.7-3~deb12u1 amd64": program, package, version, architecture. */
static void advise_packages(struct reproducing *r)
{
    const char *packages = recorded_intent(r->i->arena, r->recorded, "packages");
    VEC(const char *) wanted = {};
    for (const char *line = packages ? packages : ""; *line;) {
        char package[128], version[128];
        if (sscanf(line, "%*s %127s %127s", package, version) == 2)
            *vec_add(r->i->arena, &wanted) = arena_printf(r->i->arena, "%s=%s", package, version);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    struct text words = {};
    size_t count = wanted.count ? string_sort_unique(wanted.items, wanted.count) : 0;
    for (size_t i = 0; i < count; i++)
        text_printf(&words, " %s", wanted.items[i]);
    if (count)
        diag_help(r->i->diag, "on Debian: apt-get install%s", text_string(&words));
    diag_help(r->i->diag, "or take them from where they are, by 'ukc toolchain keep' and 'ukc bundle --tools' there, 'ukc import --tools' here");
    if (!given(r->i, OPTION_tools))
        diag_help(r->i->diag, "or try with the tools that are here: --tools=host");
    text_dispose(&words);
}

/* The host's own files, which a record with its C library was made with. */
static bool check_host(struct reproducing *r)
{
    size_t count;
    const uint32_t *other = r->host_tools ? NULL : recorded_host_differences(r->i->arena, r->recorded, &count);
    if (!other)
        return true;
    diag_fail(r->i->diag, DIAG_MISSING, SPAN_NONE, "the image has parts of the C library of a host, which is not this one's");
    for (size_t i = 0; i < count && i < 5; i++) {
        const char *path = arena_printf(r->i->arena, "/%s", r->recorded->host[other[i]].path);
        diag_note(r->i->diag, SPAN_NONE, "'%s' %s", path, file_exists(path) ? "is another file" : "is not there");
    }
    if (count > 5)
        diag_note(r->i->diag, SPAN_NONE, "and %zu more", count - 5);
    return false;
}

/* Those of this machine, if they are the record's or the user wants them all the same; else those that the store keeps. */
static const struct toolset *choose_tools(struct reproducing *r, const char *store)
{
    struct arena *a = r->i->arena;
    struct diag *d = r->i->diag, *quiet = diag_create();
    size_t count;
    const char *const *names = recorded_programs(a, r->recorded, &count);
    const struct toolset *host = toolset_find(a, store, names, count, quiet);
    const char *which = r->i->value[OPTION_tools];
    bool same = host && string_equal(host->text, r->recorded->tools);
    diag_destroy(quiet);
    r->host_tools = host && !same && which && string_equal(which, "host");
    if (same || r->host_tools)
        return host;
    const struct toolset *kept = tools_find_kept(a, store, r->recorded->tools, names, count, d);
    r->kept_tools = kept;
    if (kept || diag_errors(d))
        return kept;
    if (host) {
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "the image was made with tools that are not on this machine");
        toolset_differences(a, r->recorded->tools, host, d);
    } else if (!toolset_find(a, store, names, count, d) && diag_status(d) != DIAG_MISSING) {
        return NULL;
    }
    advise_packages(r);
    return NULL;
}

static bool find_tools(struct reproducing *r, const char *store)
{
    const struct toolset *found = choose_tools(r, store);
    if (!found)
        return false;
    r->replay.path = found->directories;
    r->replay.moved = found->moved;
    r->replay.files = found->files;
    r->replay.file_count = found->file_count;
    return check_host(r);
}

/* ---- running ---- */

static void show_progress(void *context, size_t number, size_t count, const char *output)
{
    const struct reproducing *r = context;
    if (r->terminal)
        fprintf(stderr, "\r\033[K[%zu/%zu] %.60s", number, count, path_base(output));
    else if (given(r->i, OPTION_verbose))
        fprintf(stderr, "[%zu/%zu] %s\n", number, count, output);
    else if (number == 1 && !given(r->i, OPTION_quiet))
        fprintf(stderr, "replaying %s actions (-v names them)\n", grouped(count));
}

/* What differs, and where: the first action with equal inputs and another output. */
static void report_difference(struct reproducing *r)
{
    char hex[HASH_HEX];
    const struct divergence *v = replay_compare(r->i->arena, &r->replay, r->i->diag);
    diag_fail(r->i->diag, DIAG_DIFFERS, SPAN_NONE, "the image that was made is not the recorded one%s", r->host_tools ? " (with other tools)" : "");
    if (v && v->absent)
        diag_note(r->i->diag, SPAN_NONE, "the first to differ, with equal inputs, is the action for '%s': it made nothing", v->output->path);
    else if (v) {
        hash_hex(&v->actual, hex);
        diag_note(r->i->diag, SPAN_NONE, "the first to differ, with equal inputs, is the action for '%s' ('%s'): it made %.12s", v->output->path,
                  v->action ? v->action->words[0] : "?", hex);
        hash_hex(&v->output->sha256, hex);
        diag_note(r->i->diag, SPAN_NONE, "when it was recorded, it made %.12s", hex);
    }
    diag_note(r->i->diag, SPAN_NONE, "what was made is kept in '%s'", r->replay.directory);
}

/* What was found is kept.  A store that cannot be written does not make it less true. */
static void note(struct reproducing *r)
{
    const struct reproduction x = {.record = r->record->id, .image = r->image, .version = UKC_VERSION, .tools = r->host_tools ? "host" : "recorded",
                                   .host = host_name(r->i->arena), .user = user_name(), .started_ms = r->started_ms, .ended_ms = unix_ms()};
    struct diag *quiet = diag_create();
    if (!record_reproduced(r->records, r->record, &x, quiet))
        diag_warning(r->i->diag, SPAN_NONE, "the log does not say that the record was reproduced: %s", diag_first(quiet));
    diag_destroy(quiet);
}

/* An image that left the store (ukc store gc), or was damaged in it, is there again; a store that cannot be written does not make it less identical. */
static void restore(struct reproducing *r)
{
    struct diag *quiet = diag_create();
    r->restored = record_image_state(r->records, r->record) != BLOB_RIGHT && record_keep_image(r->records, r->record, replay_image(r->i->arena, &r->replay), quiet);
    diag_destroy(quiet);
}

static bool run(struct reproducing *r)
{
    struct diag *d = r->i->diag;
    r->replay.open = r->host_tools;
    bool good = replay_run(r->i->arena, &r->replay, d);
    if (r->terminal)
        fputs("\r\033[K", stderr);
    if (!good)
        return false;
    if (!hash_file(replay_image(r->i->arena, &r->replay), &r->image, &r->bytes, d))
        return false;
    note(r);
    if (!hash_equal(&r->image, &r->record->image_sha256)) {
        report_difference(r);
        return false;
    }
    restore(r);
    return true;
}

static bool hand_over(struct reproducing *r)
{
    const char *output = r->i->value[OPTION_output];
    if (!output)
        return true;
    const struct source *s = file_read(r->i->arena, replay_image(r->i->arena, &r->replay), SPAN_NONE, (size_t)1 << 32, r->i->diag);
    return s && file_write_output(output, s->bytes, s->size, FILE_PROGRAM, r->i->diag);
}

static void print(const struct reproducing *r)
{
    char image[HASH_HEX], id[HASH_HEX], recipe[HASH_HEX];
    hash_hex(&r->image, image);
    hash_hex(&r->record->id, id);
    hash_hex(&r->record->recipe, recipe);
    if (given(r->i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "record", id);
        json_field(&j, "recipe", recipe);
        json_field_bool(&j, "identical", true);
        json_field(&j, "sha256", image);
        json_field_number(&j, "bytes", (int64_t)r->bytes);
        json_field(&j, "tools", r->host_tools ? "host" : r->kept_tools ? "kept" : "recorded");
        json_field_bool(&j, "restored", r->restored);
        json_field(&j, "output", r->i->value[OPTION_output]);
        json_end_object(&j);
        fprintf(answer_stream(r->i), "%s\n", text_string(&j.out));
        text_dispose(&j.out);
    } else if (!given(r->i, OPTION_quiet)) {
        fprintf(answer_stream(r->i), "identical: %s of record %.12s, %" PRIu64 " bytes, sha256 %s\n", r->record->run.unikernel, id, r->bytes, image);
        if (r->restored)
            fputs("the image was not in the store, or damaged there; it is now\n", answer_stream(r->i));
        if (r->kept_tools)
            fputs("made with the record's tools, which the store keeps\n", answer_stream(r->i));
        if (r->host_tools)
            fputs("made with other tools than the record's\n", answer_stream(r->i));
    }
    fflush(answer_stream(r->i)); /* removing thousands of files takes its time */
}

static void reproduce(struct reproducing *r, struct named_record *n)
{
    struct diag *d = r->i->diag;
    struct fresh fresh;
    r->records = n->records;
    r->record = n->record;
    r->started_ms = unix_ms();
    r->recorded = named_record_read(n, r->i, true);
    r->replay = (struct replay){.recorded = r->recorded, .store = store_directory(n->store), .progress = show_progress, .context = r};
    r->terminal = isatty(STDERR_FILENO) && !given(r->i, OPTION_quiet) && !given(r->i, OPTION_verbose);
    if (!r->recorded || !invocation_jobs(r->i, &r->replay.jobs) || !find_tools(r, store_directory(n->store)) || !fresh_make(&fresh, r->i, "reproduce"))
        return;
    r->replay.directory = fresh.path;
    bool good = run(r) && hand_over(r);
    if (good)
        print(r);
    if (diag_status(d) == DIAG_DIFFERS)
        fresh_keep(&fresh);
    else
        fresh_remove(&fresh, d);
}

/* Of an altered image "identical" would be a lie. */
static bool is_the_image(struct invocation *i, const struct named_record *n)
{
    if (!n->noted)
        return true;
    diag_fail(i->diag, DIAG_DIFFERS, SPAN_NONE, "'%s' is not the image of record %.12s: it has its note, and other bytes", i->arguments[0], hash_text(i->arena, &n->record->id));
    return diag_help(i->diag, "'ukc reproduce %.12s -o FILE' makes the image that the note speaks of, to compare", hash_text(i->arena, &n->record->id));
}

/* What is not replayed makes no image, and asks for no tools of the record. */
static bool is_one_question(struct invocation *i)
{
    if (!given(i, OPTION_from_manifest) || (!given(i, OPTION_output) && !given(i, OPTION_tools)))
        return true;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--from-manifest replays nothing, and takes no %s", given(i, OPTION_output) ? "--output" : "--tools");
    return diag_help(i->diag, "without --from-manifest the image is made from what was recorded");
}

int command_reproduce(struct invocation *i)
{
    struct named_record n = {};
    struct reproducing r = {.i = i};
    if (is_one_question(i) && named_record_to_file(i) && named_record_open(&n, i, i->arguments[0]) && is_the_image(i, &n)) {
        if (given(i, OPTION_from_manifest))
            evaluate_record(i, &n);
        else
            reproduce(&r, &n);
    }
    named_record_close(&n);
    return (int)diag_status(i->diag);
}
