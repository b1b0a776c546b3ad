/*
 * compile.c - ukc-compile COMMAND...: called by build.ninja in front of each command of the compiler.
 *
 * Either the store's cache has the object, or this process becomes the compiler: what the audit sees is the same as without
 * ukc in between.  An object that is taken comes with what was read when it was made, in the list of dependencies and in the audit's log.
 *
 * What a compiler says is to be said by the next build too: only what printed nothing, which is noted (audit.h, `silent`), is kept.
 *
 * A program of its own, linked statically with the few files that it needs: of 14 million instructions that it took as a command of ukc
 * 9 million were the loader's, for libraries that it never called.
 */
#include "base/audit.h"
#include "base/environment.h"
#include "base/file.h"
#include "base/process.h"
#include "build/audited.h"
#include "build/compiled.h"
#include "build/failure.h"
#include "../ninja/ninja.h"
#include "../provenance/store.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct compile {
    struct arena *a;
    const char **words;
    size_t count;
    int log; /* of the build that watches; -1: nobody does */
};

static const char *word_after(const struct compile *c, const char *option)
{
    for (size_t i = 1; i + 1 < c->count; i++)
        if (string_equal(c->words[i], option))
            return c->words[i + 1];
    return NULL;
}

/* ---- from the store ---- */

static void put_all(struct text *log, const char *kind, const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        audit_put_line(log, kind, getpgrp(), paths[i]);
}

static bool tell_audit(const struct compile *c, const struct taken *t)
{
    struct text log = {};
    char hex[HASH_HEX];
    hash_hex(&t->key, hex);
    put_all(&log, "taken", (const char *const[]){hex}, 1);
    put_all(&log, "read", t->reads.read, t->reads.read_count);
    put_all(&log, "read", t->reads.input, t->reads.input_count);
    put_all(&log, "absent", t->reads.absent, t->reads.absent_count);
    bool good = c->log < 0 || write(c->log, log.bytes, log.size) == (ssize_t)log.size;
    text_dispose(&log);
    return good;
}

/* A file that is there already, with the same bytes, gets the time of now too. */
static bool put_file(const char *path, const void *bytes, size_t size)
{
    struct diag *quiet = diag_create();
    bool good = (unlink(path) == 0 || errno == ENOENT) && file_write(path, bytes, size, NULL, quiet);
    diag_destroy(quiet);
    return good;
}

static bool write_out(const struct compile *c, const char *output, const char *depfile, const struct taken *t)
{
    struct text deps = {};
    ninja_escape_dependency(&deps, output);
    text_putc(&deps, ':');
    for (size_t i = 0; i < t->reads.read_count; i++) {
        text_puts(&deps, " \\\n ");
        ninja_escape_dependency(&deps, t->reads.read[i]);
    }
    text_putc(&deps, '\n');
    bool good = tell_audit(c, t) && put_file(depfile, deps.bytes, deps.size) && put_file(output, t->object, t->size);
    text_dispose(&deps);
    return good;
}

static bool take(const struct compile *c)
{
    const char *output = word_after(c, "-o"), *depfile = word_after(c, "-MF");
    const char *store = output && depfile && !getenv(CACHE_VARIABLE) ? store_place(c->a) : NULL;
    struct compiled *compiled = store ? compiled_open(store) : NULL;
    struct taken taken = {};
    bool done = compiled && compiled_take(compiled, c->a, c->words, c->count, &taken) && write_out(c, output, depfile, &taken);
    compiled_close(compiled);
    return done;
}

/* ---- from the compiler ---- */

/* Hands on what the compiler says, until it has ended. */
[[gnu::noreturn]] static void listen_to(int from, int log)
{
    struct text line = {};
    char bytes[4096];
    bool silent = true;
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR);) {
        silent = false;
        for (ssize_t done = 0, w; done < n; done += w > 0 ? w : 0)
            if ((w = write(STDERR_FILENO, bytes + done, (size_t)(n - done))) < 0 && errno != EINTR)
                _exit(1);
    }
    audit_put_line(&line, "silent", getpgrp(), "");
    _exit(silent && write(log, line.bytes, line.size) != (ssize_t)line.size);
}

/* Another process listens; Ninja waits until both have ended.  Where there is none, nobody watches, and nothing is kept. */
static bool be_listened_to(int log)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t listener = fork();
    if (listener == 0) {
        close(ends[1]);
        listen_to(ends[0], log);
    }
    return listener > 0 && dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(ends[1], STDERR_FILENO) >= 0;
}

static int fail(int status, const char *what, const char *program)
{
    struct text t = {};
    text_printf(&t, "%s '%s': %s", what, program, strerror(errno));
    fprintf(stderr, "error: %s\n", text_string(&t));
    failure_leave(status, text_string(&t), "");
    text_dispose(&t);
    return status;
}

static int become(struct compile *c)
{
    const char *program = c->words[0];
    signal(SIGPIPE, SIG_DFL);
    if (c->log >= 0 && !be_listened_to(c->log))
        return fail(DIAG_OUTSIDE, "no process to listen to", program);
    const char *path = process_find(c->a, program); /* not by trying each directory: each try is asked about */
    execve(path ? path : program, (char *const *)c->words, environment_given());
    return fail(DIAG_OUTSIDE, "cannot run", program);
}

int main(int argc, char **argv)
{
    struct compile c = {.count = (size_t)argc - 1, .words = (const char **)argv + 1, .log = -1};
    if (argc < 2) {
        fputs("usage: ukc-compile COMMAND...\nCalled by the build.ninja that 'ukc configure' writes.\n", stderr);
        return DIAG_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    environment_settle();
    c.a = arena_create();
    const char *log = getenv(AUDIT_VARIABLE);
    if (log)
        c.log = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    return take(&c) ? 0 : become(&c);
}
