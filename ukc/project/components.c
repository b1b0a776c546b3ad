/*
 * components.c - what an image will consist of, for its record (component.h).
 *
 * The plan's components, what they import, and ukc's own directories whose headers and sources they use.
 */
#include "project.h"
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"
#include "../base/text.h"
#include "../../provenance/component.h"

struct parts {
    struct project *p;
    VEC(struct component_fact) facts;
    VEC(const struct component *) components; /* of the first facts */
};

static const char *known(struct word w)
{
    return w.text && *w.text ? w.text : NULL;
}

static uint32_t place_of(const struct parts *parts, const struct component *c)
{
    uint32_t k = 0;
    while (k < parts->components.count && parts->components.items[k] != c)
        k++;
    return k;
}

static void add_component(struct parts *parts, const struct component *c)
{
    struct project *p = parts->p;
    if (place_of(parts, c) < parts->components.count)
        return;
    *vec_add(p->a, &parts->components) = c;
    *vec_add(p->a, &parts->facts) = (struct component_fact){
        .kind = c->kind == COMPONENT_UNIKERNEL ? "unikernel" : c->in_tree ? "ukc" : "implementation",
        .path = layout_path(p->a, p->layout, c->directory, NULL),
        .name = c->name.text,
        .version = known(c->version),
        .licence = known(c->licence),
        .origin = known(c->origin),
    };
}

/* A directory of this machine says nothing to others. */
static const char *reachable(const char *repository)
{
    return repository && strstr(repository, "://") && !string_starts(repository, "file:") ? repository : NULL;
}

static const char *root_path(struct project *p, const char *label)
{
    return label ? arena_printf(p->a, "%s/root/%s", p->build, label) : NULL;
}

static void add_import(struct parts *parts, const struct fetched *f)
{
    struct project *p = parts->p;
    const struct import *i = f->taken;
    VEC(const char *) patches = {};
    for (size_t k = 0; k < i->patch_count; k++)
        *vec_add(p->a, &patches) = layout_path(p->a, p->layout, i->directory, i->patches[k].text);
    *vec_add(p->a, &parts->facts) = (struct component_fact){
        .kind = f->directory ? f->kind : "pkgconfig",
        .path = root_path(p, imports_label(p->a, f)),
        .name = i->name.text,
        .version = f->version,
        .licence = known(i->licence),
        .contents = f->directory ? f->sha256 : NULL,
        .archive = i->kind == IMPORT_DEBIAN_SOURCE ? i->sha256.text : NULL,
        .repository = i->kind == IMPORT_GIT ? reachable(i->repository.text) : NULL,
        .patches = patches.items,
        .patch_count = patches.count,
    };
}

/* Directories that no component and no import is: signatures, the target's, headers for all, repositories that are used. */
static void add_root(struct parts *parts, const struct layout_root *root)
{
    struct project *p = parts->p;
    const char *path = root_path(p, root->label);
    struct component_fact f = {.kind = "ukc", .path = path, .name = root->label, .licence = "ISC", .origin = "ukc"};
    for (size_t k = 0; k < parts->facts.count; k++)
        if (string_equal(parts->facts.items[k].path, path))
            return;
    if (string_starts(root->label, "use."))
        f = (struct component_fact){.kind = "use", .path = path, .name = root->label + strlen("use.")};
    for (size_t k = 0; k < p->used.count; k++) {
        const struct fetched *fetched = p->used.items[k].fetched;
        if (!string_equal(fetched->directory, root->directory))
            continue;
        f.version = fetched->version;
        f.contents = fetched->sha256;
        f.repository = reachable(p->used.items[k].used->repository.text);
    }
    *vec_add(p->a, &parts->facts) = f;
}

/* ---- who uses what ---- */

static int number_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void set_needs(struct parts *parts, uint32_t place)
{
    struct project *p = parts->p;
    VEC(uint32_t) needs = {};
    const struct component *c = parts->components.items[place];
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct plan_instance *n = &p->plan->instances[k];
        for (size_t b = 0; n->component == c && b < n->binding_count; b++)
            *vec_add(p->a, &needs) = place_of(parts, p->plan->instances[n->bindings[b].provider.at].component);
    }
    for (size_t k = 0; k < p->fetched.count; k++)
        for (size_t i = 0; i < c->import_count; i++)
            if (p->fetched.items[k]->import == &c->imports[i])
                *vec_add(p->a, &needs) = (uint32_t)(parts->components.count + k);
    size_t count = 0;
    if (needs.count)
        qsort(needs.items, needs.count, sizeof *needs.items, number_compare);
    for (size_t k = 0; k < needs.count; k++)
        if (needs.items[k] != place && (count == 0 || needs.items[count - 1] != needs.items[k]))
            needs.items[count++] = needs.items[k];
    parts->facts.items[place].needs = needs.items;
    parts->facts.items[place].need_count = count;
}

bool components_write(struct project *p)
{
    struct parts parts = {.p = p};
    for (size_t k = p->plan->instance_count; k-- > 0;) /* the unikernel is the first */
        add_component(&parts, p->plan->instances[k].component);
    for (size_t k = 0; k < p->fetched.count; k++)
        add_import(&parts, p->fetched.items[k]);
    for (uint32_t k = 0; k < parts.components.count; k++)
        set_needs(&parts, k);
    for (size_t k = 0; k < p->layout->root_count; k++)
        add_root(&parts, &p->layout->roots[k]);
    struct text t = {};
    component_facts_text(parts.facts.items, parts.facts.count, &t);
    bool good = file_write(project_file(p, "components"), t.bytes, t.size, NULL, p->d);
    text_dispose(&t);
    return good;
}
