/*
 * inputs.c - inputs that ninja would overlook.
 *
 * Ninja builds again what is older than its inputs.  A file that is replaced
 * by an older one (a backup moved back, an archive unpacked) changes without
 * becoming newer.  <build>/inputs.state remembers size, time and inode of
 * every input of the last image; where one differs and is not newer than
 * the image, the objects are removed and everything is built anew: it is
 * rare, and a stale image is worse than a slow build.
 *
 * It has what was wanted as well (manifests, settings, the plan), which is in the image's record though it may leave
 * the image as it is: where anything differs, the record is made again.
 */
#include "build.h"
#include "../base/file.h"
#include "../base/process.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char first_line[] = "ukc-inputs 1\n";

bool inputs_remember(const struct project *p, const char *const *paths, size_t count)
{
    struct text t = {};
    text_puts(&t, first_line);
    for (size_t k = 0; k < count; k++) {
        struct file_stat s;
        if (file_stat(paths[k], &s))
            text_printf(&t, "%" PRIu64 " %" PRId64 " %" PRIu64 " %s\n", s.size, s.mtime_ns, s.inode, paths[k]);
    }
    bool ok = file_write(project_file(p, "inputs.state"), t.bytes, t.size, NULL, p->d);
    text_dispose(&t);
    return ok;
}

/* What was remembered, behind its first line; NULL: nothing. */
static const char *remembered(struct project *p)
{
    const char *state = project_file(p, "inputs.state");
    if (!file_exists(state))
        return NULL;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, state, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    return s && string_starts(s->bytes, first_line) ? s->bytes + strlen(first_line) : NULL;
}

/* Did the file of this line change?  *now: what it is; all zeroes where it is not there. */
static bool is_changed(struct arena *a, const char *line, size_t size, const char **path, struct file_stat *now)
{
    struct file_stat then;
    int used = 0;
    const char *copy = arena_strndup(a, line, size);
    *now = (struct file_stat){0};
    if (sscanf(copy, "%" SCNu64 " %" SCNd64 " %" SCNu64 " %n", &then.size, &then.mtime_ns, &then.inode, &used) != 3 || !used)
        return false;
    *path = copy + used;
    return !file_stat(*path, now) || now->size != then.size || now->mtime_ns != then.mtime_ns || now->inode != then.inode;
}

bool inputs_unchanged(struct project *p)
{
    const char *line = remembered(p), *path;
    struct file_stat now;
    bool same = line;
    struct arena *scratch = arena_create();
    while (same && *line) {
        size_t n = strcspn(line, "\n");
        same = !is_changed(scratch, line, n, &path, &now);
        line += n + (line[n] == '\n');
    }
    arena_destroy(scratch);
    return same;
}

/* Did the file of this line change without becoming newer than the image?  Of one that is missing, ninja says so. */
static bool overlooked(struct arena *a, const char *line, size_t size, int64_t image_time, const char **path)
{
    struct file_stat now;
    return is_changed(a, line, size, path, &now) && now.inode && now.mtime_ns <= image_time;
}

static const char *find_overlooked(struct project *p, const char *image)
{
    struct file_stat built;
    const char *line = file_stat(image, &built) ? remembered(p) : NULL;
    const char *found = NULL, *path = NULL;
    struct arena *scratch = arena_create();
    while (line && *line && !found) {
        size_t n = strcspn(line, "\n");
        if (overlooked(scratch, line, n, built.mtime_ns, &path))
            found = arena_strdup(p->a, path);
        line += n + (line[n] == '\n');
    }
    arena_destroy(scratch);
    return found;
}

static bool configure_again(struct project *p)
{
    size_t count;
    const char *const *words = configuration_words(p->a, &p->configuration, &count);
    VEC(const char *) argv = {};
    *vec_add(p->a, &argv) = p->i->program;
    *vec_add(p->a, &argv) = "configure";
    *vec_add(p->a, &argv) = "--quiet";
    *vec_add(p->a, &argv) = "--regenerate";
    for (size_t k = 0; k < count; k++)
        *vec_add(p->a, &argv) = words[k];
    *vec_add(p->a, &argv) = NULL;
    return process_run(&(struct process){.argv = argv.items}, p->d) == 0;
}

/* A header that appeared beside a source and would be read instead of a generated one: configure reports it. */
static bool hides_header(struct project *p)
{
    const char *list = project_file(p, "absent.list");
    if (!file_exists(list))
        return false;
    const struct source *s = file_read(p->a, list, SPAN_NONE, 0, p->d);
    for (const char *line = s ? s->bytes : ""; *line;) {
        size_t n = strcspn(line, "\n");
        if (n && file_exists(arena_strndup(p->a, line, n)))
            return true;
        line += n + (line[n] == '\n');
    }
    return false;
}

bool inputs_check(struct project *p, const char *image, bool quiet)
{
    const char *path = find_overlooked(p, image);
    if (!path)
        return !hides_header(p) || configure_again(p);
    if (!quiet)
        fprintf(given(p->i, OPTION_json) ? stderr : stdout, "'%s' was replaced by an older file: building everything anew\n", path);
    /* while that fails, the next build has to see it too */
    return file_remove_tree(project_file(p, "obj"), p->d) && configure_again(p) && file_remove_tree(project_file(p, "inputs.state"), p->d);
}
