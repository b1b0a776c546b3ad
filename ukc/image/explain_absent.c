/*
 * explain_absent.c - ukc explain --absent: why the image does not have a function or variable.
 *
 * Asked in this order: did it become part of others; has it no bytes in the file; was it compiled, and who uses it; was its source left out; does another component of the catalogue have it.
 */
#include "explain_image.h"
#include "compiled.h"
#include "declared.h"
#include "size.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/elf_file.h"
#include <elf.h>
#include <stdio.h>
#include <string.h>

struct absence {
    struct project *p;
    const struct size_report *r;
    const char *symbol;
    VEC(const char *) reasons;
};

[[gnu::format(printf, 2, 3)]] static void add(struct absence *x, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    *vec_add(x->p->a, &x->reasons) = arena_vprintf(x->p->a, format, list);
    va_end(list);
}

/* ---- in the image, in another form ---- */

static void look_for_inlined(struct absence *x)
{
    enum { MOST = 8 };
    size_t count = 0;
    for (size_t k = 0; x->r && k < x->r->name_count; k++) {
        const struct size_name *n = &x->r->names[k];
        if (n->kind != SIZE_NAME_INLINED || strcmp(n->name, x->symbol) != 0)
            continue;
        if (count++ < MOST)
            add(x, "it has become part of %s, of %s", x->r->parts[n->part].symbol, x->r->parts[n->part].instance);
    }
    if (count > MOST)
        add(x, "and of %zu more", count - MOST);
}

/* Zeros take no bytes of the file. */
static void look_for_zeros(struct absence *x)
{
    struct size_sources from;
    struct diag *quiet = diag_create();
    if (x->r)
        size_find_sources(x->p->a, x->r->image, &from);
    struct elf_file *f = x->r ? elf_file_open(x->p->a, from.linked, quiet) : NULL;
    for (size_t k = 1; f && k < f->symbol_count; k++) {
        const struct elf_symbol *s = &f->symbols[k];
        if (s->section && s->section < f->section_count && f->sections[s->section].type == SHT_NOBITS && f->sections[s->section].flags & SHF_ALLOC &&
            (s->type == STT_OBJECT || s->type == STT_TLS) && compiled_is(s->name, x->symbol))
            add(x, "it has no bytes in the file: %s bytes of zeros in %s, made when the image is loaded", grouped(s->size), f->sections[s->section].name);
    }
    elf_file_close(f);
    diag_destroy(quiet);
}

/* ---- compiled ---- */

/* As sizes are said: what is of no instance has a name in parentheses. */
static const char *whose(const char *group)
{
    return *group != '+' ? group : string_equal(group, "+target") ? "(target)" : "(start-up)";
}

/* "a of http, b of http", those that are in the image, or that are not. */
static const char *users_named(struct absence *x, const struct compiled_user *users, size_t count, bool there)
{
    enum { MOST = 4 };
    const char *list = NULL;
    size_t named = 0;
    for (size_t k = 0; k < count; k++)
        if (explain_has(x->p, x->r, whose(users[k].group), users[k].name) == there && named++ < MOST)
            list = arena_printf(x->p->a, "%s%s%s of %s", list ? list : "", list ? ", " : "", users[k].name, whose(users[k].group));
    return named > MOST ? arena_printf(x->p->a, "%s and %zu more", list, named - MOST) : list;
}

static void add_compiled(struct absence *x, const struct compiled *c)
{
    const struct compiled_user *users;
    size_t count;
    const char *there, *what = arena_printf(x->p->a, "it was compiled for %s (%s)", c->group, c->object);
    if (string_starts(c->group, "+library"))
        add(x, "the C library has it (%s), and nothing that the image uses refers to it, or it was folded into what does", c->object);
    else if (!x->r)
        add(x, "%s, and no image is built", what);
    else if (!compiled_users(x->p, c, &users, &count))
        add(x, "%s, and nothing that the image uses refers to it", what);
    else if (count == 0)
        add(x, "%s, and nothing that was compiled refers to it", what);
    else if ((there = users_named(x, users, count, true)))
        add(x, "%s, and left no code of its own: what uses it is in the image (%s), where it was folded in, had nothing to do, or is not needed", what, there);
    else
        add(x, "%s, and what uses it left nothing in the image either: %s", what, users_named(x, users, count, false));
}

static void look_for_object(struct absence *x, const char *group)
{
    size_t count;
    const struct compiled *all = compiled_find(x->p, x->symbol, &count);
    for (size_t k = 0; k < count; k++)
        if (!group || string_equal(all[k].group, group))
            add_compiled(x, &all[k]);
}

const char *const *explain_folded(struct project *p, const struct size_report *r, const char *instance, const char *function, size_t *count)
{
    struct absence x = {.p = p, .r = r, .symbol = function};
    look_for_object(&x, instance);
    *count = x.reasons.count;
    return x.reasons.items;
}

/* ---- not compiled ---- */

static const struct plan_instance *instance_of(const struct plan *plan, const struct component *c)
{
    for (size_t k = 0; k < plan->instance_count; k++)
        if (plan->instances[k].component == c)
            return &plan->instances[k];
    return NULL;
}

/* A file to compile: of a component, or of what it imports. */
struct unit {
    const struct component *component;
    const struct import *import; /* or NULL */
    const char *root; /* of the import: "build/kvm/root/git.zlib-1f0c62d9a8b4" */
    const struct word *path;
    const char *selector, *value; /* it is compiled only with this one; or NULL */
};

/* It was compiled, and no object has a symbol of this name any more. */
static bool became_part(struct absence *x, const struct unit *at)
{
    bool any = false;
    for (size_t k = 0; k < x->p->plan->instance_count; k++) {
        const struct plan_instance *n = &x->p->plan->instances[k];
        const char *file = at->import ? path_join(x->p->a, path_base(at->root), at->path->text) : at->path->text;
        const char *object = n->component == at->component ? arena_printf(x->p->a, "%s/%s.o", n->name, file) : NULL;
        if (!object || !compiled_within(x->p, object, x->symbol))
            continue;
        add(x, "it was compiled for %s (%s), became part of what calls it there, and that left nothing in the image", n->name, object);
        any = true;
    }
    return any;
}

static void add_left_out(struct absence *x, const struct unit *at, const struct plan_instance *n, const char *where)
{
    const char *keys = n->key_count ? arena_printf(x->p->a, "; 'ukc explain %s' has its keys", n->name) : "";
    if (at->selector)
        add(x, "its source %s is compiled only with %s = %s (%s:%u)", where, at->selector, at->value, source_shown(at->path->span.source), at->path->span.line);
    else if (!x->r)
        add(x, "%s names it, for %s, and no image is built", where, n->name);
    else if (!became_part(x, at))
        add(x, "%s names it, and no function of this name was compiled: the configuration of %s leaves it out%s", where, n->name, keys);
}

static void look_in_source(struct absence *x, const struct unit *at)
{
    struct project *p = x->p;
    if (!at->path->text || x->reasons.count)
        return;
    struct span found = declared_at(p->a, path_normal(p->a, path_join(p->a, at->import ? at->root : at->component->directory, at->path->text)), x->symbol);
    if (!found.source)
        return;
    const struct plan_instance *n = instance_of(p->plan, at->component);
    const char *import = at->import ? arena_printf(p->a, ", of the import %s,", at->import->name.text) : "";
    const char *where = arena_printf(p->a, "%s:%u%s", source_shown(found.source), found.line, import);
    if (n)
        add_left_out(x, at, n, where);
    else
        add(x, "%s has it (%s:%u), which is not in the image: 'ukc explain %s' says why", at->component->name.text, source_shown(found.source), found.line, at->component->name.text);
}

static void look_in_import(struct absence *x, const struct component *c, const struct import *import)
{
    const char *root = imports_linked(x->p, import);
    for (size_t k = 0; root && k < import->source_count; k++)
        look_in_source(x, &(struct unit){.component = c, .import = import, .root = root, .path = &import->sources[k]});
    for (size_t k = 0; k < import->alternative_count; k++)
        look_in_import(x, c, &import->alternatives[k]);
}

static void look_in_component(struct absence *x, const struct component *c)
{
    for (size_t k = 0; k < c->source_count; k++) {
        const struct source_file *s = &c->sources[k];
        if (!s->selector.text)
            look_in_source(x, &(struct unit){.component = c, .path = &s->path});
        for (size_t n = 0; s->selector.text && n < s->case_count; n++)
            for (size_t m = 0; m < s->cases[n].path_count; m++)
                look_in_source(x, &(struct unit){.component = c, .path = &s->cases[n].paths[m], .selector = s->selector.text, .value = s->cases[n].value.text});
    }
    for (size_t k = 0; k < c->import_count; k++)
        look_in_import(x, c, &c->imports[k]);
}

/* Those of the image first. */
static void look_for_source(struct absence *x)
{
    const struct manifest *m = x->p->manifest;
    for (int other = 0; other < 2; other++)
        for (size_t k = 0; k <= m->implementation_count && !x->reasons.count; k++) {
            const struct component *c = k ? &m->implementations[k - 1] : x->p->unikernel;
            if (c && (instance_of(x->p->plan, c) ? 0 : 1) == other)
                look_in_component(x, c);
        }
}

/* ---- what is said ---- */

bool explain_absent_symbol(struct project *p, const struct size_report *r, const char *symbol, struct json *j)
{
    struct absence x = {.p = p, .r = r, .symbol = symbol};
    look_for_inlined(&x);
    if (!x.reasons.count)
        look_for_zeros(&x);
    if (!x.reasons.count)
        look_for_object(&x, NULL);
    if (!x.reasons.count)
        look_for_source(&x);
    if (!x.reasons.count) {
        diag_error(p->d, SPAN_NONE, "nothing is known of '%s': no source of the project or of ukc's catalogue defines it", symbol);
        return diag_help(p->d, "%s", r ? "'ukc size --by symbol' lists what is in the image" : "'ukc build' first: then what was compiled is looked at as well");
    }
    if (!j)
        printf("%s: not in the image as a symbol\n", symbol);
    for (size_t k = 0; k < x.reasons.count; k++)
        if (j)
            json_string(j, x.reasons.items[k]);
        else
            printf("  %s\n", x.reasons.items[k]);
    return true;
}
