/*
 * project.c - find the project, its configuration, and walk its manifest's way.
 */
#include "project.h"
#include "saved.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../graph/find.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *project_file(const struct project *p, const char *file)
{
    return path_join(p->a, p->build, file);
}

const char *project_image(const struct project *p)
{
    return project_file(p, p->unikernel ? p->unikernel->name.text : p->configuration.name);
}

/* configure wrote it, because reading the manifest again would cost time. */
const char *project_built(struct project *p)
{
    const struct source *s = file_read(p->a, project_file(p, "image.name"), SPAN_NONE, 4096, p->d);
    const char *name = s ? arena_strndup(p->a, s->bytes, strcspn(s->bytes, "\n")) : NULL;
    if (!name || (*name && *name != '.' && !strchr(name, '/')))
        return name ? project_file(p, name) : NULL;
    diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "'%s' is damaged: it names no image", project_file(p, "image.name"));
    diag_help(p->d, "'ukc configure' writes it anew");
    return NULL;
}

/* Paths on the command line are the user's: make them absolute before the directory changes. */
static void keep_paths(struct project *p)
{
    struct invocation *i = p->i;
    for (size_t k = 0; k < i->configs.count; k++)
        i->configs.items[k] = path_absolute(p->a, i->configs.items[k]);
    for (size_t k = 0; k < i->catalogues.count; k++)
        i->catalogues.items[k] = path_absolute(p->a, i->catalogues.items[k]);
}

/* A project is where its ukc.lua is: a link is followed, but what it leads to says nothing of the place. */
static bool check_manifest(struct project *p, const char *at)
{
    struct stat status;
    if (stat("ukc.lua", &status) != 0)
        return diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "cannot follow the symbolic link 'ukc.lua' in '%s': %s", at, strerror(errno));
    return S_ISREG(status.st_mode) || diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "'ukc.lua' in '%s' is not a regular file", at);
}

static bool enter_directory(struct project *p)
{
    struct stat status;
    const char *here = path_absolute(p->a, ".");
    for (const char *at = here;; at = path_directory(p->a, at)) {
        if (lstat(path_join(p->a, at, "ukc.lua"), &status) == 0) {
            p->directory = at;
            if (strcmp(at, here) != 0 && chdir(at) != 0)
                return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot change to '%s': %s", at, strerror(errno));
            return check_manifest(p, at);
        }
        if (strcmp(at, "/") == 0 || strcmp(at, ".") == 0)
            break;
    }
    diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "there is no ukc.lua here or in a directory above");
    return diag_help(p->d, "'ukc init NAME' makes a project; -C DIR acts in another directory");
}

static bool choose_target(struct project *p, const struct saved_last *last, bool must_be_configured)
{
    const char *name = p->i->value[OPTION_target];
    if (name) {
        p->configuration.target = target_find(name);
        return true;
    }
    if (last->found) {
        p->configuration.target = last->target;
        return true;
    }
    p->configuration.target = TARGET_posix;
    if (!must_be_configured)
        return true;
    diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "this project is not configured yet");
    return diag_help(p->d, "run 'ukc configure --target posix' first");
}

/* Settings of the command line come after those that configure was given, and so win. */
static void add_invocation(struct project *p)
{
    struct invocation *i = p->i;
    struct configuration *c = &p->configuration;
    for (size_t k = 0; k < i->sets.count; k++)
        *vec_add(p->a, &c->sets) = i->sets.items[k];
    for (size_t k = 0; k < i->configs.count; k++)
        *vec_add(p->a, &c->configs) = i->configs.items[k];
    if (i->catalogues.count)
        c->catalogues.count = 0;
    for (size_t k = 0; k < i->catalogues.count; k++)
        *vec_add(p->a, &c->catalogues) = i->catalogues.items[k];
}

static void choose_build(struct project *p, const char *name)
{
    const char *target = target_names[p->configuration.target];
    p->build = name ? arena_printf(p->a, "build/%s/%s", target, name) : arena_printf(p->a, "build/%s", target);
}

static const char *what_is_taken(struct project *p)
{
    const char *more = p->i->command == COMMAND_run ? ", 'ukc run --sealed FILE' what ukc seal has made of its image" : p->i->command == COMMAND_size ? ", 'ukc size ./FILE' an image that lies here" : "";
    return arena_printf(p->a, "'ukc %s' alone means the unikernel that was configured last%s", p->i->name, more);
}

/* A path, where the name of a unikernel is asked for. */
static bool refuse_path(struct project *p, const char *name)
{
    if (file_exists(name))
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "'%s' is a file or directory, and no unikernel has a name with a slash", name);
    else
        diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "there is no file '%s', and no unikernel has a name with a slash", name);
    return diag_help(p->d, "%s", what_is_taken(p));
}

static const char *what_lies_here(const char *name)
{
    struct stat status;
    if (lstat(name, &status) != 0 || S_ISDIR(status.st_mode))
        return NULL;
    return file_exists(name) ? "a file" : "a symbolic link that leads to no file";
}

static bool refuse_file(struct project *p, const char *name, const char *file)
{
    diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "'%s' is %s, and no unikernel of this name is configured for target %s", name, file, target_names[p->configuration.target]);
    return diag_help(p->d, "%s", what_is_taken(p));
}

bool project_open(struct project *p, struct invocation *i, const char *name, bool must_be_configured)
{
    *p = (struct project){.i = i, .a = i->arena, .d = i->diag};
    keep_paths(p);
    const char *file = name && must_be_configured ? what_lies_here(name) : NULL; /* before the project's directory is entered */
    if (name && must_be_configured && strchr(name, '/'))
        return refuse_path(p, name);
    if (!enter_directory(p))
        return false;
    struct saved_last last;
    p->named = name;
    if (!saved_last_read(p->a, &last, p->d) || !choose_target(p, &last, must_be_configured))
        return false;
    if (!name && last.found && last.target == p->configuration.target)
        name = last.name;
    choose_build(p, name);
    bool configures = i->command == COMMAND_configure;
    if (!configures && !saved_configuration_read(p, &p->configured))
        return false;
    if (file && !p->configured)
        return refuse_file(p, name, file);
    if (must_be_configured && !p->configured) {
        diag_fail(p->d, DIAG_INPUT, SPAN_NONE, "%s%s%s is not configured yet", name ? name : "", name ? " for target " : "target ",
                  target_names[p->configuration.target]);
        return diag_help(p->d, "run 'ukc configure --target %s%s%s' first", target_names[p->configuration.target], name ? " " : "",
                         name ? name : "");
    }
    p->configuration.name = name;
    add_invocation(p);
    /* the last one: the build that configures again was told so */
    p->offline = given(i, OPTION_offline) || (!configures && p->configuration.offline) || (given(i, OPTION_regenerate) && file_exists(project_file(p, "offline")));
    return true;
}

void project_note_target(const struct project *p)
{
    if (!p->configured && !given(p->i, OPTION_target))
        diag_note(p->d, SPAN_NONE, "not configured yet: this is for target %s; --target names another", target_names[p->configuration.target]);
}

static bool choose_unikernel(struct project *p)
{
    const struct manifest *m = p->manifest;
    const char *name = p->configuration.name;
    if (m->unikernel_count == 0) {
        struct span place = m->source_count ? (struct span){.source = m->sources[0]} : SPAN_NONE;
        for (size_t k = 0; k < m->source_count; k++)
            if (string_equal(m->sources[k]->path, "ukc.lua"))
                place.source = m->sources[k];
        diag_error(p->d, place, "the manifest declares no unikernel");
        return diag_help(p->d, "return unikernel \"name\" { sources = { \"name.c\" } }");
    }
    bool remembered = name && !p->named; /* of the last configure; the manifest may have another now */
    if (!name && m->unikernel_count == 1) {
        p->unikernel = &m->unikernels[0];
        return true;
    }
    enum { LISTED = 12 };
    struct text list = {};
    for (size_t k = 0; k < m->unikernel_count; k++) {
        const char *one = m->unikernels[k].name.text;
        if (k < LISTED)
            text_printf(&list, "%s%s", k ? ", " : "", one);
        if (string_equal(name, one))
            p->unikernel = &m->unikernels[k];
    }
    if (m->unikernel_count > LISTED)
        text_printf(&list, ", and %zu more", m->unikernel_count - LISTED);
    const char *all = text_keep(&list, p->a);
    text_dispose(&list);
    if (p->unikernel) {
        /* one unikernel needs no directory of its own, whether it was named or not */
        if (m->unikernel_count == 1) {
            p->configuration.name = NULL;
            choose_build(p, NULL);
        }
        return true;
    }
    if (remembered && m->unikernel_count == 1) {
        p->unikernel = &m->unikernels[0];
        p->configuration.name = NULL;
        choose_build(p, NULL);
        return true;
    }
    if (!name || remembered) {
        if (remembered)
            diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "'%s' was configured last, and the manifest declares it no longer: say which", name);
        else
            diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "the manifest declares several unikernels: say which");
        return diag_help(p->d, "ukc %s %s  (there are: %s)", p->i->name, m->unikernels[0].name.text, all);
    }
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "the manifest declares no unikernel '%s'", name);
    return diag_help(p->d, "there are: %s", all);
}

bool project_manifest(struct project *p)
{
    size_t count;
    const char *shared;
    const char *const *roots = catalogue_roots(p->i, &p->configuration, &count, &shared);
    if (!roots)
        return false;
    struct manifest_options o = {
        .project = "ukc.lua", .catalogue = roots, .catalogue_count = count, .shared = shared, .use_repository = imports_use_repository, .context = p};
    p->manifest = manifest_load(p->a, &o, p->d);
    return p->manifest;
}

bool project_load(struct project *p)
{
    return project_manifest(p) && choose_unikernel(p);
}

bool project_graph(struct project *p)
{
    if (!p->manifest && !project_load(p))
        return false;
    p->graph = graph_build(p->a, p->manifest, p->unikernel, p->d);
    return p->graph;
}

/* Without the target nothing fits, and what the resolver would say of that helps nobody. */
static bool check_target(struct project *p)
{
    enum target target = p->configuration.target;
    if (target_described(p->manifest, target))
        return true;
    struct text there = {};
    for (enum target t = 0; t < TARGET_COUNT; t++)
        if (target_described(p->manifest, t))
            text_printf(&there, "%s%s", there.size ? ", " : "", target_names[t]);
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "this version of ukc has no target %s yet; there are: %s", target_names[target], text_string(&there));
    text_dispose(&there);
    return false;
}

bool project_plan(struct project *p)
{
    if ((!p->graph && !project_graph(p)) || !check_target(p))
        return false;
    struct resolve_options o = {.target = p->configuration.target, .update = given(p->i, OPTION_update)};
    if (!saved_settings(p, &o))
        return false;
    if (!project_lock(p))
        return false;
    o.lock = p->lock;
    p->plan = resolve(p->a, p->graph, &o, p->d);
    if (p->plan)
        c_library_choose(p);
    return p->plan;
}

bool project_layout(struct project *p, const char *build, bool fetch)
{
    c_library_apply(p, fetch);
    if ((fetch && !imports_fetch_plan(p)) || !imports_fetch_library(p))
        return false;
    size_t count;
    const struct layout_root *roots = imports_roots(p, &count);
    if (!roots)
        return false;
    p->layout = layout_create(p->a, p->plan, build, roots, count, p->d);
    return p->layout && layout_prepare(p->layout, p->d) && generate_library_headers(p->a, p->plan, p->layout, p->d);
}

bool project_check(struct project *p)
{
    struct check_options o = {.cache = path_join(p->a, "build", "cache")};
    for (size_t k = 0; k < p->manifest->target_count; k++) {
        const struct target_description *t = &p->manifest->targets[k];
        if (t->target != p->configuration.target)
            continue;
        const char **flags = arena_array(p->a, const char *, t->flag_count);
        for (size_t n = 0; n < t->flag_count; n++)
            flags[n] = t->flags[n].text;
        o.flags = flags;
        o.flag_count = t->flag_count;
    }
    p->bindings = check_plan(p->a, p->plan, p->layout, &o, p->d);
    return p->bindings;
}

const char *grouped(uint64_t number)
{
    static char out[32];
    char digits[24];
    int n = 0, at = 0;
    for (; number || n == 0; number /= 10)
        digits[n++] = (char)('0' + number % 10);
    for (int k = n - 1; k >= 0; k--) {
        out[at++] = digits[k];
        if (k && k % 3 == 0)
            out[at++] = ',';
    }
    out[at] = 0;
    return out;
}
