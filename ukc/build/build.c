/*
 * build.c - ukc build: ninja, then the image's identity and its record.
 *
 * <build>/image.state remembers size, time and inode of the image with its
 * SHA-256 and record, and which store has that, so that a build with nothing to do reads no big file.
 * Where only what was wanted has changed (a comment, a licence), the image
 * stays as it is and gets the record that a clean build would give it.
 */
#include "build.h"
#include "audited.h"
#include "budgets.h"
#include "failure.h"
#include "library.h"
#include "../base/file.h"
#include "../project/guard.h"
#include "../../ninja/ninja.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Another store, or one that was removed, has no record of it. */
static uint64_t store_inode(const struct project *p)
{
    struct diag *quiet = diag_create();
    struct store *store = store_open(NULL, quiet);
    struct file_stat objects = {};
    if (store)
        file_stat(path_join(p->a, store_directory(store), "objects"), &objects);
    store_close(store);
    diag_destroy(quiet);
    return objects.inode;
}

static bool known_image(const struct project *p, struct image *image, const struct file_stat *now)
{
    const char *path = project_file(p, "image.state");
    if (!file_exists(path))
        return false;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, path, SPAN_NONE, 4096, quiet);
    diag_destroy(quiet);
    struct file_stat then;
    uint64_t store;
    return s &&
           sscanf(s->bytes, "ukc-image 2\n%" SCNu64 " %" SCNd64 " %" SCNu64 " %" SCNu64 "\n%64[0-9a-f]\n%64[0-9a-f]\n", &then.size, &then.mtime_ns,
                  &then.inode, &store, image->sha256, image->record) == 6 &&
           then.size == now->size && then.mtime_ns == now->mtime_ns && then.inode == now->inode && store == store_inode(p);
}

static bool remember_image(const struct project *p, const struct image *image, const struct file_stat *now)
{
    if (!image->record[0])
        return true; /* not recorded: the next build tries again */
    char state[512];
    int n = snprintf(state, sizeof state, "ukc-image 2\n%" PRIu64 " %" PRId64 " %" PRIu64 " %" PRIu64 "\n%s\n%s\n", now->size, now->mtime_ns,
                     now->inode, store_inode(p), image->sha256, image->record);
    return file_write(project_file(p, "image.state"), state, (size_t)n, NULL, p->d);
}

/* For those who wanted to run an image, and now wait for a compiler. */
static const char *announcement(const struct project *p, const struct image *image)
{
    if (p->i->command == COMMAND_build || given(p->i, OPTION_quiet))
        return NULL;
    return arena_printf(p->a, "building %s ... ('ukc build' shows more)", image->path);
}

/* What a failed ninja has said. */
struct failed {
    struct text undefined, absent;
    bool assembly, outside;
};

static int run_ninja(struct project *p, bool quiet, const struct image *image, bool *ran, struct failed *failed)
{
    struct ninja_run run = {
        .file = project_file(p, "build.ninja"),
        .verbose = given(p->i, OPTION_verbose),
        .quiet = quiet,
        .announcement = announcement(p, image),
        .undefined = &failed->undefined,
        .absent = &failed->absent,
        .assembly = &failed->assembly,
        .outside = &failed->outside,
        .held = guard_held() > 0 ? guard_held() : 0,
        .output = given(p->i, OPTION_json) ? &p->i->output : NULL,
        .out = given(p->i, OPTION_json) ? stderr : stdout,
    };
    run.terminal = isatty(fileno(run.out));
    if (!invocation_jobs(p->i, &run.jobs))
        return -1;
    run.audit = audited_begin(p);
    int told = library_listen(given(p->i, OPTION_quiet));
    int code = ninja_run(&run, ran, p->d);
    library_deaf(told);
    audited_end(p, run.audit);
    return code;
}

/* Ninja waits for ever where a pipe has one of its names. */
static bool check_ninja_files(struct project *p)
{
    static const char *const names[] = {"build.ninja", ".ninja_log", ".ninja_deps"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const char *path = project_file(p, names[k]);
        if (!file_exists(path) || file_is_regular(path))
            continue;
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' is not a regular file", path);
        return diag_help(p->d, "'ukc clean' removes what is in the way; then configure again");
    }
    return true;
}

/* Ninja calls configure when a manifest has changed: <build>/offline, which stays until the next build, tells it what this one was told. */
static bool tell_offline(struct project *p)
{
    const char *mark = project_file(p, "offline");
    if (p->offline)
        return file_write(mark, "", 0, NULL, p->d);
    if (!file_exists(mark) || unlink(mark) == 0)
        return true;
    return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot remove '%s': %s", mark, strerror(errno));
}

/* What the commands read that ninja has run, though it may have failed with others.  False after reporting. */
static bool check_reads(struct project *p, bool ended_well)
{
    p->edges = edges_read(p, project_file(p, "build.ninja"), true);
    return p->edges && (p->unwatched || audited_check(p, p->edges, ended_well));
}

/* Not ended by somebody, but by what it read. */
static bool has_crashed(struct project *p, int code)
{
    int signal = code - 128;
    if (signal != SIGSEGV && signal != SIGBUS && signal != SIGABRT && signal != SIGFPE && signal != SIGILL)
        return false;
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "ninja crashed: %s", strsignal(signal));
    diag_help(p->d, "what it keeps may be damaged: remove '%s' and '%s', and all is compiled again", project_file(p, ".ninja_deps"), project_file(p, ".ninja_log"));
    return true;
}

/* Runs ninja; *now: what the image is then.  False after reporting or when it failed. */
static bool run_build(struct project *p, bool quiet, const struct image *image, struct file_stat *now, bool *ran, int *status)
{
    struct failed failed = {};
    failure_expect(p);
    int code = run_ninja(p, quiet, image, ran, &failed);
    p->i->below = failure_take(p);
    int told = p->i->below.status;
    bool declared = !*ran || code < 0 || check_reads(p, code == 0);
    if (!declared)
        unlink(image->path); /* which may have been made of it */
    if (code == 0 && !declared)
        *status = code = (int)diag_status(p->d);
    else if (code != 0) {
        aside_remove(p, image->path);
        /* ninja has shown the failing command and its message; a failed compile is the user's input */
        *status = code < 0 || has_crashed(p, code) ? (int)diag_status(p->d) : code >= 128 ? code : told ? told : failed.outside ? DIAG_OUTSIDE : DIAG_INPUT;
        if (failed.outside && !*ran && !told && code > 0 && code < 128) {
            diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "ninja cannot begin: it has said why");
            diag_help(p->d, "'ukc configure' writes %s anew", p->build);
        }
        if (given(p->i, OPTION_json) && !told)
            compiler_messages(p, text_string(&p->i->output), false); /* so far only printed */
        if (failed.undefined.size)
            explain_undefined(p, text_string(&failed.undefined));
        if (failed.absent.size)
            explain_absent_headers(p, text_string(&failed.absent));
        if (failed.assembly)
            explain_assembly(p);
    } else if (!file_stat(image->path, now)) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "ninja ended well, but '%s' is not there", image->path);
        *status = code = DIAG_OUTSIDE;
    }
    text_dispose(&failed.undefined);
    text_dispose(&failed.absent);
    return code == 0;
}

/* Not the one whose SHA-256 is remembered; a copy of the project has the same image with another time and inode. */
static bool is_another(const struct image *image)
{
    struct hash remembered, actual;
    struct diag *quiet = diag_create();
    bool other = hash_parse(image->sha256, &remembered) && hash_file(image->path, &actual, NULL, quiet) && !hash_equal(&remembered, &actual);
    diag_destroy(quiet);
    return other;
}

/* Neither this build nor the one before it made the image: to ninja it is newer than its inputs, whatever it is. */
static bool make_again(struct project *p, bool quiet, const struct image *image, struct file_stat *now, bool *ran, int *status)
{
    if (!quiet)
        fprintf(given(p->i, OPTION_json) ? stderr : stdout, "'%s' is not what was built: building it again\n", image->path);
    if (unlink(image->path) != 0) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot remove '%s': %s", image->path, strerror(errno));
        *status = (int)diag_status(p->d);
        return false;
    }
    return run_build(p, quiet, image, now, ran, status);
}

/* Outputs of the image's commands that no watched command left; NULL after reporting. */
static const struct edges *find_unwatched(struct project *p, const struct image *image)
{
    if (!p->edges)
        p->edges = edges_read(p, project_file(p, "build.ninja"), true);
    const struct edges *needed = p->edges ? edges_needed(p, p->edges, image->path) : NULL;
    return needed ? audited_missing(p, needed) : NULL;
}

/*
 * What was left by an interrupted build, by an ukc that did not watch, or by ninja alone is made again: what commands
 * read is part of the record.
 */
static bool watch_all(struct project *p, bool quiet, const struct image *image, struct file_stat *now, bool *ran, int *status)
{
    if (p->unwatched)
        return true;
    const struct edges *missing = find_unwatched(p, image);
    if (!missing || missing->count == 0)
        return missing != NULL;
    if (!quiet)
        fprintf(given(p->i, OPTION_json) ? stderr : stdout, "what %zu files were made of was not watched: making them again\n", missing->count);
    for (size_t i = 0; i < missing->count; i++)
        unlink(missing->items[i].output);
    bool again;
    p->edges = NULL;
    if (!run_build(p, quiet, image, now, &again, status))
        return false;
    *ran = *ran || again;
    missing = p->unwatched ? NULL : find_unwatched(p, image);
    if (missing && missing->count) /* what they opened could not be told, twice */
        p->unwatched = arena_printf(p->a, "the commands of %zu files could not be followed", missing->count);
    return p->unwatched || missing;
}

/* If it cannot be recorded now, the next build is to try again. */
static bool forget_image(struct project *p)
{
    const char *path = project_file(p, "image.state");
    return unlink(path) == 0 || diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot remove '%s': %s", path, strerror(errno));
}

/* One that this build made, or that is not known. */
static bool measure_image(struct project *p, struct image *image)
{
    struct hash sha;
    image->made = true;
    image->record[0] = 0;
    if (!hash_file(image->path, &sha, NULL, p->d))
        return false;
    hash_hex(&sha, image->sha256);
    image->before = image->sizes;
    image->sizes = sizes_make(p, image->path, &image->report);
    return true;
}

bool build_image(struct project *p, bool quiet, struct image *image, int *status)
{
    bool ran = false;
    int64_t started = unix_ms();
    *image = (struct image){0};
    if (!guard_enter(p) || !check_ninja_files(p) || !tell_offline(p)) {
        *status = (int)diag_status(p->d);
        return false;
    }
    image->path = project_built(p);
    if (image->path)
        aside_remove(p, image->path);
    failure_expect(p);
    bool good = image->path && inputs_check(p, image->path, quiet) && audited_appeared(p, quiet);
    p->i->below = failure_take(p);
    if (!good) {
        int told = p->i->below.status;
        *status = diag_errors(p->d) ? (int)diag_status(p->d) : told ? told : DIAG_INPUT;
        return false;
    }
    struct file_stat now;
    if (!run_build(p, quiet, image, &now, &ran, status))
        return false;
    bool known = known_image(p, image, &now), nothing = known && inputs_unchanged(p);
    if (!nothing && !watch_all(p, quiet, image, &now, &ran, status))
        return false;
    known = nothing || known_image(p, image, &now);
    if (!known && !ran && is_another(image) && !make_again(p, quiet, image, &now, &ran, status))
        return false;
    image->bytes = now.size;
    image->sizes = sizes_read(p);
    if (nothing)
        return true;
    bool ok = (known ? forget_image(p) : measure_image(p, image)) && record_image(p, image, started) &&
              (file_stat(image->path, &now) || diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' is not there any more", image->path)) &&
              remember_image(p, image, &now);
    *status = (int)diag_status(p->d);
    return ok;
}

/* False after reporting. */
static bool measure_memory(struct project *p, struct image *image)
{
    if (p->configuration.target == TARGET_posix)
        return true;
    image->end = image_end(p, image->path);
    return image->end && budgets_read(p, &image->budget_least, &image->budget_most);
}

int command_build(struct invocation *i)
{
    struct project p;
    struct image image;
    int status = 0;
    if (!project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, true))
        return (int)diag_status(i->diag);
    if (!build_image(&p, given(i, OPTION_quiet), &image, &status))
        return status;
    if (!measure_memory(&p, &image))
        return (int)diag_status(p.d);
    build_print(&p, &image);
    return status;
}
