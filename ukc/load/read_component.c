/*
 * read_component.c - the four declarations: unikernel, implementation, signature, target.
 */
#include "read.h"

#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/text.h"

/* The declaration's name, checked by `check`; what it is called in messages is `*what`. */
static bool take_name(struct reader *r, const struct made *m, struct word *name, const char **what)
{
    struct entry e = {
        .name = form_names[m->form],
        .name_size = strlen(form_names[m->form]),
        .key = m->span,
        .value = {
            .kind = VALUE_STRING, .span = m->name_span, .text = m->name, .size = m->name_size}};
    *what = arena_printf(r->arena, "%s '%s'", form_names[m->form],
                         shown(r->arena, m->name, m->name_size));
    return take_word(r, &e, name);
}

static bool need_body(struct reader *r, const struct made *m, const char *what)
{
    if (m->body)
        return true;
    diag_error(r->diag, m->span, "%s has no fields", what);
    return diag_help(r->diag, "write: %s \"%s\" { ... }", form_names[m->form],
                     shown(r->arena, m->name, m->name_size));
}

/* ukc = ">= 0.1": before anything else, as other fields may mean something else in another version.
 */
static bool check_ukc(struct reader *r, const struct made *m, const char *what)
{
    const struct entry *e = table_get(m->body, "ukc");
    if (!e || e->value.kind != VALUE_STRING || !version_range_valid(e->value.text))
        return true; /* what is wrong with it is reported with the other fields */
    const char *range = e->value.text;
    if (version_in_range(UKC_VERSION, range))
        return true;
    diag_error(r->diag, e->value.span, "%s is written for ukc %s; this is ukc %s", what, range,
               UKC_VERSION);
    return diag_help(
        r->diag, "install a ukc in that range, or widen it if the manifest works with this one");
}

/* What `choose` names must be required. */
static bool check_chosen(struct reader *r, const struct component *c, const char *what)
{
    const char **names = arena_array(r->arena, const char *, c->requires_count);
    bool ok = true;
    for (size_t i = 0; i < c->requires_count; i++)
    names[i] = c->
                   requires[
                           i]
                       .name.text;
    for (size_t i = 0; i < c->chosen_count; i++) {
        const char *name = c->chosen[i].requirement.text;
        if (c->requires_count &&
            bsearch(&name, names, c->requires_count, sizeof *names, string_compare))
            continue;
        ok = diag_error(r->diag, c->chosen[i].requirement.span, "%s does not require '%s'", what,
                        shown(r->arena, name, strlen(name)));
        const char *near = string_nearest(name, names, c->requires_count);
        if (near)
            diag_help(r->diag, "did you mean '%s'?", near);
        else
            diag_help(r->diag, "'choose' fills what 'requires' names; to choose deeper, give an "
                               "instance its own 'choose'");
    }
    return ok;
}

bool read_component(struct reader *r, const struct made *m, struct component *c)
{
    const char *what;
    bool unikernel = m->form == FORM_unikernel;
    *c = (struct component){.kind = unikernel ? COMPONENT_UNIKERNEL : COMPONENT_IMPLEMENTATION,
                            .span = m->span,
                            .directory = r->directory,
                            .in_tree = r->in_tree,
                            .targets = (1u << TARGET_COUNT) - 1};
    if (!take_name(r, m, &c->name, &what) || !need_body(r, m, what) || !check_ukc(r, m, what))
        return false;
    bool ok = check_component_name(r, &c->name, unikernel ? "a unikernel" : "an implementation");
    c->identifier = name_identifier(r->arena, c->name.text);
    size_t errors = diag_errors(r->diag);
    ok &= read_record(r, unikernel ? &schema_unikernel : &schema_implementation, m->body, what,
                      m->name_span, NULL, c);
    if (unikernel) {
        struct word *program = arena_new(r->arena, struct word);
        *program = (struct word){"program", m->name_span};
        c->provides = program;
        c->provides_count = 1;
    } else if (!c->header.text) {
        c->header = (struct word){arena_printf(r->arena, "%s.h", c->name.text), m->name_span};
        ok &= check_header_name(r, &c->header);
    }
    if (diag_errors(r->diag) == errors) /* a requirement that was misspelled is not also missing */
        ok &= check_chosen(r, c, what);
    return ok;
}

bool read_signature(struct reader *r, const struct made *m, struct signature *s)
{
    const char *what;
    *s = (struct signature){.span = m->span, .directory = r->directory, .in_tree = r->in_tree};
    if (!take_name(r, m, &s->name, &what) || !need_body(r, m, what))
        return false;
    bool ok = check_component_name(r, &s->name, "a signature");
    s->identifier = name_identifier(r->arena, s->name.text);
    ok &= read_record(r, &schema_signature, m->body, what, m->name_span, NULL, s);
    if (!s->header.text) {
        s->header = (struct word){arena_printf(r->arena, "%s.h", s->name.text), m->name_span};
        ok &= check_header_name(r, &s->header);
    }
    return ok;
}

bool read_target_description(struct reader *r, const struct made *m, struct target_description *t)
{
    const char *what;
    struct word name;
    *t = (struct target_description){.span = m->span, .directory = r->directory};
    if (!take_name(r, m, &name, &what) || !need_body(r, m, what))
        return false;
    t->target = target_find(name.text);
    if (t->target == TARGET_COUNT) {
        const char *near = string_nearest(name.text, target_names, TARGET_COUNT);
        diag_error(r->diag, name.span, "there is no target '%s'",
                   shown(r->arena, name.text, strlen(name.text)));
        return diag_help(r->diag, near ? "did you mean '%s'?" : "targets are posix, kvm and xen",
                         near);
    }
    return read_record(r, &schema_target, m->body, what, m->name_span, NULL, t);
}
