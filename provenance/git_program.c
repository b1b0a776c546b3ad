/*
 * git_program.c - see git_program.h.
 */
#include "git_program.h"
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/process.h"
#include "../ukc/base/text.h"

#define FILE_LIMIT ((rlim_t)16 << 30) /* bytes that git may write into one file: a pack of a hostile server */
#define SAID_LIMIT ((size_t)16 << 20) /* bytes of messages, or of names of references: of progress that is enough for days */
#define LINES 8

/* Variables that name another repository would lead git there; those for keys, proxies and prompts are the user's. */
static bool is_kept(const char *variable)
{
    static const char *const kept[] = {"GIT_SSH", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT", "GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_", "GIT_CONFIG_GLOBAL=",
                                       "GIT_CONFIG_SYSTEM=", "GIT_CONFIG_NOSYSTEM=", "GIT_TRACE"};
    if (string_starts(variable, "LC_ALL=") || string_starts(variable, "LANGUAGE="))
        return false;
    if (!string_starts(variable, "GIT_"))
        return true;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (string_starts(variable, kept[i]))
            return true;
    return false;
}

static const char *const *environment(struct arena *a)
{
    VEC(const char *) list = {};
    for (char **v = environ; *v; v++)
        if (is_kept(*v))
            *vec_add(a, &list) = *v;
    *vec_add(a, &list) = "LC_ALL=C";
    *vec_add(a, &list) = NULL;
    return list.items;
}

int git_run(struct arena *a, const char *directory, const char *const *words, unsigned patience, struct text *out, struct text *err, struct diag *d)
{
    /* nothing of the user's that acts on his working copies; nothing that a remote could start; references of the store may lead to what is damaged */
    static const char *const always[] = {"git",          "-c", "core.hooksPath=/dev/null", "-c", "transfer.fsckObjects=true", "-c", "gc.auto=0", "-c",
                                         "maintenance.auto=false", "-c", "protocol.ext.allow=never", "-c", "fetch.unpackLimit=1", "-c", "fetch.writeCommitGraph=false",
                                         "-c", "core.alternateRefsPrefixes=refs/none", "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60", "-c", "push.gpgSign=false"};
    VEC(const char *) argv = {};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        *vec_add(a, &argv) = always[i];
    if (!string_equal(words[0], "init"))
        *vec_add(a, &argv) = "--git-dir=."; /* nothing that is looked for */
    for (; *words; words++)
        *vec_add(a, &argv) = *words;
    *vec_add(a, &argv) = NULL;
    struct rlimit before, less;
    bool limited = getrlimit(RLIMIT_FSIZE, &before) == 0 && before.rlim_cur > FILE_LIMIT;
    less = (struct rlimit){limited ? FILE_LIMIT : 0, before.rlim_max};
    if (limited)
        setrlimit(RLIMIT_FSIZE, &less); /* git inherits it */
    bool lost = false;
    int status = process_run(&(struct process){.argv = argv.items, .directory = directory, .environment = environment(a), .out = out, .err = err,
                                               .patience = patience, .limit = SAID_LIMIT, .lost = &lost}, d);
    if (limited)
        setrlimit(RLIMIT_FSIZE, &before);
    if (lost && ((err && err->size >= SAID_LIMIT) || (out && out->size >= SAID_LIMIT))) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the remote says more than anybody reads; it was given up, and nothing was changed");
        return -1;
    }
    if (lost) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "nothing has come from the remote for %u seconds; it was given up, and nothing was changed", patience);
        diag_help(d, "--timeout SECONDS waits longer");
        return -1;
    }
    if (status < 0 && !process_there("git"))
        diag_help(d, "git is needed to push and pull: on Debian 'apt-get install git'");
    return status;
}

/* "Receiving objects:  50% (1/2)\r...", "remote: Total 3 (delta 0)": how far it is, which tells the living from the dead. */
static bool is_progress(const char *line, size_t n)
{
    return memchr(line, '\r', n) || (n > 7 && memcmp(line + n - 7, ", done.", 7) == 0) || string_starts(line, "remote: Total ") ||
           string_starts(line, "Delta compression using");
}

bool git_failed(const char *what, const struct text *err, struct diag *d)
{
    size_t lines = 0;
    diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s", what);
    for (const char *line = text_string(err); *line && lines < LINES;) {
        size_t n = strcspn(line, "\n"), shown = n < 300 ? n : 300;
        char clean[301];
        for (size_t i = 0; i < shown; i++)
            clean[i] = (unsigned char)line[i] < ' ' || line[i] == 0x7f ? '?' : line[i];
        clean[shown] = 0;
        if (shown && !string_starts(clean, "hint:") && !is_progress(line, n) && ++lines)
            diag_note(d, SPAN_NONE, "git: %s", clean);
        line += n + (line[n] == '\n');
    }
    return false;
}
