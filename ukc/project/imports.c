/*
 * imports.c - what the project takes from the store: imports of its components, and repositories that manifests use.
 *
 * Each is asked for once in a run.
 */
#include "project.h"
#include "../base/file.h"
#include "../base/text.h"
#include <string.h>

bool project_lock(struct project *p)
{
    if (!p->lock)
        p->lock = lock_read(p->a, "ukc.lock", p->d);
    return p->lock;
}

static const struct fetched *ask(struct project *p, const struct import *import, const struct used_repository *used, bool reviews)
{
    struct diag *quiet = diag_create(); /* a check needs no store */
    struct store *store = project_lock(p) ? store_open(NULL, reviews ? quiet : p->d) : NULL;
    diag_destroy(quiet);
    if (!store)
        return NULL;
    if (p->offline)
        store_set_offline(store);
    bool fetches = p->i->command == COMMAND_fetch, checks = p->i->command == COMMAND_check;
    store_set_origins(store, fetches ? ORIGINS_ASKED : checks ? ORIGINS_SAID : ORIGINS_IGNORED);
    const struct fetched *f = reviews  ? store_review(store, p->a, import, p->lock, p->d)
                              : import ? store_fetch(store, p->a, import, p->lock, p->d) : store_repository(store, p->a, used, p->lock, p->d);
    store_close(store);
    return f;
}

/* ---- what is in a tree ---- */

/* What was probably meant: the nearest path, else one that ends with the same name. */
static const char *nearest_path(const char *path, const char *const *paths, size_t count)
{
    const char *near = string_nearest(path, paths, count);
    for (size_t k = 0; k < count && !near; k++)
        if (string_equal(path_base(paths[k]), path_base(path)))
            near = paths[k];
    return near;
}

static bool report_absent(struct project *p, const struct fetched *f, const struct word *path, bool directory)
{
    const char *there = path_join(p->a, f->directory, path->text);
    if (file_exists(there))
        diag_error(p->d, path->span, "'%s' is not a %s in '%s'", path->text, directory ? "directory" : "regular file", f->taken->name.text);
    else
        diag_error(p->d, path->span, "there is no '%s' in '%s' %s", path->text, f->taken->name.text, f->version);
    struct diag *quiet = diag_create(); /* it may hold symbolic links: then nothing is suggested */
    const struct file_list *all = file_walk(p->a, f->directory, SPAN_NONE, quiet);
    diag_destroy(quiet);
    const char *near = !all       ? NULL
                       : directory ? nearest_path(path->text, all->directories, all->directory_count)
                                   : nearest_path(path->text, all->paths, all->count);
    return near ? diag_help(p->d, "did you mean '%s'?", near) : false;
}

static bool check_tree(struct project *p, const struct fetched *f)
{
    const struct import *i = f->taken;
    bool ok = true;
    for (size_t k = 0; k < i->source_count; k++)
        if (!file_is_regular(path_join(p->a, f->directory, i->sources[k].text)))
            ok = report_absent(p, f, &i->sources[k], false);
    for (size_t k = 0; k < i->include_count; k++)
        if (!file_is_directory(path_join(p->a, f->directory, i->include[k].text)))
            ok = report_absent(p, f, &i->include[k], true);
    return ok;
}

/* ---- imports ---- */

bool imports_fetch(struct project *p, const struct import *import)
{
    for (size_t k = 0; k < p->fetched.count; k++)
        if (p->fetched.items[k]->import == import)
            return true;
    const struct fetched *f = ask(p, import, NULL, false);
    if (!f)
        return false;
    *vec_add(p->a, &p->fetched) = f;
    return !f->directory || check_tree(p, f);
}

/* For a check: nothing is fetched, but what is there is compared. */
bool imports_review_plan(struct project *p)
{
    size_t errors = diag_errors(p->d);
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct component *c = p->plan->instances[k].component;
        for (size_t n = 0; n < c->import_count; n++) {
            const struct fetched *f = ask(p, &c->imports[n], NULL, true);
            if (f)
                check_tree(p, f);
        }
    }
    return diag_errors(p->d) == errors;
}

bool imports_fetch_plan(struct project *p)
{
    bool ok = true;
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct component *c = p->plan->instances[k].component;
        for (size_t n = 0; n < c->import_count; n++)
            if (c->imports[n].kind == IMPORT_PKGCONFIG && p->configuration.target != TARGET_posix)
                ok = diag_error(p->d, c->imports[n].span, "a host library can only be linked into a posix image, not for target %s",
                                target_names[p->configuration.target]);
            else
                ok &= imports_fetch(p, &c->imports[n]);
    }
    return ok;
}

/* The headers of the target's C library are read by every check. */
bool imports_fetch_library(struct project *p)
{
    const struct target_description *target = plan_target(p->plan);
    if (!target || target->library.import_count == 0 || imports_fetch(p, &target->library.imports[0]))
        return true;
    return target->library.release ? diag_help(p->d, "with --profile dev, images have the host's C library, and nothing is fetched for it") : false;
}

/* ---- repositories ---- */

const char *imports_use_repository(void *context, struct arena *a, const struct used_repository *used, struct diag *)
{
    struct project *p = context;
    for (size_t k = 0; k < p->used.count; k++)
        if (string_equal(p->used.items[k].used->commit.text, used->commit.text) &&
            string_equal(p->used.items[k].used->repository.text, used->repository.text) &&
            string_equal(p->used.items[k].used->directory, used->directory))
            return p->used.items[k].fetched->directory;
    used = arena_memdup(a, used, sizeof *used);
    const struct fetched *f = ask(p, NULL, used, false);
    if (!f)
        return NULL;
    *vec_add(p->a, &p->used) = (struct used_tree){used, f};
    return f->directory;
}

/* ---- what the rest of the way needs to know ---- */

static const char *const families[] = {[IMPORT_DEBIAN] = "debian", [IMPORT_PKGCONFIG] = NULL, [IMPORT_FIRST_OF] = NULL, [IMPORT_DEBIAN_SOURCE] = "debian_source", [IMPORT_GIT] = "git"};

const char *imports_label(struct arena *a, const struct fetched *f)
{
    return f->directory ? layout_tree_label(a, families[f->taken->kind], f->taken->name.text, f->tree) : NULL;
}

const char *imports_linked(struct project *p, const struct import *import)
{
    for (size_t k = 0; import->kind != IMPORT_FIRST_OF && p->lock && k < p->lock->pin_count; k++) {
        const struct lock_pin *pin = &p->lock->pins[k];
        if (!families[import->kind] || !string_equal(pin->kind, families[import->kind]) || !string_equal(pin->name, import->name.text))
            continue;
        const char *root = path_join(p->a, project_file(p, "root"), layout_tree_label(p->a, pin->kind, pin->name, pin->tree));
        if (file_is_directory(root))
            return root;
    }
    return NULL;
}

/* "https://example.org/them/parts.git" -> "parts" */
static const char *short_name(struct arena *a, const char *repository)
{
    const char *end = repository + strlen(repository);
    while (end > repository && end[-1] == '/')
        end--;
    if (end - repository > 4 && strncmp(end - 4, ".git", 4) == 0)
        end -= 4;
    return path_base(arena_strndup(a, repository, (size_t)(end - repository)));
}

/* One name, one pin, one tree. */
static bool check_one_tree(struct project *p, const struct fetched *f)
{
    for (size_t k = 0; p->fetched.items[k] != f; k++) {
        const struct fetched *other = p->fetched.items[k];
        if (!other->directory || !f->directory || other->taken->kind != f->taken->kind ||
            !string_equal(other->taken->name.text, f->taken->name.text) || string_equal(other->tree, f->tree))
            continue;
        diag_error(p->d, f->taken->span, "another component of this image imports other files of '%s'", f->taken->name.text);
        return diag_note(p->d, other->taken->span, "this one");
    }
    return true;
}

const struct layout_root *imports_roots(struct project *p, size_t *count)
{
    struct layout_root *roots = arena_array(p->a, struct layout_root, p->fetched.count + p->used.count + 1);
    *count = 0;
    bool ok = true;
    for (size_t k = 0; k < p->fetched.count; k++) {
        const struct fetched *f = p->fetched.items[k];
        const char *label = imports_label(p->a, f);
        ok &= check_one_tree(p, f);
        if (label)
            roots[(*count)++] = (struct layout_root){.label = label, .directory = f->directory, .import = f->taken};
    }
    for (size_t k = 0; k < p->used.count; k++) {
        const struct fetched *f = p->used.items[k].fetched;
        const char *label = layout_tree_label(p->a, "use", short_name(p->a, p->used.items[k].used->repository.text), f->tree);
        roots[(*count)++] = (struct layout_root){.label = label, .directory = f->directory, .whole = true};
    }
    return ok ? roots : NULL;
}

/* Each target has its own parts and patches of a C library, which may be the same one: these pins stand side by side. */
static bool is_library(const struct project *p, const struct lock_pin *pin)
{
    for (size_t k = 0; k < p->manifest->target_count; k++) {
        const struct target_library *l = &p->manifest->targets[k].library;
        if (l->import_count && string_equal(l->imports[0].name.text, pin->name))
            return true;
    }
    return false;
}

/* What was pinned before for an import that is another now; of alternatives of several kinds one is pinned, and pins of the others go. */
static bool is_replaced(const struct lock_pin *pin, const struct fetched *f)
{
    const struct lock_pin now = fetched_pin(f);
    if (string_equal(now.kind, pin->kind) && string_equal(now.name, pin->name))
        return true;
    bool other = string_equal(pin->kind, "debian") || string_equal(pin->kind, "debian_source") || string_equal(pin->kind, "git");
    return other && f->import->kind == IMPORT_FIRST_OF && string_equal(pin->name, f->import->name.text);
}

const struct lock *imports_pin(struct project *p, const struct lock *old)
{
    VEC(struct lock_pin) pins = {}; /* those of now come first: they stand for what is of the same source and follows */
    for (size_t k = 0; k < p->fetched.count; k++)
        if (p->fetched.items[k]->directory)
            *vec_add(p->a, &pins) = fetched_pin(p->fetched.items[k]);
    for (size_t k = 0; k < p->used.count; k++)
        *vec_add(p->a, &pins) = fetched_pin(p->used.items[k].fetched);
    for (size_t k = 0; k < old->pin_count; k++) {
        bool replaced = false;
        for (size_t n = 0; n < p->fetched.count; n++)
            replaced |= p->fetched.items[n]->directory && is_replaced(&old->pins[k], p->fetched.items[n]);
        for (size_t n = 0; n < p->used.count; n++)
            replaced |= is_replaced(&old->pins[k], p->used.items[n].fetched);
        if (!replaced || is_library(p, &old->pins[k]))
            *vec_add(p->a, &pins) = old->pins[k];
    }
    return lock_with_pins(p->a, old, pins.items, pins.count);
}
