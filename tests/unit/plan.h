/*
 * plan.h - plans made by hand, for tests of what comes after resolution.
 */
#ifndef UKC_TEST_PLAN_H
#define UKC_TEST_PLAN_H

#include "test.h"

#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"
#include "../../ukc/generate/generation.h"

#define WORD(s) ((struct word){.text = (s)})

/* One instance; `directory` is its component's. */
static inline struct plan_instance plan_instance_make(struct arena *a, uint32_t id, const char *name, const char *implementation,
                                                      const char *directory)
{
    struct component *c = arena_new(a, struct component);
    *c = (struct component){.kind = COMPONENT_IMPLEMENTATION, .name = WORD(implementation), .identifier = implementation, .directory = directory};
    const char **paths = arena_array(a, const char *, 1);
    paths[0] = name;
    return (struct plan_instance){.id = {id}, .name = name, .paths = paths, .path_count = 1, .component = c};
}

/* A plan of these instances, the last being the unikernel, with an empty manifest behind it. */
static inline struct plan *plan_make(struct arena *a, const struct plan_instance *instances, size_t count, const struct target_description *target)
{
    struct manifest *m = arena_new(a, struct manifest);
    *m = (struct manifest){.targets = target, .target_count = target ? 1 : 0};
    struct graph *g = arena_new(a, struct graph);
    *g = (struct graph){.manifest = m, .unikernel = instances[count - 1].component};
    struct plan *p = arena_new(a, struct plan);
    *p = (struct plan){.graph = g, .target = TARGET_posix, .instances = instances, .instance_count = count};
    return p;
}

#endif
