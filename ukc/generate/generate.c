/*
 * generate.c - writes everything that a build needs; build.ninja last.
 */
#include "generation.h"

#include <stdlib.h>
#include <string.h>

#include "../base/file.h"

static bool write_text(const struct generation *g, const char *path, struct text *t)
{
    bool good = file_write(path, text_string(t), t->size, NULL, g->d);
    text_dispose(t);
    return good;
}

/* What stays global when an instance becomes one module: one symbol a line. */
static bool write_symbols(const struct generation *g, const struct plan_instance *instance, const struct checked_instance *checked)
{
    VEC(const char *) symbols = {};
    for (size_t i = 0; i < checked->symbol_count; i++)
        *vec_add(g->a, &symbols) = checked->symbols[i];
    if (checked->start)
        *vec_add(g->a, &symbols) = binding_symbol(g->a, instance, "start");
    if (checked->stop)
        *vec_add(g->a, &symbols) = binding_symbol(g->a, instance, "stop");
    if (instance->component->kind == COMPONENT_UNIKERNEL)
        *vec_add(g->a, &symbols) = binding_symbol(g->a, instance, "main");
    if (g->options->sanitize) /* common to all objects, each of which defines it: ASan counts on the linker to merge them */
        *vec_add(g->a, &symbols) = "___asan_globals_registered";
    if (symbols.count)
        qsort(symbols.items, symbols.count, sizeof *symbols.items, string_compare);
    struct text t = {};
    for (size_t i = 0; i < symbols.count; i++)
        if (i == 0 || !string_equal(symbols.items[i - 1], symbols.items[i]))
            text_printf(&t, "%s\n", symbols.items[i]);
    return write_text(g, layout_generated(g->a, g->layout, instance, "symbols.txt"), &t);
}

/*
 * A quoted include looks beside the including file first: a component's own "clock.h"
 * would be read instead of the header generated for its requirement "clock".
 */
static bool check_hidden_headers(const struct generation *g, const struct plan_instance *instance)
{
    const struct component *c = instance->component;
    bool good = true;
    for (size_t i = 0; i < c->requires_count; i++) {
        const char *name = arena_printf(g->a, "%s.h", c->requires[i].name.text);
        if (file_exists(layout_path(g->a, g->layout, c->directory, name)))
            good = diag_error(g->d, c->requires[i].name.span, "the file '%s' of '%s' hides the header of its requirement '%s'", name,
                              c->name.text, c->requires[i].name.text);
    }
    if (file_exists(layout_path(g->a, g->layout, c->directory, "keys.h")))
        good = diag_error(g->d, c->span, "the file 'keys.h' of '%s' hides the header of its keys", c->name.text);
    return good;
}

bool generate_takes_name(const char *name)
{
    static const char *const taken[] = {"absent.list", "build.ninja", "cache", "compile_commands.json", "components", "configure.args", "configure.inputs", "failure", "gen",
                                        "image.name", "image.state", "inputs.state", "last", "obj", "offline", "plan.dot", "plan.txt", "root", "tools.state", "tools.txt"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (string_equal(name, taken[i]))
            return true;
    return false;
}

static bool check_name(const struct generation *g, const struct plan_instance *unikernel)
{
    if (!generate_takes_name(unikernel->name))
        return true;
    return diag_error(g->d, unikernel->component->name.span, "a unikernel cannot be named '%s': the build directory has a file of that name",
                      unikernel->name);
}

static bool write_instance_files(const struct generation *g)
{
    bool good = true;
    for (size_t i = 0; i < g->plan->instance_count; i++) {
        const struct plan_instance *instance = &g->plan->instances[i];
        struct text keys = {};
        good = check_hidden_headers(g, instance) && good;
        if (!keys_header(g, instance, &keys)) {
            text_dispose(&keys);
            good = false;
            continue;
        }
        good = write_text(g, layout_generated(g->a, g->layout, instance, "keys.h"), &keys) && good;
        good = write_symbols(g, instance, &g->bindings->instances[i]) && good;
    }
    return good;
}

/* clangd looks for the file in the directories above a source, and in their build/. */
static bool write_commands(const struct generation *g, struct text *commands)
{
    size_t first = strcspn(g->layout->build, "/");
    const char *shared = arena_printf(g->a, "%.*s/compile_commands.json", (int)first, g->layout->build);
    return file_write(shared, commands->bytes, commands->size, NULL, g->d) && write_text(g, build_file(g, "compile_commands.json"), commands);
}

bool generate(struct arena *a, const struct bindings *bindings, const struct layout *layout, const struct generate_options *options, struct diag *d)
{
    struct generation g = {.a = a, .bindings = bindings, .plan = bindings->plan, .layout = layout, .options = options, .d = d};
    g.target = plan_target(g.plan);
    if (!g.target)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "ukc's catalogue has no declaration of target '%s'", target_names[g.plan->target]);
    bool good = check_name(&g, &g.plan->instances[g.plan->instance_count - 1]);
    good = write_instance_files(&g) && good;
    struct text start = {}, ninja = {}, commands = {};
    good = library_system_header(&g) && good;
    start_source(&g, &start);
    good = write_text(&g, build_file(&g, "gen/start.c"), &start) && good;
    good = write_statements(&g, &ninja, &commands) && good;
    if (!options->check_only)
        good = good && write_commands(&g, &commands) && write_text(&g, build_file(&g, "build.ninja"), &ninja);
    text_dispose(&ninja);
    text_dispose(&commands);
    return good;
}
