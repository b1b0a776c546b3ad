/*
 * fetch.c - ukc fetch: everything that the project could need, into the store.
 *
 * What could become part of an image is the graph's to say: it holds both
 * branches of every match, on every target.  ukc.lock is read, so that what
 * it pins is what is fetched, and not written: pins are configure's.
 */
#include "project.h"
#include "../base/json.h"
#include "../base/text.h"
#include <stdio.h>

static bool fetch_graph(struct project *p, const struct graph *g)
{
    bool ok = true;
    for (size_t k = 0; k < g->node_count; k++) {
        const struct component *c = g->nodes[k].component;
        for (size_t n = 0; n < c->import_count; n++)
            if (c->imports[n].kind != IMPORT_PKGCONFIG)
                ok &= imports_fetch(p, &c->imports[n]);
    }
    return ok;
}

/* All unikernels of the manifest, or the one that is named. */
static bool fetch_all(struct project *p)
{
    if (p->i->argument_count) {
        if (!project_load(p))
            return false;
        p->graph = graph_build(p->a, p->manifest, p->unikernel, p->d);
        return p->graph && fetch_graph(p, p->graph);
    }
    if (!project_manifest(p))
        return false;
    bool ok = true;
    for (size_t k = 0; k < p->manifest->unikernel_count; k++) {
        const struct graph *g = graph_build(p->a, p->manifest, &p->manifest->unikernels[k], p->d);
        ok &= g && fetch_graph(p, g);
    }
    return ok;
}

static bool is_listed_before(const struct project *p, size_t at)
{
    const struct lock_pin *pin = &p->taken.items[at].pin;
    for (size_t k = 0; k < at; k++) {
        const struct lock_pin *other = &p->taken.items[k].pin;
        if (string_equal(other->kind, pin->kind) && string_equal(other->name, pin->name) && string_equal(other->version, pin->version) &&
            string_equal(other->tree, pin->tree))
            return true;
    }
    return false;
}

static void print_lines(const struct project *p)
{
    for (size_t k = 0; k < p->taken.count; k++) {
        const struct taken *t = &p->taken.items[k];
        if (!is_listed_before(p, k))
            printf("%s %s %s: %s\n", t->pin.kind, t->pin.name, t->pin.version, t->present ? "already there" : "fetched");
    }
    if (p->taken.count == 0)
        puts("nothing to fetch");
}

static void print_json(const struct project *p)
{
    struct json j = {};
    json_object(&j);
    json_key(&j, "sources");
    json_array(&j);
    for (size_t k = 0; k < p->taken.count; k++) {
        const struct taken *t = &p->taken.items[k];
        if (is_listed_before(p, k))
            continue;
        json_object(&j);
        json_field(&j, "kind", t->pin.kind);
        json_field(&j, "name", t->pin.name);
        json_field(&j, "version", t->pin.version);
        json_field(&j, "tree", t->pin.tree);
        json_field(&j, "sha256", t->pin.sha256);
        json_field(&j, "directory", t->fetched->directory);
        json_field_bool(&j, "present", t->present);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    puts(text_string(&j.out));
    text_dispose(&j.out);
}

int command_fetch(struct invocation *i)
{
    struct project p;
    if (!project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, false))
        return (int)diag_status(i->diag);
    p.offline = given(i, OPTION_offline); /* whatever configure was told */
    p.listing = true;
    fetch_all(&p);
    if (given(i, OPTION_json))
        print_json(&p);
    else if (!given(i, OPTION_quiet) && (p.taken.count || !diag_errors(i->diag)))
        print_lines(&p);
    return (int)diag_status(i->diag);
}
