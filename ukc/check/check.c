/*
 * check.c - the order of the interface check: contracts, requirement headers,
 * implementations, exports.
 *
 * A signature's header is parsed once for a plan, an implementation's once
 * for all its instances: what differs between those is only the symbols in
 * their requirement headers.  So the requirement headers are
 * not among the files that a cache entry watches; its key names what they are made from.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "../base/arena.h"
#include "bindings.h"
#include "cache.h"
#include "compare.h"
#include "declare.h"
#include "libclang.h"

/* A header that was read, for whatever role. */
struct header {
    const struct interface *interface; /* NULL: an error was reported */
    const char *const *files;
    size_t file_count;
};

struct known_contract {
    const struct signature *signature;
    const struct contract *contract; /* NULL: faulty */
    struct hash digest;
};

struct known_component {
    const struct component *component;
    const char *header;
    struct lifecycle lifecycle;
    bool good;
};

struct checker {
    struct arena *arena;
    const struct plan *plan;
    const struct layout *layout;
    const struct check_options *options;
    struct diag *diag;
    const char *generated;
    struct sources sources;
    struct cache cache;
    VEC(struct known_contract) contracts;
    VEC(struct known_component) components;
    VEC(const char *) headers;
    struct map header_seen;
    bool good;
};

/* ---- reading headers ---- */

static struct span span_or(struct span span, struct span other)
{
    return span.source ? span : other;
}

static const char *const *flags_for(struct checker *c, const struct plan_instance *instance, size_t *count)
{
    size_t include_count;
    const char *const *include = layout_include(c->arena, c->layout, c->plan, instance, &include_count);
    VEC(const char *) flags = {};
    for (size_t i = 0; i < c->options->flag_count; i++)
        *vec_add(c->arena, &flags) = c->options->flags[i];
    for (size_t i = 0; i < include_count; i++)
        *vec_add(c->arena, &flags) = include[i];
    for (size_t i = 0; instance && i < instance->component->flag_count; i++)
        if (!string_starts(instance->component->flags[i].text, "-I"))
            *vec_add(c->arena, &flags) = instance->component->flags[i].text;
    *count = flags.count;
    return flags.items;
}

/* Everything that decides what a header means, except the contents of files. */
static struct hash query_key(struct checker *c, const char *role, const char *header, const char *prefix, const char *const *flags,
                             size_t flag_count, const struct hash *extra)
{
    struct hasher *h = hasher_create();
    hasher_add_string(h, UKC_VERSION);
    hasher_add_string(h, role);
    hasher_add_string(h, header);
    hasher_add_string(h, prefix);
    for (size_t i = 0; i < flag_count; i++)
        if (!string_starts(flags[i], arena_printf(c->arena, "-iquote%s", c->generated)))
            hasher_add_string(h, flags[i]);
    hasher_add(h, extra, sizeof *extra);
    return hasher_finish(h);
}

/* Files of the project (and below its links) make the build configure again when they change. */
static void note_files(struct checker *c, const struct header *h)
{
    for (size_t i = 0; i < h->file_count; i++)
        if (*h->files[i] != '/' && !string_starts(h->files[i], c->generated) && map_add(&c->header_seen, h->files[i], 0) == MAP_ABSENT)
            *vec_add(c->arena, &c->headers) = h->files[i];
}

/* Generated files are of one instance; an interface is the same for all. */
static bool check_generated(struct checker *c, const struct parsed *p, const char *header)
{
    for (size_t i = 0; i < p->file_count; i++) {
        if (!string_starts(p->files[i], c->generated) || strcmp(path_base(p->files[i]), "keys.h"))
            continue;
        diag_error(c->diag, sources_span(&c->sources, header, 0, 0, 0), "'%s' includes keys.h", header);
        return diag_help(c->diag, "keys.h is for sources: an interface is the same in every configuration");
    }
    return true;
}

static bool read_header(struct checker *c, const char *role, const char *path, const char *prefix, const struct plan_instance *instance,
                        const struct hash *extra, struct header *out)
{
    size_t flag_count;
    const char *const *flags = flags_for(c, instance, &flag_count);
    struct cache_query query = {query_key(c, role, path, prefix, flags, flag_count, extra), flags, flag_count};
    struct cache_found found;
    if (cache_find(&c->cache, &query, &found)) {
        *out = (struct header){found.interface, found.files, found.file_count};
        note_files(c, out);
        return true;
    }
    struct parse_request request = {path, flags, flag_count, prefix, c->generated};
    struct parsed parsed;
    int64_t started = cache_clock();
    if (!clang_parse(c->arena, &request, &c->sources, c->diag, &parsed) || !check_generated(c, &parsed, path))
        return false;
    found = (struct cache_found){parsed.interface, parsed.files, parsed.file_count};
    cache_store(&c->cache, &query, &found, clang_library(), started);
    *out = (struct header){parsed.interface, parsed.files, parsed.file_count};
    note_files(c, out);
    return true;
}

/* The header exists, and its name can stand in an #include. */
static bool header_usable(struct checker *c, const char *path, struct span span, const char *owner)
{
    if (strpbrk(path, "\"\\\n"))
        return diag_error(c->diag, span, "header '%s' of %s: a header's name cannot contain quotes or backslashes", path, owner);
    if (!file_is_regular(path)) { /* a pipe would never end */
        diag_error(c->diag, span, "header '%s' of %s %s", path, owner,
                   file_exists(path) && !file_is_directory(path) ? "is not a regular file" : "does not exist");
        return diag_help(c->diag, "it declares the operations; another file is named by header = \"...\"");
    }
    return true;
}

/* ---- signatures ---- */

static struct hash contract_digest(const struct contract *c)
{
    struct text t = {};
    interface_encode(c->interface, &t);
    for (size_t i = 0; i < c->signature->object_count; i++)
        text_printf(&t, "object %s\n", c->signature->objects[i].text);
    struct hash h = hash_bytes(t.bytes, t.size);
    text_dispose(&t);
    return h;
}

static const struct contract *read_contract(struct checker *c, const struct signature *s)
{
    const char *path = layout_path(c->arena, c->layout, s->directory, s->header.text);
    struct span span = span_or(s->header.span, s->span);
    if (!header_usable(c, path, span, arena_printf(c->arena, "signature '%s'", s->name.text)))
        return NULL;
    struct header h;
    size_t errors = diag_errors(c->diag);
    if (!read_header(c, "signature", path, s->identifier, NULL, &(struct hash){}, &h)) {
        if (diag_status(c->diag) == DIAG_INPUT && diag_errors(c->diag) > errors) /* else a parse before was given up */
            diag_note(c->diag, span, "this is the header of signature '%s'", s->name.text);
        return NULL;
    }
    return contract_create(c->arena, s, h.interface, &c->sources, c->diag);
}

static const struct known_contract *contract_of(struct checker *c, const struct signature *s)
{
    for (size_t i = 0; i < c->contracts.count; i++)
        if (c->contracts.items[i].signature == s)
            return &c->contracts.items[i];
    struct known_contract known = {.signature = s, .contract = read_contract(c, s)};
    if (known.contract)
        known.digest = contract_digest(known.contract);
    else
        c->good = false;
    *vec_add(c->arena, &c->contracts) = known;
    return &c->contracts.items[c->contracts.count - 1];
}

static const struct signature *find_signature(const struct checker *c, const char *name)
{
    const struct manifest *m = c->plan->graph->manifest;
    for (size_t i = 0; i < m->signature_count; i++)
        if (!strcmp(m->signatures[i].name.text, name))
            return &m->signatures[i];
    return NULL;
}

/* ---- requirement headers ---- */

static bool requirement_name_usable(struct checker *c, const struct plan_instance *instance, const struct plan_binding *binding)
{
    const struct word *name = &binding->requirement->name;
    const struct component *component = instance->component;
    const char *file = arena_printf(c->arena, "%s.h", name->text);
    if (!strcmp(name->text, "exports") || !strcmp(name->text, "keys"))
        return diag_error(c->diag, name->span, "a requirement cannot be named '%s': '%s' is generated for other purposes", name->text, file);
    if (!strcmp(name->text, component->identifier))
        return diag_error(c->diag, name->span, "a requirement cannot have the name of its own component, '%s'", name->text);
    if (component->kind == COMPONENT_IMPLEMENTATION && component->header.text && !strcmp(file, path_base(component->header.text)))
        return diag_error(c->diag, name->span, "requirement '%s' would have the header '%s', which is the name of the component's own header",
                          name->text, file);
    return true;
}

static void declare_all(struct checker *c)
{
    for (size_t i = 0; i < c->plan->instance_count; i++) {
        const struct plan_instance *instance = &c->plan->instances[i];
        declare_prune(c->arena, c->layout, instance);
        for (size_t n = 0; n < instance->binding_count; n++) {
            const struct plan_binding *binding = &instance->bindings[n];
            const struct contract *contract = contract_of(c, binding->signature)->contract;
            if (!requirement_name_usable(c, instance, binding) ||
                (contract && !declare_requirement(c->arena, c->layout, c->plan, instance, binding, contract, c->diag)))
                c->good = false;
        }
    }
}

/* ---- implementations ---- */

/* The contracts of what it provides; NULL when one is faulty or unknown. */
static const struct contract *const *provided(struct checker *c, const struct component *component)
{
    const struct contract **contracts = arena_array(c->arena, const struct contract *, component->provides_count);
    for (size_t i = 0; i < component->provides_count; i++) {
        const struct word *word = &component->provides[i];
        const struct signature *signature = find_signature(c, word->text);
        if (!signature) {
            c->good = diag_error(c->diag, span_or(word->span, component->span), "signature '%s' is not declared", word->text);
            return NULL;
        }
        contracts[i] = contract_of(c, signature)->contract;
        if (!contracts[i])
            return NULL;
    }
    return contracts;
}

/* What the requirement headers of its instances are made from; false when one of them could not be written. */
static bool requirements_digest(struct checker *c, const struct plan_instance *instance, struct hash *out)
{
    bool good = true;
    struct hasher *h = hasher_create();
    for (size_t n = 0; n < instance->binding_count; n++) {
        const struct known_contract *known = contract_of(c, instance->bindings[n].signature);
        good &= known->contract != NULL;
        hasher_add_string(h, instance->bindings[n].requirement->name.text);
        hasher_add_string(h, known->signature->identifier);
        hasher_add(h, &known->digest, sizeof known->digest);
    }
    *out = hasher_finish(h);
    return good;
}

static bool check_header(struct checker *c, const struct plan_instance *instance, struct known_component *known)
{
    const struct component *component = instance->component;
    const struct contract *const *contracts = provided(c, component);
    struct hash requirements;
    if (!contracts || !requirements_digest(c, instance, &requirements))
        return false;
    struct span span = span_or(component->header.span, component->span);
    if (!header_usable(c, known->header, span, arena_printf(c->arena, "implementation '%s'", component->name.text)))
        return false;
    struct header h;
    size_t errors = diag_errors(c->diag);
    if (!read_header(c, "implementation", known->header, component->identifier, instance, &requirements, &h)) {
        if (diag_status(c->diag) == DIAG_INPUT && diag_errors(c->diag) > errors)
            diag_note(c->diag, span, "this is the header of implementation '%s'", component->name.text);
        return false;
    }
    struct implementation_check check = {component, h.interface, contracts, c->generated};
    return compare_implementation(c->arena, &check, &c->sources, c->diag, &known->lifecycle);
}

static const struct known_component *component_of(struct checker *c, const struct plan_instance *instance)
{
    const struct component *component = instance->component;
    for (size_t i = 0; i < c->components.count; i++)
        if (c->components.items[i].component == component)
            return &c->components.items[i];
    struct known_component known = {.component = component, .good = true};
    if (component->kind == COMPONENT_IMPLEMENTATION) {
        const char *name = component->header.text ? component->header.text : arena_printf(c->arena, "%s.h", component->name.text);
        known.header = layout_path(c->arena, c->layout, component->directory, name);
        known.good = check_header(c, instance, &known);
        c->good &= known.good;
    }
    *vec_add(c->arena, &c->components) = known;
    return &c->components.items[c->components.count - 1];
}

/* ---- results ---- */

typedef VEC(const char *) name_list;

/* The operations an instance exports, each once, sorted: "listen", "start", ... */
static name_list exported(struct checker *c, const struct plan_instance *instance, const struct known_component *known)
{
    name_list names = {}, once = {};
    const struct component *component = instance->component;
    if (component->kind == COMPONENT_UNIKERNEL)
        *vec_add(c->arena, &names) = "main";
    else
        for (size_t i = 0; i < component->provides_count; i++) {
            const struct contract *contract = contract_of(c, find_signature(c, component->provides[i].text))->contract;
            for (size_t n = 0; n < contract->operation_count; n++)
                *vec_add(c->arena, &names) = contract_operation(contract, contract->operations[n]);
        }
    if (known->lifecycle.start)
        *vec_add(c->arena, &names) = "start";
    if (known->lifecycle.stop)
        *vec_add(c->arena, &names) = "stop";
    if (names.count)
        qsort(names.items, names.count, sizeof *names.items, string_compare);
    for (size_t i = 0; i < names.count; i++)
        if (!i || strcmp(names.items[i], names.items[i - 1]))
            *vec_add(c->arena, &once) = names.items[i];
    return once;
}

static void sort_names(name_list *names)
{
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, string_compare);
}

static struct checked_instance finish_instance(struct checker *c, const struct plan_instance *instance)
{
    const struct known_component *known = component_of(c, instance);
    name_list operations = exported(c, instance, known), symbols = {}, generated = {};
    c->good &= declare_exports(c->arena, c->layout, instance, known->header, operations.items, operations.count, c->diag);
    for (size_t i = 0; i < operations.count; i++)
        *vec_add(c->arena, &symbols) = binding_symbol(c->arena, instance, operations.items[i]);
    *vec_add(c->arena, &generated) = layout_generated(c->arena, c->layout, instance, "exports.h");
    for (size_t n = 0; n < instance->binding_count; n++)
        *vec_add(c->arena, &generated) = layout_generated(
            c->arena, c->layout, instance, arena_printf(c->arena, "%s.h", instance->bindings[n].requirement->name.text));
    sort_names(&symbols);
    sort_names(&generated);
    return (struct checked_instance){known->lifecycle.start, known->lifecycle.stop, symbols.items,
                                     symbols.count,          generated.items,       generated.count};
}

static const struct bindings *finish(struct checker *c)
{
    const struct plan *plan = c->plan;
    struct checked_instance *instances = arena_array(c->arena, struct checked_instance, plan->instance_count);
    VEC(struct checked_edge) edges = {};
    for (size_t i = 0; i < plan->instance_count; i++) {
        const struct plan_instance *instance = &plan->instances[i];
        instances[i] = finish_instance(c, instance);
        for (size_t n = 0; n < instance->binding_count; n++)
            *vec_add(c->arena, &edges) = bindings_edge(c->arena, plan, instance, &instance->bindings[n],
                                                       contract_of(c, instance->bindings[n].signature)->contract);
    }
    if (c->headers.count)
        qsort(c->headers.items, c->headers.count, sizeof *c->headers.items, string_compare);
    struct bindings *b = arena_new(c->arena, struct bindings);
    *b = (struct bindings){plan, edges.items, edges.count, instances, c->headers.items, c->headers.count};
    return b;
}

const struct bindings *check_plan(struct arena *a, const struct plan *plan, const struct layout *layout,
                                  const struct check_options *options, struct diag *d)
{
    struct checker c = {.arena = a,
                        .plan = plan,
                        .layout = layout,
                        .options = options,
                        .diag = d,
                        .generated = arena_printf(a, "%s/gen/", layout->build),
                        .sources = {.arena = a},
                        .good = true};
    cache_open(&c.cache, a, options->cache, c.generated);
    declare_all(&c); /* an implementation's header may include its requirement headers */
    for (size_t i = 0; i < plan->instance_count; i++)
        component_of(&c, &plan->instances[i]);
    const struct bindings *bindings = c.good ? finish(&c) : NULL;
    cache_close(&c.cache);
    map_dispose(&c.header_seen);
    return c.good ? bindings : NULL;
}
