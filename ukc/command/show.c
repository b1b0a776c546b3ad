/*
 * show.c - ukc graph and ukc plan: what each phase made, as text, dot or JSON.
 */
#include "../base/text.h"
#include "../project/guard.h"
#include <stdio.h>

static const char *first_word(const struct invocation *i)
{
    return i->argument_count ? i->arguments[0] : NULL;
}

static void print_text(struct text *t)
{
    fputs(text_string(t), stdout);
    text_dispose(t);
}

int command_graph(struct invocation *i)
{
    struct project p;
    if (!project_open(&p, i, first_word(i), false) || !project_load(&p) || !project_graph(&p))
        return (int)diag_status(i->diag);
    /* A target that was asked for or configured marks the choices; without one all branches stand equal. */
    bool marked = p.configured || given(i, OPTION_target);
    if (marked && !project_plan(&p))
        return (int)diag_status(i->diag);
    struct text t = {};
    struct json j = {};
    if (given(i, OPTION_json)) {
        graph_print_json(p.graph, p.plan, &j);
        answer_json(i, &j);
    } else if (given(i, OPTION_dot)) {
        graph_print_dot(p.graph, p.plan, &t);
        print_text(&t);
    } else {
        graph_print_text(p.graph, p.plan, &t);
        print_text(&t);
    }
    return (int)diag_status(i->diag);
}

int command_plan(struct invocation *i)
{
    struct project p;
    if (!project_open(&p, i, first_word(i), false) || !project_load(&p) || !project_graph(&p) || !project_plan(&p))
        return (int)diag_status(i->diag);
    project_note_target(&p);
    struct text t = {};
    struct json j = {};
    if (given(i, OPTION_json)) {
        plan_print_json(p.plan, &j);
        answer_json(i, &j);
        return (int)diag_status(i->diag);
    }
    if (given(i, OPTION_dot)) {
        plan_print_dot(p.plan, &t);
        print_text(&t);
        return (int)diag_status(i->diag);
    }
    plan_print_text(p.plan, &t);
    if (given(i, OPTION_bindings)) {
        const char *aside = arena_printf(i->arena, "build/check/%s", target_names[p.configuration.target]);
        if (!guard_enter(&p) || !project_layout(&p, aside, false) || !project_check(&p)) {
            text_dispose(&t);
            return (int)diag_status(i->diag);
        }
        text_putc(&t, '\n');
        bindings_print(p.bindings, &t);
    }
    print_text(&t);
    return (int)diag_status(i->diag);
}
