/*
 * replay.c - lays a record's inputs out and runs its actions; see replay.h.
 *
 * An action can run when every input that another one makes is there.  The order in which they start is that of the
 * groups and of the actions in them as far as that allows; what they make does not depend on it.
 */
#include "replay.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/audit.h"
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "note.h"
#include "toolset.h"

struct step {
    const struct action *action;
    size_t missing; /* actions that must end before */
    VEC(uint32_t) after; /* steps that wait for this one */
    pid_t pid; /* 0: it does not run */
    pid_t was; /* the same, which stays */
    bool ended;
    int status; /* then */
};

struct run {
    struct arena *a;
    const struct replay *replay;
    struct step *steps;
    size_t count, started, ended, running;
    const struct step *failed; /* the first */
    char **environment;
    struct map readable; /* absolute paths outside of the directory */
    bool good;
    struct diag *d;
};

const char *replay_image(struct arena *a, const struct replay *r)
{
    return path_join(a, r->directory, r->recorded->recipe.image);
}

/* ---- the inputs ---- */

static bool lay_out(struct arena *a, const struct replay *r, struct diag *d)
{
    const struct recorded *x = r->recorded;
    for (size_t i = 0; i < x->input_count; i++)
        if (!file_write(path_join(a, r->directory, x->inputs[i].path), x->inputs[i].bytes, x->inputs[i].size, NULL, d))
            return false;
    for (size_t i = 0; i < x->recipe.large_count; i++) {
        const char *to = path_join(a, r->directory, x->recipe.large[i].path);
        if (!file_make_directories(path_directory(a, to), d) || !blob_copy(r->store, &x->recipe.large[i].sha256, to, d))
            return false;
    }
    return true;
}

/* ---- the graph ---- */

static size_t count_actions(const struct recorded *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->group_count; i++)
        n += x->groups[i].actions.action_count;
    return n;
}

static bool make_steps(struct run *r)
{
    const struct recorded *x = r->replay->recorded;
    struct map makers = {};
    bool good = true;
    r->count = count_actions(x);
    r->steps = arena_array(r->a, struct step, r->count);
    size_t n = 0;
    for (size_t i = 0; i < x->group_count; i++)
        for (size_t k = 0; k < x->groups[i].actions.action_count; k++, n++) {
            const struct action *action = &x->groups[i].actions.actions[k];
            r->steps[n].action = action;
            for (size_t o = 0; o < action->output_count; o++)
                if (map_add(&makers, action->outputs[o], (uint32_t)n) != MAP_ABSENT)
                    good = diag_fail(r->d, DIAG_INTEGRITY, SPAN_NONE, "two actions of the record make '%s'", action->outputs[o]);
        }
    for (n = 0; n < r->count; n++)
        for (size_t k = 0; k < r->steps[n].action->input_count; k++) {
            uint32_t maker = map_get(&makers, r->steps[n].action->inputs[k]);
            if (maker == MAP_ABSENT)
                continue;
            *vec_add(r->a, &r->steps[maker].after) = (uint32_t)n;
            r->steps[n].missing++;
        }
    map_dispose(&makers);
    return good;
}

static bool make_directories(struct run *r)
{
    for (size_t n = 0; n < r->count; n++)
        for (size_t o = 0; o < r->steps[n].action->output_count; o++) {
            const char *path = path_join(r->a, r->replay->directory, r->steps[n].action->outputs[o]);
            if (!file_make_directories(path_directory(r->a, path), r->d))
                return false;
        }
    return true;
}

/* ---- running ---- */

static void make_environment(struct run *r)
{
    VEC(char *) list = {};
    for (size_t i = 0; i < r->replay->recorded->recipe.environment_count; i++)
        *vec_add(r->a, &list) = arena_strdup(r->a, r->replay->recorded->recipe.environment[i]);
    *vec_add(r->a, &list) = arena_printf(r->a, "PATH=%s", r->replay->path);
    *vec_add(r->a, &list) = arena_printf(r->a, "TMPDIR=%s", r->replay->directory);
    if (r->replay->moved && !strchr(r->replay->moved, ' ')) /* clang's driver takes words, which it cannot take apart */
        *vec_add(r->a, &list) = arena_printf(r->a, "CCC_OVERRIDE_OPTIONS=#+-ffile-prefix-map=%s", r->replay->moved);
    *vec_add(r->a, &list) = NULL;
    r->environment = list.items;
}

/* What the action says goes to a file, which is read only if it fails. */
static const char *said_path(const struct run *r, size_t n)
{
    return arena_printf(r->a, "%s/.said-%zu", r->replay->directory, n);
}

/* In the tools' directories, whatever our own PATH is; itself if it is in none. */
static const char *find_program(struct run *r, const char *name)
{
    for (const char *at = r->replay->path; *at;) {
        size_t length = strcspn(at, ":");
        const char *path = path_join(r->a, arena_strndup(r->a, at, length), name);
        if (access(path, X_OK) == 0)
            return path;
        at += length + (at[length] == ':');
    }
    return name;
}

static bool start_step(struct run *r, size_t n)
{
    struct step *s = &r->steps[n];
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, said_path(r, n), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawn_file_actions_addchdir_np(&files, r->replay->directory);
    if (r->replay->progress)
        r->replay->progress(r->replay->context, r->started + 1, r->count, s->action->outputs[0]);
    const char *program = s->action->words[0];
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none); /* the thread that is watched lets no signal in */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    int error = posix_spawnp(&s->pid, find_program(r, program), &files, &attributes, (char *const *)s->action->words, r->environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    s->was = s->pid;
    if (error) {
        s->pid = 0;
        return diag_fail(r->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be started: %s", program, strerror(error));
    }
    r->started++;
    r->running++;
    return true;
}

static bool start_ready(struct run *r, size_t limit)
{
    for (size_t n = 0; n < r->count && r->running < limit; n++)
        if (!r->steps[n].pid && !r->steps[n].ended && r->steps[n].missing == 0 && !start_step(r, n))
            return false;
    return true;
}

/* The same programs with the same inputs did not fail when it was recorded: that is the machine, no difference.  Of other programs it is one. */
static void report_failure(struct run *r)
{
    const struct step *s = r->failed;
    const char *program = s->action->words[0], *output = s->action->outputs[0];
    if (WIFSIGNALED(s->status))
        diag_fail(r->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' for '%s' was ended by signal %d", program, output, WTERMSIG(s->status));
    else
        diag_fail(r->d, r->replay->open ? DIAG_DIFFERS : DIAG_OUTSIDE, SPAN_NONE, "'%s' for '%s' fails with status %d; it did not when it was recorded", program,
                  output, WEXITSTATUS(s->status));
    if (!r->replay->open)
        diag_help(r->d, "nothing was compared: is there memory, and room in '%s'? TMPDIR may name another directory", path_directory(r->a, r->replay->directory));
    const struct source *said = file_read(r->a, said_path(r, (size_t)(s - r->steps)), SPAN_NONE, 0, r->d);
    for (const char *line = said ? said->bytes : ""; *line;) {
        size_t length = strcspn(line, "\n");
        diag_note(r->d, SPAN_NONE, "%.*s", (int)(length < 1000 ? length : 1000), line);
        line += length + (line[length] == '\n');
    }
}

static bool end_step(struct run *r, pid_t pid, int status)
{
    for (size_t n = 0; n < r->count; n++) {
        struct step *s = &r->steps[n];
        if (s->pid != pid)
            continue;
        s->pid = 0;
        s->ended = true;
        r->running--;
        r->ended++;
        for (size_t k = 0; k < s->after.count; k++)
            r->steps[s->after.items[k]].missing--;
        s->status = status;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            unlink(said_path(r, n));
            return true;
        }
        r->failed = r->failed ? r->failed : s;
        return false;
    }
    return true;
}

static bool run_steps(struct run *r)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t limit = r->replay->jobs ? r->replay->jobs : processors > 0 ? (size_t)processors : 1;
    bool good = true;
    while (good && r->ended < r->count) {
        good = start_ready(r, limit);
        if (good && r->running == 0)
            good = diag_fail(r->d, DIAG_INTEGRITY, SPAN_NONE, "the record's actions wait for each other");
        int status;
        pid_t pid = r->running ? waitpid(-1, &status, 0) : 0;
        if (pid > 0)
            good = end_step(r, pid, status) && good;
    }
    while (r->running) { /* after a failure: what still runs may end */
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid > 0)
            end_step(r, pid, status);
        else if (errno != EINTR)
            break;
    }
    return good;
}

/* ---- shut in ---- */

static bool may_read(void *context, const char *path)
{
    const struct run *r = context;
    if (*path != '/' || map_get(&r->readable, path) != MAP_ABSENT || toolset_is_host_file(path))
        return true;
    char *real = realpath(path, NULL);
    bool may = real && map_get(&r->readable, real) != MAP_ABSENT;
    free(real);
    return may;
}

static void list_readable(struct run *r)
{
    const struct recorded *x = r->replay->recorded;
    for (size_t i = 0; i < r->replay->file_count; i++)
        map_add(&r->readable, r->replay->files[i], 1);
    for (size_t i = 0; i < x->host_count; i++) {
        const char *path = arena_printf(r->a, "/%s", x->host[i].path);
        char *real = realpath(path, NULL);
        map_add(&r->readable, path, 1);
        if (real)
            map_add(&r->readable, arena_strdup(r->a, real), 1);
        free(real);
    }
}

static const struct step *step_of(const struct run *r, const char *pid)
{
    for (size_t n = 0; n < r->count; n++)
        if (r->steps[n].was == (pid_t)atoi(pid))
            return &r->steps[n];
    return NULL;
}

/* What was refused is why an action failed, or would have decided what it made. */
static bool report_refused(struct run *r, const char *log)
{
    const struct source *s = file_read(r->a, log, SPAN_NONE, 0, r->d);
    struct audit_line line;
    bool good = s != NULL;
    for (const char *next = s ? s->bytes : ""; audit_read_line(r->a, &next, &line);) {
        bool opens = strcmp(line.kind, "read") == 0 || strcmp(line.kind, "run") == 0, asks = strcmp(line.kind, "network") == 0;
        const struct step *step = (opens && !may_read(r, line.what)) || asks ? step_of(r, line.pid) : NULL;
        if (!step)
            continue;
        good = diag_fail(r->d, DIAG_DIFFERS, SPAN_NONE, asks ? "'%s' asks for the network (%s), to make '%s'" : "'%s' wants to read '%s', which the record does not name, to make '%s'",
                         step->action->words[0], line.what, step->action->outputs[0]);
    }
    return good;
}

static void run_watched(void *context)
{
    struct run *r = context;
    r->good = run_steps(r);
}

static bool run_shut_in(struct run *r)
{
    if (r->replay->open)
        return run_steps(r);
    const char *log = arena_printf(r->a, "%s/.opened", r->replay->directory), *why;
    char *real = realpath(r->replay->directory, NULL);
    struct audit_options options = {.log = log, .directory = real ? real : r->replay->directory, .allowed = may_read, .context = r};
    list_readable(r);
    struct audit *audit = audit_begin(&options, &why);
    if (audit) {
        audit_call(audit, run_watched, r);
        if (audit_end(audit))
            r->good = report_refused(r, log) && r->good;
        else
            r->good = diag_fail(r->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written", log); /* its last line may be cut */
        unlink(log);
    } else {
        diag_warning(r->d, SPAN_NONE, "the record's actions were not shut in: %s", why);
        run_watched(r);
    }
    free(real);
    return r->good;
}

bool replay_run(struct arena *a, const struct replay *replay, struct diag *d)
{
    struct run r = {.a = a, .replay = replay, .d = d};
    make_environment(&r);
    bool good = make_steps(&r) && lay_out(a, replay, d) && make_directories(&r) && run_shut_in(&r);
    if (r.failed)
        report_failure(&r); /* what was refused is the better reason, and was said */
    map_dispose(&r.readable);
    return good && (!replay->recorded->recipe.note || note_fill(a, replay_image(a, replay), &replay->recorded->facts.recipe, d));
}

/* ---- comparing ---- */

struct comparison {
    struct arena *a;
    const struct replay *replay;
    struct map differs; /* path of an output: its place in `found` */
    VEC(struct divergence) found;
    struct diag *d;
};

static bool compare_output(struct comparison *c, const struct action *action, const struct action_output *o)
{
    struct divergence v = {.action = action, .output = o};
    const char *path = path_join(c->a, c->replay->directory, o->path);
    uint64_t size;
    v.absent = !file_exists(path);
    bool noted = c->replay->recorded->recipe.note && strcmp(o->path, c->replay->recorded->recipe.image) == 0;
    if (!v.absent && !(noted ? note_hash_blank(c->a, path, &v.actual, &size, c->d) : hash_file(path, &v.actual, &size, c->d)))
        return false;
    if (v.absent || !hash_equal(&v.actual, &o->sha256)) {
        map_add(&c->differs, o->path, (uint32_t)c->found.count);
        *vec_add(c->a, &c->found) = v;
    }
    return true;
}

static const struct action *maker_of(const struct action_group *g, const char *path)
{
    for (size_t i = 0; i < g->action_count; i++)
        for (size_t k = 0; k < g->actions[i].output_count; k++)
            if (strcmp(g->actions[i].outputs[k], path) == 0)
                return &g->actions[i];
    return NULL;
}

static bool has_equal_inputs(const struct comparison *c, const struct divergence *v)
{
    for (size_t i = 0; v->action && i < v->action->input_count; i++)
        if (map_get(&c->differs, v->action->inputs[i]) != MAP_ABSENT)
            return false;
    return true;
}

const struct divergence *replay_compare(struct arena *a, const struct replay *replay, struct diag *d)
{
    struct comparison c = {.a = a, .replay = replay, .d = d};
    const struct recorded *x = replay->recorded;
    const struct divergence *first = NULL;
    bool good = true;
    for (size_t i = 0; i < x->group_count && good; i++)
        for (size_t k = 0; k < x->groups[i].output_count && good; k++)
            good = compare_output(&c, maker_of(&x->groups[i].actions, x->groups[i].outputs[k].path), &x->groups[i].outputs[k]);
    for (size_t i = 0; i < c.found.count && !first && good; i++)
        if (has_equal_inputs(&c, &c.found.items[i]))
            first = &c.found.items[i];
    map_dispose(&c.differs);
    return first;
}
