/*
 * layout.c - where things are in a project that is being built.
 *
 * A directory outside the project gets a root: a label, and a link of that
 * name below <build>/root.  Labels come from the last two names of the
 * directory ("libs.tasks"), so that they are the same wherever ukc is installed.
 */
#include "layout.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/arena.h"
#include "../base/text.h"

typedef VEC(struct layout_root) root_list;

/* `path` below `directory`: the rest without a slash in front, "" for the directory itself; else NULL. */
static const char *below(const char *directory, const char *path)
{
    size_t n = strlen(directory);
    if (n == 1) /* "/" */
        return path + 1;
    if (strncmp(path, directory, n) || (path[n] && path[n] != '/'))
        return NULL;
    return path[n] ? path + n + 1 : path + n;
}

static bool has_label(const root_list *roots, const char *label)
{
    for (size_t i = 0; i < roots->count; i++)
        if (!strcmp(roots->items[i].label, label))
            return true;
    return false;
}

/* The file name of a link: bytes outside [A-Za-z0-9._+-] would need quoting in ninja and in shells. */
static char *plain_name(struct arena *a, const char *name)
{
    char *plain = arena_strdup(a, *name ? name : "root");
    for (char *c = plain; *c; c++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-", *c))
            *c = '_';
    return plain;
}

const char *layout_tree_label(struct arena *a, const char *family, const char *name, const char *tree)
{
    return arena_printf(a, "%s.%s-%.12s", family, plain_name(a, name), tree);
}

static const char *free_label(struct arena *a, const root_list *roots, const char *directory, bool in_tree)
{
    const char *family = in_tree ? path_base(path_directory(a, directory)) : "use";
    const char *label = arena_printf(a, "%s.%s", plain_name(a, family), plain_name(a, path_base(directory)));
    const char *unique = label;
    for (unsigned n = 2; has_label(roots, unique); n++)
        unique = arena_printf(a, "%s.%u", label, n);
    return unique;
}

/* Adds a root for `directory` unless it is inside the project or has one. */
static void add_root(struct arena *a, root_list *roots, const char *project, const char *directory, bool in_tree)
{
    directory = path_absolute(a, directory);
    if (below(project, directory))
        return;
    for (size_t i = 0; i < roots->count; i++)
        if (!strcmp(roots->items[i].directory, directory) || (roots->items[i].whole && below(roots->items[i].directory, directory)))
            return;
    const char *label = free_label(a, roots, directory, in_tree);
    *vec_add(a, roots) = (struct layout_root){.label = label, .directory = directory};
}

/* libs/include and libs/boot lie beside the directories of in-tree signatures and libraries. */
static void add_beside(struct arena *a, root_list *roots, const char *directory, const char *name, const char *sign)
{
    const char *label = arena_printf(a, "libs.%s", name);
    if (has_label(roots, label))
        return;
    const char *wanted = path_join(a, path_directory(a, path_absolute(a, directory)), name);
    if (file_exists(path_join(a, wanted, sign)))
        *vec_add(a, roots) = (struct layout_root){.label = label, .directory = wanted};
}

static void add_include_root(struct arena *a, root_list *roots, const char *directory)
{
    add_beside(a, roots, directory, "include", "ukc/view.h");
    add_beside(a, roots, directory, "boot", "boot.h");
}

static void collect(struct arena *a, root_list *roots, const char *project, const struct plan *plan)
{
    const struct manifest *m = plan->graph->manifest;
    for (size_t i = 0; i < m->signature_count; i++) {
        add_root(a, roots, project, m->signatures[i].directory, m->signatures[i].in_tree);
        if (m->signatures[i].in_tree)
            add_include_root(a, roots, m->signatures[i].directory);
    }
    for (size_t i = 0; i < plan->instance_count; i++) {
        const struct component *c = plan->instances[i].component;
        add_root(a, roots, project, c->directory, c->in_tree);
        if (c->in_tree)
            add_include_root(a, roots, c->directory);
    }
    const struct target_description *target = plan_target(plan);
    if (target)
        add_root(a, roots, project, target->directory, true);
}

static int compare_roots(const void *x, const void *y)
{
    const struct layout_root *p = x, *q = y;
    return strcmp(p->label, q->label);
}

const struct layout *layout_create(struct arena *a, const struct plan *plan, const char *build,
                                   const struct layout_root *extra, size_t extra_count, struct diag *d)
{
    const char *project = path_absolute(a, ".");
    root_list roots = {};
    for (size_t i = 0; i < extra_count; i++)
        *vec_add(a, &roots) = extra[i];
    collect(a, &roots, project, plan);
    bool good = true;
    for (size_t i = 0; i < roots.count; i++)
        if (!file_is_directory(roots.items[i].directory))
            good = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "directory '%s' is missing", roots.items[i].directory);
    if (!good)
        return NULL;
    if (roots.count)
        qsort(roots.items, roots.count, sizeof *roots.items, compare_roots);
    struct layout *layout = arena_new(a, struct layout);
    *layout = (struct layout){
        .project = project, .build = build, .roots = roots.items, .root_count = roots.count};
    return layout;
}

/* ---- on disk ---- */

static bool link_points_to(const char *link, const char *directory)
{
    size_t size = strlen(directory) + 2;
    char *target = malloc(size);
    ssize_t n = target ? readlink(link, target, size) : -1;
    bool same = n == (ssize_t)size - 2 && !memcmp(target, directory, (size_t)n);
    free(target);
    return same;
}

static bool make_link(struct arena *a, const char *link, const char *directory, struct diag *d)
{
    if (link_points_to(link, directory))
        return true;
    const char *aside = arena_printf(a, "%s.new", link);
    unlink(aside);
    if (symlink(directory, aside) || rename(aside, link)) {
        int error = errno;
        unlink(aside);
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot make the link '%s': %s", link, strerror(error));
    }
    return true;
}

/* Links of an earlier configuration: what the plan no longer names must not be reachable. */
static void remove_stale_links(struct arena *a, const struct layout *layout, const char *directory)
{
    DIR *dir = opendir(directory);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        bool wanted = entry->d_name[0] == '.';
        for (size_t i = 0; i < layout->root_count && !wanted; i++)
            wanted = !strcmp(layout->roots[i].label, entry->d_name);
        if (!wanted)
            unlink(path_join(a, directory, entry->d_name));
    }
    closedir(dir);
}

bool layout_prepare(const struct layout *layout, struct diag *d)
{
    struct arena *a = arena_create();
    static const char *const directories[] = {"gen", "obj", "root", "cache"};
    bool good = true;
    for (size_t i = 0; i < sizeof directories / sizeof *directories && good; i++)
        good = file_make_directories(path_join(a, layout->build, directories[i]), d);
    const char *root = path_join(a, layout->build, "root");
    if (good)
        remove_stale_links(a, layout, root);
    for (size_t i = 0; i < layout->root_count && good; i++)
        good = make_link(a, path_join(a, root, layout->roots[i].label), layout->roots[i].directory, d);
    arena_destroy(a);
    return good;
}

/* ---- names ---- */

const char *layout_path(struct arena *a, const struct layout *layout, const char *directory, const char *file)
{
    const char *path = file && *file ? path_join(a, directory, file) : directory;
    if (*path != '/' && (!strcmp(path, ".") || path_is_inside(path)))
        return path_normal(a, path);
    path = path_absolute(a, path);
    const char *rest = below(layout->project, path);
    if (rest)
        return *rest ? rest : ".";
    const struct layout_root *best = NULL; /* roots may nest: the innermost one is meant */
    for (size_t i = 0; i < layout->root_count; i++)
        if (below(layout->roots[i].directory, path) &&
            (!best || strlen(layout->roots[i].directory) > strlen(best->directory)))
            best = &layout->roots[i];
    if (!best) /* not of this plan: nothing shorter is known */
        return path;
    return path_join(a, arena_printf(a, "%s/root/%s", layout->build, best->label), below(best->directory, path));
}

const char *layout_generated(struct arena *a, const struct layout *layout, const struct plan_instance *instance,
                             const char *file)
{
    return arena_printf(a, "%s/gen/%s%s%s", layout->build, instance->name, file && *file ? "/" : "", file ? file : "");
}

/* ---- include path ---- */

typedef VEC(const char *) flag_list;

static void add_flag(struct arena *a, flag_list *flags, const char *option, const char *directory)
{
    const char *flag = arena_printf(a, "%s%s", option, directory);
    for (size_t i = 0; i < flags->count; i++)
        if (!strcmp(flags->items[i], flag))
            return;
    *vec_add(a, flags) = flag;
}

const struct import *layout_import(const struct layout *layout, const struct import *import)
{
    for (size_t i = 0; i < import->alternative_count; i++)
        for (size_t k = 0; k < layout->root_count; k++)
            if (layout->roots[k].import == &import->alternatives[i])
                return &import->alternatives[i];
    return import->alternative_count ? import->alternatives : import;
}

const char *layout_import_label(struct arena *a, const struct layout *layout, const struct import *import)
{
    static const char *const families[] = {[IMPORT_DEBIAN] = "debian", [IMPORT_DEBIAN_SOURCE] = "debian_source", [IMPORT_GIT] = "git"};
    import = layout_import(layout, import);
    for (size_t k = 0; k < layout->root_count; k++)
        if (layout->roots[k].import == import)
            return layout->roots[k].label;
    return arena_printf(a, "%s.%s", families[import->kind], import->name.text);
}

static void add_component_flags(struct arena *a, const struct layout *layout, const struct component *c, flag_list *flags)
{
    for (size_t i = 0; i < c->flag_count; i++)
        if (string_starts(c->flags[i].text, "-I"))
            add_flag(a, flags, "-I", layout_path(a, layout, c->directory, c->flags[i].text + 2));
    for (size_t i = 0; i < c->import_count; i++) {
        const struct import *import = &c->imports[i];
        if (import->kind == IMPORT_PKGCONFIG)
            continue;
        const char *root = arena_printf(a, "%s/root/%s", layout->build, layout_import_label(a, layout, import));
        import = layout_import(layout, import);
        for (size_t j = 0; j < import->include_count; j++)
            add_flag(a, flags, "-I", path_join(a, root, import->include[j].text));
    }
}

static void add_target_flags(struct arena *a, const struct layout *layout, const struct plan *plan, flag_list *flags)
{
    const struct target_description *target = plan_target(plan);
    const char *include = target ? layout_path(a, layout, target->directory, "include") : NULL;
    if (include && file_is_directory(include))
        add_flag(a, flags, "-I", include);
    if (!target || target->library.import_count == 0)
        return;
    const struct import *import = &target->library.imports[0];
    const char *root = arena_printf(a, "%s/root/%s", layout->build, layout_import_label(a, layout, import));
    import = layout_import(layout, import);
    add_flag(a, flags, "-isystem", arena_printf(a, "%s/gen/+library", layout->build));
    for (size_t i = 0; i < import->include_count; i++)
        add_flag(a, flags, "-isystem", path_join(a, root, import->include[i].text));
}

const char *const *layout_target_include(struct arena *a, const struct layout *layout, const struct plan *plan, size_t *count)
{
    flag_list flags = {};
    add_target_flags(a, layout, plan, &flags);
    *count = flags.count;
    return flags.items;
}

const char *const *layout_include(struct arena *a, const struct layout *layout, const struct plan *plan,
                                  const struct plan_instance *instance, size_t *count)
{
    flag_list flags = {};
    if (instance) {
        add_flag(a, &flags, "-iquote", layout_generated(a, layout, instance, NULL));
        add_flag(a, &flags, "-iquote", layout_path(a, layout, instance->component->directory, NULL));
    }
    const struct manifest *m = plan->graph->manifest;
    for (size_t i = 0; i < m->signature_count; i++)
        add_flag(a, &flags, "-iquote", layout_path(a, layout, m->signatures[i].directory, NULL));
    if (instance)
        add_component_flags(a, layout, instance->component, &flags);
    for (size_t i = 0; i < layout->root_count; i++)
        if (!strcmp(layout->roots[i].label, "libs.include"))
            add_flag(a, &flags, "-I", layout_path(a, layout, layout->roots[i].directory, NULL));
    add_target_flags(a, layout, plan, &flags);
    *count = flags.count;
    return flags.items;
}
