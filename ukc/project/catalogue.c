/*
 * catalogue.c - where ukc's own libraries and targets are.
 *
 * Beside the program: in a source tree <root>/build/ukc finds <root>/libs,
 * an installed <prefix>/bin/ukc finds <prefix>/share/ukc/libs.
 */
#include "project.h"
#include "../base/file.h"
#include "../base/text.h"

static bool is_root(struct arena *a, const char *root)
{
    return file_exists(path_join(a, root, "libs/signatures/ukc.lua"));
}

static const char *find_root(struct invocation *i)
{
    const char *directory = path_directory(i->arena, i->program);
    static const char *const places[] = {"..", "../..", "../share/ukc"};
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
        const char *root = path_normal(i->arena, path_join(i->arena, directory, places[k]));
        if (is_root(i->arena, root))
            return root;
    }
    diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "ukc's catalogue is not beside '%s'", i->program);
    diag_help(i->diag, "name it with --catalogue DIR, where DIR/libs/signatures/ukc.lua exists");
    return NULL;
}

const char *catalogue_file(struct invocation *i, const char *path)
{
    const char *root = find_root(i);
    return root ? path_join(i->arena, root, path) : NULL;
}

const char *const *catalogue_roots(struct invocation *i, const struct configuration *c, size_t *count, const char **shared)
{
    *shared = NULL;
    VEC(const char *) given_roots = {}, roots = {};
    for (size_t k = 0; k < c->catalogues.count; k++)
        *vec_add(i->arena, &given_roots) = c->catalogues.items[k];
    if (given_roots.count == 0) {
        const char *root = find_root(i);
        if (!root)
            return NULL;
        *vec_add(i->arena, &given_roots) = root;
    }
    for (size_t k = 0; k < given_roots.count; k++) {
        const char *root = given_roots.items[k];
        if (!file_is_directory(root)) {
            diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--catalogue: '%s' is no directory", root);
            return NULL;
        }
        if (!is_root(i->arena, root)) {
            *vec_add(i->arena, &roots) = root;
            continue;
        }
        *vec_add(i->arena, &roots) = path_join(i->arena, root, "libs");
        if (!*shared)
            *shared = path_join(i->arena, root, "targets/shared");
        for (size_t t = 0; t <= TARGET_COUNT; t++) {
            const char *name = t == TARGET_COUNT ? "pvh" /* what kvm and xen share */ : target_names[t];
            const char *target = path_join(i->arena, root, arena_printf(i->arena, "targets/%s", name));
            if (file_is_directory(target))
                *vec_add(i->arena, &roots) = target;
        }
    }
    *count = roots.count;
    return roots.items;
}

const char *signature_header(struct arena *a, const struct signature *s)
{
    return path_join(a, s->directory, s->header.text ? s->header.text : arena_printf(a, "%s.h", s->name.text));
}
