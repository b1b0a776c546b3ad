/*
 * check_world.h - a small plan made by hand, for tests of the interface check: signatures and
 * implementations in the working directory, one text per header.
 */
#ifndef UKC_TEST_CHECK_WORLD_H
#define UKC_TEST_CHECK_WORLD_H

#include <fcntl.h>
#include <sys/stat.h>

#include "test.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/text.h"
#include "../../ukc/check/check.h"

#define WORLD_MOST 16

struct world {
    struct arena *arena;
    struct diag *diag;
    struct signature signatures[WORLD_MOST];
    struct component components[WORLD_MOST];
    struct plan_instance instances[WORLD_MOST];
    struct manifest manifest;
    struct graph graph;
    struct plan plan;
    size_t component_count;
    const struct layout *layout;
    struct source lua;
};

static inline void put_file(const char *path, const char *text)
{
    char *slash = strrchr(path, '/');
    if (slash) {
        char directory[512], command[600];
        snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
        snprintf(command, sizeof command, "mkdir -p '%s'", directory);
        assert_int_equal(system(command), 0);
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

/* Makes a header look as if it had been written long ago, as in a project that was configured yesterday. */
static inline void age_file(const char *path)
{
    struct timespec times[2] = {{1700000000, 0}, {1700000000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static inline void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->arena = arena_create();
    w->diag = diag_create();
    w->lua = (struct source){.path = "ukc.lua", .bytes = "-- line 1\n-- line 2\n-- line 3\n-- line 4\n", .size = 40};
    w->manifest.signatures = w->signatures;
    w->graph.manifest = &w->manifest;
    w->plan.graph = &w->graph;
    w->plan.target = TARGET_posix;
    w->plan.instances = w->instances;
}

static inline void world_dispose(struct world *w)
{
    diag_destroy(w->diag);
    arena_destroy(w->arena);
}

static inline struct word world_word(struct world *w, const char *text, uint32_t line)
{
    return (struct word){text, {text ? &w->lua : NULL, line, 1, 4}};
}

/* objects: separated by spaces; text NULL: the header is not written */
static inline struct signature *world_signature(struct world *w, const char *name, const char *objects, const char *text)
{
    struct signature *s = &w->signatures[w->manifest.signature_count++];
    VEC(struct word) words = {};
    char *rest = NULL, *list = arena_strdup(w->arena, objects);
    for (char *one = strtok_r(list, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
        *vec_add(w->arena, &words) = world_word(w, one, 2);
    *s = (struct signature){.name = world_word(w, name, 2), .identifier = name, .span = {&w->lua, 2, 1, 4}, .directory = "sig",
                            .header = world_word(w, arena_printf(w->arena, "%s.h", name), 2), .objects = words.items,
                            .object_count = words.count};
    const char *path = arena_printf(w->arena, "sig/%s.h", name);
    if (text)
        put_file(path, text);
    return s;
}

/* provides: names of signatures, separated by spaces */
static inline struct component *world_component(struct world *w, enum component_kind kind, const char *name, const char *provides,
                                                const char *text)
{
    struct component *c = &w->components[w->component_count++];
    VEC(struct word) words = {};
    char *rest = NULL, *list = arena_strdup(w->arena, provides);
    for (char *one = strtok_r(list, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
        *vec_add(w->arena, &words) = world_word(w, one, 3);
    *c = (struct component){.kind = kind, .name = world_word(w, name, 3), .identifier = name, .span = {&w->lua, 3, 1, 4},
                            .directory = "lib", .provides = words.items, .provides_count = words.count,
                            .header = world_word(w, arena_printf(w->arena, "%s.h", name), 3)};
    if (text)
        put_file(arena_printf(w->arena, "lib/%s.h", name), text);
    return c;
}

/* Providers first.  bindings: (requirement, signature, provider) until NULL. */
static inline struct plan_instance *world_instance(struct world *w, const char *name, const struct component *component, ...)
{
    struct plan_instance *instance = &w->instances[w->plan.instance_count];
    VEC(struct plan_binding) bindings = {};
    va_list list;
    va_start(list, component);
    for (const char *requirement; (requirement = va_arg(list, const char *));) {
        const struct signature *signature = va_arg(list, const struct signature *);
        const struct plan_instance *provider = va_arg(list, const struct plan_instance *);
        struct requirement *r = arena_new(w->arena, struct requirement);
        *r = (struct requirement){.name = world_word(w, requirement, 4), .signature = signature->name};
        *vec_add(w->arena, &bindings) = (struct plan_binding){.requirement = r, .signature = signature, .provider = provider->id};
    }
    va_end(list);
    *instance = (struct plan_instance){.id = {(uint32_t)w->plan.instance_count}, .name = name, .component = component,
                                       .bindings = bindings.items, .binding_count = bindings.count};
    w->plan.instance_count++;
    return instance;
}

static const char *const world_flags[] = {"--target=x86_64-linux-gnu", "-std=gnu2x"};

static inline const struct bindings *world_check(struct world *w, const char *cache)
{
    w->layout = layout_create(w->arena, &w->plan, "build/posix", NULL, 0, w->diag);
    assert_non_null(w->layout);
    assert_true(layout_prepare(w->layout, w->diag));
    return check_plan(w->arena, &w->plan, w->layout, &(struct check_options){world_flags, 2, cache}, w->diag);
}

/* What was reported, in the arena. */
static inline const char *world_report(struct world *w)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&bytes, &size);
    diag_print(w->diag, f, DIAG_TEXT);
    fclose(f);
    const char *kept = arena_strdup(w->arena, bytes);
    free(bytes);
    return kept;
}

#endif
