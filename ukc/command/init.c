/*
 * init.c - ukc init: a new project from the templates in manifests/init.
 *
 * The project is made aside and renamed into place: it is there whole or not
 * at all.
 */
#include "../base/file.h"
#include "../base/json.h"
#include "../project/project.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool valid_name(struct invocation *i, const char *name)
{
    bool ok = isalpha((unsigned char)name[0]) && strlen(name) <= 63;
    for (const char *p = name; *p; p++)
        ok &= isalnum((unsigned char)*p) || *p == '-' || *p == '_';
    if (ok)
        return true;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'%s' cannot name a unikernel", name);
    return diag_help(i->diag, "a name starts with a letter and has at most 63 letters, digits, '-' and '_'");
}

static char *expand(struct arena *a, const struct source *template, const char *name, const char *identifier)
{
    struct text t = {};
    for (size_t at = 0; at < template->size;) {
        const char *rest = template->bytes + at;
        if (string_starts(rest, "@NAME@")) {
            text_puts(&t, name);
            at += strlen("@NAME@");
        } else if (string_starts(rest, "@IDENTIFIER@")) {
            text_puts(&t, identifier);
            at += strlen("@IDENTIFIER@");
        } else {
            text_putc(&t, *rest);
            at++;
        }
    }
    char *out = text_keep(&t, a);
    text_dispose(&t);
    return out;
}

static bool make_file(struct invocation *i, const char *templates, const char *from, const char *to, const char *name)
{
    const struct source *s = file_read(i->arena, path_join(i->arena, templates, from), SPAN_NONE, 0, i->diag);
    if (!s)
        return false;
    char *identifier = arena_strdup(i->arena, name);
    for (char *p = identifier; *p; p++)
        if (*p == '-')
            *p = '_';
    const char *bytes = expand(i->arena, s, name, identifier);
    return file_write(to, bytes, strlen(bytes), NULL, i->diag);
}

/* Can the project be configured under its name?  What is wrong with that is told in the words of its manifest. */
static bool check_made(struct invocation *i, const char *directory, const char *name)
{
    struct configuration none = {};
    struct diag *d = diag_create();
    size_t count;
    const char *shared, *const *roots = catalogue_roots(i, &none, &count, &shared);
    struct manifest_options o = {.project = path_join(i->arena, directory, "ukc.lua"), .catalogue = roots, .catalogue_count = count, .shared = shared};
    const struct manifest *m = roots ? manifest_load(i->arena, &o, d) : NULL;
    const struct graph *g = m ? graph_build(i->arena, m, &m->unikernels[0], d) : NULL;
    bool ok = g && resolve(i->arena, g, &(struct resolve_options){.target = TARGET_posix}, d) && !generate_takes_name(name);
    if (roots && !ok) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'%s' cannot name this project: %s", name,
                  diag_first(d) ? diag_first(d) : "the build directory has a file of that name");
        diag_help(i->diag, "give it another name; 'doc' in its manifest may say what it is");
    }
    diag_destroy(d);
    return ok;
}

static void print_made(struct invocation *i, const char *directory, const char *name)
{
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "project", path_absolute(i->arena, directory));
        json_field(&j, "unikernel", name);
        json_end_object(&j);
        answer_json(i, &j);
    } else if (!given(i, OPTION_quiet)) {
        printf("made %s: ukc.lua, %s.c, htdocs/index.html\n"
               "next: cd %s && ukc configure --target posix && ukc build && ukc run\n",
               directory, name, directory);
    }
}

int command_init(struct invocation *i)
{
    const char *directory = path_normal(i->arena, i->arguments[0]);
    const char *name = path_base(directory);
    if (!valid_name(i, name))
        return DIAG_USAGE;
    if (file_exists(directory)) {
        diag_fail(i->diag, DIAG_INPUT, SPAN_NONE, "'%s' exists already", directory);
        diag_help(i->diag, "give the project another name; what is there is left alone");
        return DIAG_INPUT;
    }
    const char *templates = catalogue_file(i, "manifests/init");
    if (!templates)
        return (int)diag_status(i->diag);
    const char *aside = arena_printf(i->arena, "%s.new.%ld", directory, (long)getpid());
    bool ok = make_file(i, templates, "ukc.lua", path_join(i->arena, aside, "ukc.lua"), name) &&
              make_file(i, templates, "app.c", path_join(i->arena, aside, arena_printf(i->arena, "%s.c", name)), name) &&
              make_file(i, templates, "index.html", path_join(i->arena, aside, "htdocs/index.html"), name) &&
              check_made(i, aside, name);
    if (ok && rename(aside, directory) != 0)
        ok = diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "cannot make '%s': %s", directory, strerror(errno));
    if (ok)
        print_made(i, directory, name);
    else
        file_remove_tree(aside, i->diag);
    return (int)diag_status(i->diag);
}
