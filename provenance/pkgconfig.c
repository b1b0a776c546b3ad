/*
 * pkgconfig.c - a library of the host, found with pkg-config.  Only for
 * images that run on this host: its files are neither stored nor pinned.
 */
#include <ctype.h>
#include <string.h>
#include "../ukc/base/process.h"
#include "import.h"

struct asking {
    struct arena *arena;
    const struct import *import;
    struct diag *diag;
};

static bool module_is_clean(const char *name)
{
    if (!name || !isalnum((unsigned char)name[0]) || strlen(name) > 200)
        return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".+-_", *p))
            return false;
    return true;
}

/* That there is no such file or module, and how it would be found: the caller says that better. */
static bool is_known(struct arena *a, const char *line, const char *module)
{
    return string_ends(line, " was not found in the pkg-config search path.") || string_starts(line, "Perhaps you should add the directory") ||
           string_starts(line, "to the PKG_CONFIG_PATH") || string_equal(line, arena_printf(a, "No package '%s' found", module)) ||
           string_starts(line, arena_printf(a, "Package '%s', required by 'virtual:", module));
}

/* The last of pkg-config's lines that tells something: which other module it requires, or what is wrong with a file. */
static const char *essence(const struct asking *q, struct text *err)
{
    const char *last = "";
    for (const char *at = text_string(err); *at; at += *at == '\n') {
        size_t n = strcspn(at, "\n");
        const char *line = arena_strndup(q->arena, at, n);
        if (n && !is_known(q->arena, line, q->import->name.text))
            last = line;
        at += n;
    }
    text_clear(err);
    text_puts(err, last);
    return one_line(q->arena, err);
}

/* One line of pkg-config's answer; NULL when it fails, with its words in *why. */
static const char *ask(const struct asking *q, const char *option, const char **why)
{
    struct text out = {}, err = {};
    const char *argv[] = {"pkg-config", "--print-errors", option, q->import->name.text, NULL};
    int rc = process_run(&(struct process){.argv = argv, .out = &out, .err = &err}, q->diag);
    char *answer = rc == 0 ? text_keep(&out, q->arena) : NULL;
    if (answer) {
        char *end = answer + strlen(answer);
        while (end > answer && isspace((unsigned char)end[-1]))
            *--end = '\0';
        if (!string_is_clean_utf8(answer, strlen(answer)))
            answer = NULL;
    }
    *why = essence(q, &err);
    text_dispose(&out);
    text_dispose(&err);
    return answer;
}

static bool check_words(const struct import *import, struct diag *d)
{
    if (!module_is_clean(import->name.text))
        return diag_error(d, import->name.span, "'%s' is not the name of a pkg-config module", import->name.text ? import->name.text : "");
    if (import->version_count && !version_range_valid(import->versions[0].text))
        return diag_error(d, import->versions[0].span, "'%s' is not a version range", import->versions[0].text ? import->versions[0].text : "");
    if (process_there("pkg-config"))
        return true;
    diag_fail(d, DIAG_OUTSIDE, import->name.span, "the module '%s' cannot be looked up: 'pkg-config' is not on this machine", import->name.text);
    diag_help(d, "install the package 'pkg-config' or 'pkgconf'");
    return false;
}

static bool check_version(const struct asking *q, const char *version)
{
    const struct word *range = q->import->version_count ? &q->import->versions[0] : NULL;
    if (!range || version_in_range(version, range->text))
        return true;
    diag_fail(q->diag, DIAG_OUTSIDE, range->span, "the module '%s' has version %s here, and '%s' is required", q->import->name.text, version,
              range->text);
    return false;
}

const struct fetched *pkgconfig_fetch(struct arena *a, const struct import *import, struct diag *d)
{
    struct asking q = {a, import, d};
    const char *why = NULL;
    if (!check_words(import, d))
        return NULL;
    if (!ask(&q, "--exists", &why)) {
        diag_fail(d, DIAG_OUTSIDE, import->name.span, why && *why ? "pkg-config cannot use the module '%s' of this machine" : "pkg-config finds no module '%s' on this machine", import->name.text);
        if (why && *why)
            diag_note(d, SPAN_NONE, "pkg-config: %s", why);
        else
            diag_help(d, "install the development package that has '%s.pc'; PKG_CONFIG_PATH names other directories to look in", import->name.text);
        return NULL;
    }
    const char *version = ask(&q, "--modversion", &why);
    if (version && !check_version(&q, version))
        return NULL;
    const char *cflags = version ? ask(&q, "--cflags", &why) : NULL, *libs = cflags ? ask(&q, "--libs", &why) : NULL;
    if (!libs) {
        diag_fail(d, DIAG_OUTSIDE, import->name.span, "pkg-config gives no flags for '%s': %s", import->name.text, why && *why ? why : "no reason given");
        return NULL;
    }
    struct fetched *f = arena_new(a, struct fetched);
    *f = (struct fetched){.import = import, .taken = import, .version = version, .cflags = cflags, .libs = libs};
    return f;
}
