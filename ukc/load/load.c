/*
 * load.c - which manifests are read, in which order, and what they declare together.
 *
 * The project first, so that its mistakes come first; what it and what that
 * uses in turn; then the catalogue's roots in the order given.  A directory is
 * read once, whatever path leads to it.  Each file's declarations are read
 * right after it has run; what spans files (duplicates) comes last.
 */
#include "manifest.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/map.h"
#include "../base/text.h"
#include "engine.h"
#include "read.h"

#define MEMORY_LIMIT ((size_t)64 << 20)
#define STEP_LIMIT UINT64_C(50000000)
#define SECONDS 10
#define VALUE_LIMIT 4000000

enum place { PLACE_PROJECT, PLACE_USED, PLACE_REPOSITORY, PLACE_CATALOGUE };

/* A directory that a manifest uses, or a repository. */
struct pending {
    const char *directory; /* of a repository: NULL until it is there */
    const char *root;      /* PLACE_REPOSITORY: the repository's directory, which nothing may leave */
    const struct known_place *known; /* the same, as users know it */
    struct span span;
    enum place place;
    struct used_repository repository;
};

struct loader {
    struct arena *arena;
    struct diag *diag;
    const struct manifest_options *options;
    struct engine *engine;
    const char *root; /* of the repository that is being read, or NULL */
    const struct known_place *known;
    size_t budget;
    struct map seen; /* real paths of manifests */
    VEC(struct pending) uses;
    size_t uses_loaded;
    VEC(struct target_description) targets;
    VEC(struct signature) signatures;
    VEC(struct component) implementations;
    VEC(struct component) unikernels;
    VEC(const struct source *) sources;
    VEC(const char *) directories;
};

/* ---- one file ---- */

static void read_unikernel(struct loader *l, struct reader *r, const struct made *m,
                           enum place place)
{
    struct component c;
    if (place != PLACE_PROJECT) {
        diag_error(l->diag, m->span,
                   "a unikernel can only be declared in the project's own manifest");
        diag_help(l->diag, "a directory that is used brings signatures and implementations");
    } else if (read_component(r, m, &c)) {
        *vec_add(l->arena, &l->unikernels) = c;
    } else if (diag_errors(l->diag) == 0) { /* must not happen */
        diag_error(l->diag, m->span, "this declaration cannot be read");
    }
}

/* Its flags are checked by nobody, and hold for every image: only ukc's own. */
static void read_target(struct loader *l, struct reader *r, const struct made *m, enum place place)
{
    struct target_description t;
    if (place != PLACE_CATALOGUE) {
        diag_error(l->diag, m->span, "a target can only be declared in ukc's own catalogue");
        diag_help(l->diag, "flags of its own a unikernel or an implementation has in its field 'flags'");
    } else if (read_target_description(r, m, &t)) {
        *vec_add(l->arena, &l->targets) = t;
    }
}

static void read_declaration(struct loader *l, struct reader *r, struct made *m, struct span span,
                             enum place place)
{
    struct component c;
    struct signature s;
    if (m->memo) {
        diag_error(l->diag, span, "%s '%s' is returned twice", form_names[m->form],
                   shown(l->arena, m->name, m->name_size));
        return;
    }
    m->memo = m;
    if (m->form == FORM_unikernel)
        read_unikernel(l, r, m, place);
    else if (m->form == FORM_implementation && read_component(r, m, &c))
        *vec_add(l->arena, &l->implementations) = c;
    else if (m->form == FORM_signature && read_signature(r, m, &s))
        *vec_add(l->arena, &l->signatures) = s;
    else if (m->form == FORM_target)
        read_target(l, r, m, place);
    else if (diag_errors(l->diag) == 0) /* must not happen: what is not taken is reported */
        diag_error(l->diag, m->span, "this declaration cannot be read");
}

/* A declaration, or a list of them. */
static void read_returned(struct loader *l, struct reader *r, const struct value *v,
                          enum place place)
{
    if (!spend(r, v->span))
        return;
    if (v->kind == VALUE_MADE && v->made->form <= FORM_target) {
        read_declaration(l, r, v->made, v->span, place);
    } else if (v->kind == VALUE_TABLE && (v->table->count == 0 || !v->table->entries[0].name)) {
        for (size_t i = 0; i < v->table->count; i++)
            if (v->table->entries[i].value.kind != VALUE_NIL) /* no table holds nil: it could not be taken over, which is reported */
                read_returned(l, r, &v->table->entries[i].value, place);
    } else {
        diag_error(l->diag, v->span, "a manifest returns declarations, not %s", value_name(v));
        if (v->kind == VALUE_TABLE)
            diag_help(l->diag, "write: return unikernel \"name\" { ... }");
    }
}

/* Does `path` lie in the repository that uses it?  Reports. */
static bool stays_inside(struct loader *l, const char *path, const struct use *use)
{
    const char *away = path_relative(l->arena, l->root, path), *out = NULL;
    if (string_equal(away, ".") || path_is_inside(away))
        out = file_leads_out(l->arena, l->root, path);
    else
        out = path;
    if (!out)
        return true;
    diag_error(l->diag, use->span, "'%s' leads out of the repository", shown(l->arena, use->path, strlen(use->path)));
    return diag_help(l->diag, "a repository can use its own directories, and other repositories");
}

/* What the catalogue uses is part of the catalogue. */
static void read_uses(struct loader *l, struct reader *r, const struct evaluation *v, enum place place)
{
    for (size_t i = 0; i < v->use_count; i++) {
        const struct use *use = &v->uses[i];
        struct pending p = {.span = use->span, .place = place == PLACE_PROJECT ? PLACE_USED : place, .root = l->root, .known = l->known};
        if (use->body) {
            p.place = PLACE_REPOSITORY;
            if (read_used_repository(r, use->body, use->span, &p.repository))
                *vec_add(l->arena, &l->uses) = p;
            continue;
        }
        p.directory = path_normal(l->arena, path_join(l->arena, r->directory, use->path));
        if (!l->root || stays_inside(l, p.directory, use))
            *vec_add(l->arena, &l->uses) = p;
    }
}

/* False when the path was read before. */
static bool first_time(struct loader *l, const char *path)
{
    char real[PATH_MAX];
    const char *key = arena_strdup(l->arena, realpath(path, real) ? real : path);
    return map_add(&l->seen, key, 0) == MAP_ABSENT;
}

/* `directory` is what the declarations carry. */
static void load_file(struct loader *l, const char *path, const char *directory, struct span span,
                      enum place place)
{
    if (!first_time(l, path) || engine_exhausted(l->engine))
        return;
    const struct source *source = engine_read(l->arena, path, l->known, span, l->diag);
    if (!source)
        return;
    *vec_add(l->arena, &l->sources) = source;
    struct evaluation result;
    size_t errors = diag_errors(l->diag);
    engine_know(l->engine, l->known);
    bool ok = engine_run(l->engine, source, path_directory(l->arena, path), place == PLACE_CATALOGUE ? l->options->shared : NULL, &result);
    struct reader r = {.arena = l->arena, .diag = l->diag, .directory = directory, .in_tree = place == PLACE_CATALOGUE,
                       .foreign = place == PLACE_REPOSITORY, .budget = l->budget};
    if (!ok && result.count == 0 && result.use_count == 0)
        return; /* reported; nothing came out */
    if (result.count == 0 && result.use_count == 0 && diag_errors(l->diag) == errors) {
        diag_error(l->diag, (struct span){.source = source},
                   "this manifest returns no declaration");
        diag_help(l->diag, "write: return unikernel \"name\" { ... }");
    }
    for (size_t i = 0; i < result.count; i++)
        read_returned(l, &r, &result.values[i], place);
    read_uses(l, &r, &result, place);
    l->budget = r.budget;
}

/* ---- directories ---- */

/* Names in `path` that are directories, sorted; NULL after reporting. */
static const char **list_directory(struct loader *l, const char *path, struct span span,
                                   size_t *count)
{
    VEC(const char *) names = {};
    DIR *d = opendir(path);
    if (!d) {
        diag_fail(l->diag, span.source ? DIAG_INPUT : DIAG_OUTSIDE, span,
                  "cannot list the directory '%s': %s", path, strerror(errno));
        return NULL;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && file_is_directory(path_join(l->arena, path, e->d_name)))
            *vec_add(l->arena, &names) = arena_strdup(l->arena, e->d_name);
    closedir(d);
    if (names.count)
        qsort(names.items, names.count, sizeof *names.items, string_compare);
    *count = names.count;
    *vec_add(l->arena, &l->directories) = path;
    return names.items ? names.items : arena_array(l->arena, const char *, 0);
}

/* Of a directory that is used: a link to a file elsewhere would be quoted in messages. */
static bool leads_out(struct loader *l, const char *directory, const char *file, struct span span,
                      enum place place)
{
    const char *out = place == PLACE_USED || place == PLACE_REPOSITORY ? file_leads_out(l->arena, directory, file) : NULL;
    if (out)
        diag_error(l->diag, span, "'%s' leaves the directory '%s': a symbolic link leads to '%s'",
                   shown(l->arena, file, strlen(file)),
                   shown(l->arena, directory, strlen(directory)),
                   shown_within(l->arena, out, strlen(out), 400));
    return out;
}

/* The manifest of a directory and those of its children.  False when there is none, or it cannot be
 * listed. */
static bool load_directory(struct loader *l, const char *path, struct span span, enum place place)
{
    const char *own = path_join(l->arena, path, "ukc.lua");
    const char *(*as)(struct arena *, const char *) =
        place == PLACE_CATALOGUE ? path_absolute : path_normal;
    size_t count, found = 0;
    if (file_exists(own)) {
        if (!leads_out(l, path, own, span, place))
            load_file(l, own, as(l->arena, path), span, place);
        found++;
    }
    if (found && place != PLACE_CATALOGUE)
        return true; /* its children are its own business */
    const char **children = list_directory(l, path, span, &count);
    if (!children)
        return true; /* reported */
    for (size_t i = 0; i < count; i++) {
        const char *child = path_join(l->arena, path, children[i]),
                   *file = path_join(l->arena, child, "ukc.lua");
        *vec_add(l->arena, &l->directories) = child;
        if (!file_exists(file))
            continue;
        if (!leads_out(l, path, file, span, place))
            load_file(l, file, as(l->arena, child), span, place);
        found++;
    }
    return found > 0;
}

/* Brings the repository of a `use` into a directory. */
static bool get_repository(struct loader *l, struct pending *use)
{
    if (!l->options->use_repository)
        return diag_error(l->diag, use->span, "a repository cannot be used here");
    watchdog_stop(); /* a network may take its time, and has limits of its own */
    use->directory = use->root = l->options->use_repository(l->options->context, l->arena, &use->repository, l->diag);
    watchdog_start(SECONDS);
    if (use->directory) {
        struct known_place *known = arena_new(l->arena, struct known_place);
        const char *repository = use->repository.repository.text;
        *known = (struct known_place){use->directory, arena_printf(l->arena, "%s@%.12s", shown(l->arena, repository, strlen(repository)), use->repository.commit.text)};
        use->known = known;
    }
    return use->directory;
}

static void load_use(struct loader *l, const struct pending *use)
{
    bool whole = use->root && string_equal(use->root, use->directory);
    const char *name = whole ? use->repository.repository.text : use->directory;
    name = shown(l->arena, name, strlen(name));
    if (!file_is_directory(use->directory)) {
        bool there = file_exists(use->directory);
        diag_error(l->diag, use->span, there ? "'%s' is not a directory" : "there is no directory '%s'", name);
        const char *near = whole || there ? NULL : file_nearest(l->arena, use->directory);
        if (near)
            diag_help(l->diag, "did you mean '%s'?", near);
    } else if (!load_directory(l, use->directory, use->span, use->place))
        diag_error(l->diag, use->span, "neither %s'%s' nor a directory in it has a ukc.lua", whole ? "the repository " : "", name);
}

static void load_used(struct loader *l)
{
    while (l->uses_loaded < l->uses.count) {
        struct pending use = l->uses.items[l->uses_loaded++];
        if (!use.directory && !get_repository(l, &use))
            continue;
        l->root = use.root;
        l->known = use.known;
        load_use(l, &use);
        l->root = NULL;
        l->known = NULL;
    }
}

/* ---- what spans files ---- */

static const char *version_text(const struct component *c)
{
    return c->version.text ? c->version.text : "";
}

/* Of two equal ones the later is wrong: that of the project, or by place. */
static int compare_places(bool in_tree_a, struct span a, bool in_tree_b, struct span b)
{
    if (in_tree_a != in_tree_b)
        return in_tree_a ? -1 : 1;
    int order = strcmp(a.source->path, b.source->path);
    if (order)
        return order;
    return a.line != b.line      ? (a.line < b.line ? -1 : 1)
           : a.column < b.column ? -1
                                 : a.column > b.column;
}

static int compare_components(const void *pa, const void *pb)
{
    const struct component *a = pa, *b = pb;
    int order = strcmp(a->name.text, b->name.text);
    if (order == 0)
        order = -version_compare(version_text(a), version_text(b));
    if (order == 0)
        order = strcmp(version_text(a), version_text(b));
    return order ? order : compare_places(a->in_tree, a->name.span, b->in_tree, b->name.span);
}

static int compare_signatures(const void *pa, const void *pb)
{
    const struct signature *a = pa, *b = pb;
    int order = strcmp(a->name.text, b->name.text);
    return order ? order : compare_places(a->in_tree, a->name.span, b->in_tree, b->name.span);
}

static int compare_targets(const void *pa, const void *pb)
{
    const struct target_description *a = pa, *b = pb;
    int order = (int)a->target - (int)b->target;
    return order ? order : compare_places(false, a->span, false, b->span);
}

static int compare_sources(const void *a, const void *b)
{
    return strcmp((*(const struct source *const *)a)->path,
                  (*(const struct source *const *)b)->path);
}

/* Neighbours in sorted order. */
static void report_twice(struct loader *l, const char *what, const char *name, struct span first,
                         struct span second)
{
    diag_error(l->diag, second, "%s '%s' is declared twice", what, name);
    diag_note(l->diag, first, "first declared here");
}

static void check_components(struct loader *l, const char *what, struct component *c, size_t count)
{
    if (count)
        qsort(c, count, sizeof *c, compare_components);
    for (size_t i = 1; i < count; i++) {
        if (!string_equal(c[i].name.text, c[i - 1].name.text))
            continue;
        if (c[i].kind == COMPONENT_UNIKERNEL ||
            string_equal(version_text(&c[i]), version_text(&c[i - 1]))) {
            report_twice(l, what, c[i].name.text, c[i - 1].name.span, c[i].name.span);
            if (c[i].kind == COMPONENT_IMPLEMENTATION)
                diag_help(l->diag, "two implementations may share a name if their versions differ");
        }
    }
}

static void check_all(struct loader *l)
{
    check_components(l, "unikernel", l->unikernels.items, l->unikernels.count);
    check_components(l, "implementation", l->implementations.items, l->implementations.count);
    if (l->signatures.count)
        qsort(l->signatures.items, l->signatures.count, sizeof *l->signatures.items,
              compare_signatures);
    for (size_t i = 1; i < l->signatures.count; i++) {
        const struct signature *s = &l->signatures.items[i];
        if (string_equal(s[0].name.text, s[-1].name.text))
            report_twice(l, "signature", s->name.text, s[-1].name.span, s[0].name.span);
    }
    if (l->targets.count)
        qsort(l->targets.items, l->targets.count, sizeof *l->targets.items, compare_targets);
    for (size_t i = 1; i < l->targets.count; i++) {
        const struct target_description *t = &l->targets.items[i];
        if (t[0].target == t[-1].target)
            report_twice(l, "target", target_names[t->target], t[-1].span, t[0].span);
    }
}

static const struct manifest *collect(struct loader *l, const struct manifest_options *options)
{
    struct manifest *m = arena_new(l->arena, struct manifest);
    size_t required;
    const struct source *const *more = engine_required(l->engine, &required);
    for (size_t i = 0; i < required; i++)
        *vec_add(l->arena, &l->sources) = more[i];
    if (l->sources.count)
        qsort(l->sources.items, l->sources.count, sizeof *l->sources.items, compare_sources);
    *m = (struct manifest){.targets = l->targets.items,
                           .target_count = l->targets.count,
                           .signatures = l->signatures.items,
                           .signature_count = l->signatures.count,
                           .implementations = l->implementations.items,
                           .implementation_count = l->implementations.count,
                           .unikernels = l->unikernels.items,
                           .unikernel_count = l->unikernels.count,
                           .sources = l->sources.items,
                           .source_count = l->sources.count,
                           .directories = l->directories.items,
                           .directory_count =
                               string_sort_unique(l->directories.items, l->directories.count),
                           .catalogue = options->catalogue,
                           .catalogue_count = options->catalogue_count};
    return m;
}

const struct manifest *manifest_load(struct arena *a, const struct manifest_options *options,
                                     struct diag *d)
{
    struct loader l = {.arena = a, .diag = d, .options = options, .budget = VALUE_LIMIT};
    size_t errors = diag_errors(d);
    l.engine = engine_create(
        a,
        &(struct engine_options){
            options->memory_limit ? options->memory_limit : MEMORY_LIMIT,
            options->instruction_limit ? options->instruction_limit : STEP_LIMIT, SECONDS},
        d);
    if (!l.engine)
        return NULL;
    if (options->project)
        load_file(&l, options->project, path_directory(a, options->project), SPAN_NONE,
                  PLACE_PROJECT);
    load_used(&l);
    for (size_t i = 0; i < options->catalogue_count; i++)
        load_directory(&l, options->catalogue[i], SPAN_NONE, PLACE_CATALOGUE);
    load_used(&l); /* by the catalogue */
    check_all(&l);
    const struct manifest *m = collect(&l, options);
    engine_destroy(l.engine);
    map_dispose(&l.seen);
    return diag_errors(d) == errors ? m : NULL;
}
