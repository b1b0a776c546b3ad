/*
 * explain.c - ukc explain: why something is in the image, and why something else is not.
 *
 * A name is looked up as the path of an instance or requirement, then as an
 * implementation, a signature, and a key; everything that fits is explained.
 * "libc" is also the C library.  What fits none of these is looked for in the image, if it is built (explain_image.c).
 */
#include "../base/file.h"
#include "../base/json.h"
#include "../base/map.h"
#include "../image/compiled.h"
#include "../image/explain_hardening.h"
#include "../image/explain_image.h"
#include "../project/project.h"
#include "../records/explain_record.h"
#include <stdio.h>
#include <string.h>

static const char *const reasons[] = {
    [REASON_EXPLICIT] = "the manifest chose it",
    [REASON_ONLY] = "nothing else fits",
    [REASON_SHARED] = "it satisfies the same signature elsewhere in the image",
    [REASON_LOCKED] = "ukc.lock holds it; 'ukc configure --update' chooses anew",
    [REASON_PREFERENCE] = "its manifest asks to be preferred",
    [REASON_NAME] = "of those that fit it is the first by name, then the newest",
};

struct explanation {
    const struct plan *plan;
    const char *name;
    bool signature;    /* it was given as sig.NAME: nothing else is meant */
    struct json *json; /* NULL: text */
    bool any;
    struct map told; /* requirement paths whose edge has been told */
};

static const char *place(struct arena *a, struct span s)
{
    if (!s.source)
        return "";
    if (!s.line)
        return arena_printf(a, " (%s)", source_shown(s.source));
    return arena_printf(a, " (%s:%u:%u)", source_shown(s.source), s.line, s.column);
}

static const char *edge_path(struct arena *a, const struct plan_instance *from, const struct plan_binding *b)
{
    return from->component->kind == COMPONENT_UNIKERNEL ? b->requirement->name.text
                                                        : arena_printf(a, "%s.%s", from->name, b->requirement->name.text);
}

static void explain_edge(struct explanation *e, struct arena *a, const struct plan_instance *from, const struct plan_binding *b)
{
    const struct plan_instance *to = &e->plan->instances[b->provider.at];
    const char *path = edge_path(a, from, b);
    if (map_add(&e->told, path, 1) != MAP_ABSENT)
        return;
    if (e->json) {
        json_object(e->json);
        json_field(e->json, "requirement", path);
        json_field(e->json, "signature", b->signature->name.text);
        json_field(e->json, "header", signature_header(a, b->signature));
        json_field(e->json, "required_by", from->component->name.text);
        json_field(e->json, "provider", to->name);
        json_field(e->json, "implementation", to->component->name.text);
        json_field(e->json, "reason", reasons[b->reason]);
        json_key(e->json, "rejected");
        json_array(e->json);
        for (size_t k = 0; k < b->rejected_count; k++) {
            json_object(e->json);
            json_field(e->json, "implementation", b->rejected[k].component->name.text);
            json_field(e->json, "reason", b->rejected[k].why);
            json_end_object(e->json);
        }
        json_end_array(e->json);
        json_end_object(e->json);
        return;
    }
    printf("  %s requires %s: %s%s\n", from->component->name.text, b->requirement->name.text, b->signature->name.text,
           place(a, b->requirement->name.span));
    if (strcmp(b->signature->name.text, e->name) != 0) /* its own headline has it */
        printf("    header: %s\n", signature_header(a, b->signature));
    printf("    chosen: %s%s%s as %s: %s%s\n", to->component->name.text, to->component->version.text ? " " : "", to->component->version.text ? to->component->version.text : "",
           to->name, reasons[b->reason], b->reason == REASON_EXPLICIT ? place(a, b->span) : "");
    for (size_t k = 0; k < b->rejected_count; k++)
        printf("    not %s: %s%s\n", b->rejected[k].component->name.text, b->rejected[k].why, place(a, b->rejected[k].span));
}

/* The chain from the unikernel to the instance, by its name: homepage -> http -> stack. */
static void print_chain(const struct explanation *e, const struct plan_instance *n)
{
    const struct plan_instance *root = &e->plan->instances[e->plan->instance_count - 1];
    if (n == root)
        return;
    printf("  in the image by: %s", root->component->name.text);
    for (const char *p = n->name; *p;) {
        size_t length = strcspn(p, ".");
        printf(" -> %.*s", (int)length, p);
        p += length + (p[length] == '.');
    }
    putchar('\n');
    for (size_t k = 0; k < n->path_count; k++)
        if (strcmp(n->paths[k], n->name) != 0)
            printf("  also as: %s\n", n->paths[k]);
}

static void explain_key(struct explanation *e, struct arena *a, const struct plan_key *k, const char *path)
{
    e->any = true;
    const char *value = k->value ? k->value->text : "";
    if (e->json) {
        json_object(e->json);
        json_field(e->json, "key", path);
        json_field(e->json, "value", k->value ? value : NULL);
        json_field(e->json, "origin", key_origin_texts[k->origin]);
        json_field(e->json, "doc", k->key->doc);
        json_end_object(e->json);
        return;
    }
    printf("%s = %s: %s%s\n", path, value, key_origin_texts[k->origin], place(a, k->span));
    if (k->key->doc)
        printf("  %s\n", k->key->doc);
}

static bool names_instance(const struct plan_instance *n, const char *name)
{
    if (strcmp(n->name, name) == 0 || strcmp(n->component->name.text, name) == 0)
        return true;
    for (size_t k = 0; k < n->path_count; k++)
        if (strcmp(n->paths[k], name) == 0)
            return true;
    return false;
}

static void explain_instance(struct explanation *e, struct arena *a, const struct plan_instance *n)
{
    e->any = true;
    if (!e->json) {
        printf("%s: %s %s%s\n", n->name, n->component->name.text, n->component->version.text ? n->component->version.text : "",
               place(a, n->component->span));
        if (n->component->doc)
            printf("  %s\n", n->component->doc);
        print_chain(e, n);
    }
    for (size_t k = 0; k < e->plan->instance_count; k++) {
        const struct plan_instance *from = &e->plan->instances[k];
        for (size_t b = 0; b < from->binding_count; b++)
            if (from->bindings[b].provider.at == n->id.at)
                explain_edge(e, a, from, &from->bindings[b]);
    }
    for (size_t k = 0; k < n->key_count; k++)
        if (!e->json && n->keys[k].value)
            printf("  key %s = %s: %s%s\n", n->keys[k].key->name.text, *n->keys[k].value->text ? n->keys[k].value->text : "\"\"", key_origin_texts[n->keys[k].origin],
                   place(a, n->keys[k].span));
}

static void print_signature(const struct explanation *e, struct arena *a, const struct manifest *m)
{
    for (size_t k = 0; k < m->signature_count; k++) {
        const struct signature *s = &m->signatures[k];
        if (strcmp(s->name.text, e->name) == 0)
            printf("sig.%s:%s%s%s\n  header: %s\n", s->name.text, s->doc ? " " : "", s->doc ? s->doc : "", place(a, s->span),
                   signature_header(a, s));
    }
}

/* The headline of an implementation that requirements did not take. */
static void print_unused(struct explanation *e, struct arena *a)
{
    const struct manifest *m = e->plan->graph->manifest;
    for (size_t k = 0; k < m->implementation_count && !e->any && !e->json; k++) {
        const struct component *c = &m->implementations[k];
        if (strcmp(c->name.text, e->name) != 0)
            continue;
        printf("%s%s%s: not in the image%s\n", c->name.text, c->version.text ? " " : "", c->version.text ? c->version.text : "", place(a, c->span));
        if (c->doc)
            printf("  %s\n", c->doc);
    }
}

/* Every requirement that is for the signature, or that did not take the implementation, of this name. */
static void explain_edges(struct explanation *e, struct arena *a)
{
    for (size_t k = 0; k < e->plan->instance_count; k++) {
        const struct plan_instance *from = &e->plan->instances[k];
        for (size_t b = 0; b < from->binding_count; b++) {
            const struct plan_binding *binding = &from->bindings[b];
            bool fits = strcmp(binding->signature->name.text, e->name) == 0, refused = false;
            for (size_t r = 0; r < binding->rejected_count && !e->signature; r++)
                refused |= strcmp(binding->rejected[r].component->name.text, e->name) == 0;
            if (!fits && !refused)
                continue;
            if (refused && !fits)
                print_unused(e, a);
            e->any = true;
            explain_edge(e, a, from, binding);
        }
    }
}

static void explain_keys(struct explanation *e, struct arena *a)
{
    for (size_t k = 0; k < e->plan->instance_count; k++) {
        const struct plan_instance *n = &e->plan->instances[k];
        bool root = n->component->kind == COMPONENT_UNIKERNEL;
        for (size_t x = 0; x < n->key_count; x++) {
            const char *path = root ? n->keys[x].key->name.text : arena_printf(a, "%s.%s", n->name, n->keys[x].key->name.text);
            if (strcmp(path, e->name) == 0 || strcmp(n->keys[x].key->name.text, e->name) == 0)
                explain_key(e, a, &n->keys[x], path);
        }
    }
    for (size_t k = 0; k < e->plan->signature_key_count; k++)
        if (strcmp(e->plan->signature_key_paths[k], e->name) == 0 ||
            strcmp(e->plan->signature_keys[k].key->name.text, e->name) == 0)
            explain_key(e, a, &e->plan->signature_keys[k], e->plan->signature_key_paths[k]);
    for (size_t k = 0; k < e->plan->seal_count; k++) {
        const struct target_seal *s = &plan_target(e->plan)->seals[k];
        if (strcmp(s->path, e->name) == 0 || strcmp(s->key.name.text, e->name) == 0)
            explain_key(e, a, &e->plan->seals[k], s->path);
    }
}

static void explain_c_library(struct explanation *e, struct arena *a, const struct c_library *c)
{
    const char *name = c->import ? c->import->name.text : "host";
    e->any = true;
    if (e->json) {
        json_object(e->json);
        json_field(e->json, "libc", name);
        json_field(e->json, "reason", c->why);
        json_end_object(e->json);
    } else if (c->import) {
        printf("libc: %s, compiled from its sources and linked as far as it is used: %s%s\n", name, c->why, place(a, c->span));
    } else {
        printf("libc: the host's, a shared object: %s%s\n", c->why, place(a, c->span));
    }
}

/* Something the catalogue has, but no requirement of this image asks for. */
static bool explain_absent(const struct explanation *e, struct project *p)
{
    const struct manifest *m = p->manifest;
    for (size_t k = 0; k < m->implementation_count && !e->signature; k++) {
        const struct component *c = &m->implementations[k];
        if (strcmp(c->name.text, e->name) != 0)
            continue;
        printf("%s is not in the image: nothing requires ", e->name);
        for (size_t n = 0; n < c->provides_count; n++)
            printf("%s%s", n ? " or " : "", c->provides[n].text);
        printf("%s\n", place(p->a, c->span));
        return true;
    }
    for (size_t k = 0; k < m->signature_count; k++)
        if (strcmp(m->signatures[k].name.text, e->name) == 0) {
            puts("  not in the image: nothing requires this signature");
            return true;
        }
    return false;
}

static void unknown_name(struct project *p, const char *name)
{
    VEC(const char *) names = {};
    for (size_t k = 0; k < p->plan->instance_count; k++)
        *vec_add(p->a, &names) = p->plan->instances[k].name;
    for (size_t k = 0; k < p->manifest->implementation_count; k++)
        *vec_add(p->a, &names) = p->manifest->implementations[k].name.text;
    for (size_t k = 0; k < p->manifest->signature_count; k++)
        *vec_add(p->a, &names) = p->manifest->signatures[k].name.text;
    if (name[0] >= '0' && name[0] <= '9') {
        diag_error(p->d, SPAN_NONE, "'%s' is no byte of the image, and no range of its bytes", name);
        diag_help(p->d, "bytes are counted from 0, a range ends before its second number (0x40-0x80): 'ukc size' says how many there are");
        return;
    }
    diag_error(p->d, SPAN_NONE, "nothing is called '%s': no instance, implementation, signature or key%s", name,
               file_exists(project_file(p, "image.state")) ? ", and no symbol or file of the image" : "");
    const char *near = string_nearest(name, names.items, names.count);
    size_t compiled;
    (void)compiled_find(p, name, &compiled);
    if (compiled)
        diag_help(p->d, "it was compiled: 'ukc explain --absent %s' says why the image does not have it", name);
    else if (near)
        diag_help(p->d, "did you mean '%s'?", near);
    else
        diag_help(p->d, "'ukc plan' lists the instances and keys of the image");
}

/* "sig.NAME", where NAME is something else, or nothing. */
static void unknown_signature(struct project *p, const char *name)
{
    const struct manifest *m = p->manifest;
    VEC(const char *) names = {};
    for (size_t k = 0; k < m->signature_count; k++)
        *vec_add(p->a, &names) = m->signatures[k].name.text;
    diag_error(p->d, SPAN_NONE, "there is no signature '%s'", name);
    if (string_equal(name, "libc")) {
        diag_help(p->d, "'ukc explain libc' says which C library the image has");
        return;
    }
    for (size_t k = 0; k < p->plan->instance_count; k++)
        if (names_instance(&p->plan->instances[k], name)) {
            diag_help(p->d, "'%s' is %s of the image: 'ukc explain %s' says more", name,
                      string_equal(p->plan->instances[k].component->name.text, name) ? "an implementation" : "an instance", name);
            return;
        }
    const char *near = string_related(name, names.items, names.count);
    if (near)
        diag_help(p->d, "did you mean 'sig.%s'?", near);
    else
        diag_help(p->d, "'ukc help signatures' lists them");
}

/* A part of the image; false: there is none of this name. */
static bool explain_in_image(struct explanation *e, struct project *p)
{
    const struct size_report *r = e->signature ? NULL : explain_read_image(p);
    if (e->signature || (r && explain_beyond(p, r, e->name)))
        return false;
    return (r && explain_part(p, r, e->name, e->json)) || explain_operation(p, r, e->name, true, e->json);
}

/* --absent; of what is there it is said, of what is a requirement's operation whose it is. */
static int explain_absence(struct project *p, const char *symbol)
{
    struct json j = {};
    bool json = given(p->i, OPTION_json);
    const struct size_report *r = explain_read_image(p);
    if (r ? explain_beyond(p, r, symbol) : explain_refuse_unread(p))
        return (int)diag_status(p->d);
    if (!json && r && explain_is_there(p, r, symbol)) {
        printf("%s: it is in the image: 'ukc explain %s' says whose it is, and what keeps it\n", symbol, symbol);
        return (int)diag_status(p->d);
    }
    if (json)
        json_array(&j);
    struct json *out = json ? &j : NULL;
    if (((r && explain_part(p, r, symbol, out)) || explain_operation(p, r, symbol, false, out) || explain_absent_symbol(p, r, symbol, out)) && json) {
        json_end_array(&j);
        answer_json(p->i, &j);
    }
    text_dispose(&j.out);
    return (int)diag_status(p->d);
}

int command_explain(struct invocation *i)
{
    struct project p;
    if (given(i, OPTION_in))
        return explain_in_record(i);
    if (given(i, OPTION_hardening))
        return explain_hardening(i);
    if (!project_open(&p, i, NULL, false) || !project_load(&p) || !project_graph(&p) || !project_plan(&p))
        return (int)diag_status(i->diag);
    project_note_target(&p);
    if (given(i, OPTION_absent))
        return explain_absence(&p, i->arguments[0]);
    struct json j = {};
    const char *name = i->arguments[0];
    bool signature = string_starts(name, "sig.");
    struct explanation e = {.plan = p.plan,
                            .name = signature ? name + strlen("sig.") : name,
                            .signature = signature,
                            .json = given(i, OPTION_json) ? &j : NULL};
    if (e.json)
        json_array(e.json);
    else
        print_signature(&e, i->arena, p.manifest);
    for (size_t k = 0; k < p.plan->instance_count && !signature; k++)
        if (names_instance(&p.plan->instances[k], e.name))
            explain_instance(&e, i->arena, &p.plan->instances[k]);
    explain_edges(&e, i->arena);
    if (!signature)
        explain_keys(&e, i->arena);
    if (string_equal(e.name, "libc") && !signature)
        explain_c_library(&e, i->arena, &p.c_library);
    map_dispose(&e.told);
    if (!e.any)
        e.any = explain_in_image(&e, &p);
    if (e.json) {
        json_end_array(e.json);
        if (e.any)
            answer_json(i, &j);
        text_dispose(&j.out);
    }
    if (!e.any && diag_errors(p.d) == 0 && (e.json || !explain_absent(&e, &p))) {
        if (signature)
            unknown_signature(&p, e.name);
        else if (!explain_refuse_unread(&p))
            unknown_name(&p, e.name);
    }
    return (int)diag_status(i->diag);
}
