/*
 * fetch.c - ukc fetch: everything that the project could need, into the store.
 *
 * What could become part of an image is the graph's to say: it holds both
 * branches of every match, on every target.  A target's C library is the target's.
 * ukc.lock is read, so that what it pins is what is fetched, and not written: pins
 * are configure's.
 */
#include "../base/json.h"
#include "../base/text.h"
#include "../project/project.h"
#include <stdio.h>

/* Without --target: what any target could need. */
static bool is_wanted(const struct project *p, uint32_t targets)
{
    return !given(p->i, OPTION_target) || targets & 1u << p->configuration.target;
}

static bool fetch_graph(struct project *p, const struct graph *g)
{
    bool ok = true;
    for (size_t k = 0; k < g->node_count; k++) {
        const struct component *c = g->nodes[k].component;
        for (size_t n = 0; n < c->import_count && is_wanted(p, c->targets); n++)
            if (c->imports[n].kind != IMPORT_PKGCONFIG)
                ok &= imports_fetch(p, &c->imports[n]);
    }
    return ok;
}

/* Whether some of these may have the C library that only release images have: a unikernel that needs the host's never does. */
static bool may_have(const struct component *unikernels, size_t count)
{
    bool may = false;
    for (size_t k = 0; k < count; k++)
        may |= !unikernels[k].host_libc;
    return may;
}

/* Targets may share one: it is asked for once. */
static bool fetch_libraries(struct project *p, const struct component *unikernels, size_t count)
{
    bool ok = true;
    for (size_t k = 0; k < p->manifest->target_count; k++) {
        const struct target_description *t = &p->manifest->targets[k];
        if (is_wanted(p, 1u << t->target) && t->library.import_count && (!t->library.release || may_have(unikernels, count)))
            ok &= imports_fetch(p, &t->library.imports[0]);
    }
    return ok;
}

/* All unikernels of the manifest, or the one that is named. */
static bool fetch_all(struct project *p)
{
    if (p->i->argument_count) {
        if (!project_load(p))
            return false;
        bool libraries = fetch_libraries(p, p->unikernel, 1);
        p->graph = graph_build(p->a, p->manifest, p->unikernel, p->d);
        return p->graph && fetch_graph(p, p->graph) && libraries;
    }
    if (!project_manifest(p))
        return false;
    bool ok = fetch_libraries(p, p->manifest->unikernels, p->manifest->unikernel_count);
    for (size_t k = 0; k < p->manifest->unikernel_count; k++) {
        const struct graph *g = graph_build(p->a, p->manifest, &p->manifest->unikernels[k], p->d);
        ok &= g && fetch_graph(p, g);
    }
    return ok;
}

/* Repositories, then imports; each once, though several components may name it. */
static const struct fetched *const *list(struct project *p, size_t *count)
{
    VEC(const struct fetched *) all = {};
    for (size_t k = 0; k < p->used.count + p->fetched.count; k++) {
        const struct fetched *f = k < p->used.count ? p->used.items[k].fetched : p->fetched.items[k - p->used.count];
        const struct lock_pin pin = fetched_pin(f);
        bool twice = false;
        for (size_t n = 0; n < all.count && !twice; n++) {
            const struct lock_pin other = fetched_pin(all.items[n]);
            twice = lock_pin_compare(&other, &pin) == 0 && string_equal(other.tree, pin.tree);
        }
        if (!twice)
            *vec_add(p->a, &all) = f;
    }
    *count = all.count;
    return all.items;
}

static void print_lines(struct project *p)
{
    size_t count;
    const struct fetched *const *all = list(p, &count);
    for (size_t k = 0; k < count; k++) {
        const struct lock_pin pin = fetched_pin(all[k]);
        printf("%s %s %s: %s\n", pin.kind, pin.name, pin.version, all[k]->present ? "already there" : "fetched");
    }
    if (count == 0 && !diag_errors(p->d))
        puts("nothing to fetch");
}

static void print_json(struct project *p)
{
    struct json j = {};
    size_t count;
    const struct fetched *const *all = list(p, &count);
    json_object(&j);
    json_key(&j, "sources");
    json_array(&j);
    for (size_t k = 0; k < count; k++) {
        const struct lock_pin pin = fetched_pin(all[k]);
        json_object(&j);
        json_field(&j, "kind", pin.kind);
        json_field(&j, "name", pin.name);
        json_field(&j, "version", pin.version);
        json_field(&j, "tree", pin.tree);
        json_field(&j, "sha256", pin.sha256);
        json_field(&j, "directory", all[k]->directory);
        json_field_bool(&j, "present", all[k]->present);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    answer_json(p->i, &j);
}

int command_fetch(struct invocation *i)
{
    struct project p;
    if (!project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, false))
        return (int)diag_status(i->diag);
    p.offline = given(i, OPTION_offline); /* whatever configure was told */
    fetch_all(&p);
    if (given(i, OPTION_json))
        print_json(&p);
    else if (!given(i, OPTION_quiet))
        print_lines(&p);
    return (int)diag_status(i->diag);
}
