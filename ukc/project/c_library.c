/*
 * c_library.c - which C library an image has: the target's own, or the one that the tools find on this host.
 *
 * A target may have its own for release images only. A sanitizer needs the host's, a debugger and valgrind
 * know it, and libraries of the host (pkgconfig) were compiled for it: two in one process do not work.
 */
#include "project.h"

static void add_words(struct arena *a, const struct word **words, size_t *count, const struct word *more, size_t more_count)
{
    VEC(struct word) all = {};
    for (size_t i = 0; i < *count; i++)
        *vec_add(a, &all) = (*words)[i];
    for (size_t i = 0; i < more_count; i++)
        *vec_add(a, &all) = more[i];
    *words = all.items;
    *count = all.count;
}

/* The first component that needs the host's, in the plan's order. */
static bool host_is_needed(struct arena *a, const struct plan *plan, struct c_library *out)
{
    for (size_t i = 0; i < plan->instance_count; i++) {
        const struct component *c = plan->instances[i].component;
        if (c->host_libc) {
            *out = (struct c_library){.why = arena_printf(a, "'%s' says host_libc = true", c->name.text), .span = c->span};
            return true;
        }
        for (size_t k = 0; k < c->import_count; k++)
            if (c->imports[k].kind == IMPORT_PKGCONFIG) {
                *out = (struct c_library){.why = arena_printf(a, "'%s' imports '%s' of the host, which was compiled for it", c->name.text,
                                                              c->imports[k].name.text),
                                          .span = c->imports[k].span};
                return true;
            }
    }
    return false;
}

void c_library_choose(struct project *p)
{
    const struct target_description *t = plan_target(p->plan);
    p->c_library = (struct c_library){.why = "the target has none of its own"};
    if (!t || t->library.import_count == 0)
        return;
    if (t->library.release && p->configuration.profile != PROFILE_RELEASE)
        p->c_library = (struct c_library){.why = "images of the dev profile have it, for debuggers and sanitizers", .span = t->library.span};
    else if (!t->library.release || !host_is_needed(p->a, p->plan, &p->c_library))
        p->c_library = (struct c_library){.import = &t->library.imports[0],
                                          .why = t->library.release ? "release images of this target have it" : "images of this target have it",
                                          .span = t->library.span};
}

void c_library_apply(struct project *p, bool fetch)
{
    struct target_description *t = (struct target_description *)plan_target(p->plan);
    if (!t || t->library.import_count == 0)
        return;
    if (!p->c_library.import || (t->library.release && !fetch)) {
        t->library = (struct target_library){};
        return;
    }
    add_words(p->a, &t->flags, &t->flag_count, t->library.compile, t->library.compile_count);
    add_words(p->a, &t->link, &t->link_count, t->library.link, t->library.link_count);
    t->library.compile_count = t->library.link_count = 0; /* once */
}
