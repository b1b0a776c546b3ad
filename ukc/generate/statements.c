/*
 * statements.c - build.ninja: tools, flags, rules, then every instance, the image, and how to configure again.
 */
#include "statements.h"
#include "rules.h"
#include "tools.h"

#include <stdlib.h>
#include <string.h>

#include "../base/audit.h"
#include "../base/file.h"

static const char *unikernel_name(const struct generation *g)
{
    return g->plan->instances[g->plan->instance_count - 1].name;
}

/* ---- tools and flags ---- */

static bool write_tools(struct statements *s)
{
    const struct generation *g = s->g;
    const char *const *paths = write_tools_file(g);
    s->good = s->good && paths;
    s->tools = tools_file(g);
    add_leaf(s, s->tools);
    for (size_t i = 0; i < build_tool_count; i++) {
        if (paths)
            *vec_add(g->a, &s->configure_inputs) = paths[i];
        ninja_variable(s->out, &(struct ninja_variable){build_tools[i].variable, build_tools[i].program});
    }
    struct text ukc = {};
    bool good = put_word(g, &ukc, g->options->ukc, SPAN_NONE);
    ninja_variable(s->out, &(struct ninja_variable){"ukc", text_string(&ukc)});
    /* the host's headers are not kept track of (provenance/README.md), so that no object would be there */
    ninja_variable(s->out, &(struct ninja_variable){"compile", g->target->library.import_count ? "exec ${ukc}" PROGRAM_COMPILE "$ " : ""});
    text_dispose(&ukc);
    return good && s->good;
}

static void put_sanitizers(const struct generation *g, struct text *line)
{
    if (!g->options->sanitize)
        return;
    put_word(g, line, "-fsanitize=address,undefined", SPAN_NONE);
    put_word(g, line, "-fno-sanitize-recover=all", SPAN_NONE);
    /* a callback's objects have one name for its giver and another for its caller: the same type, not to this check */
    put_word(g, line, "-fno-sanitize=function", SPAN_NONE);
}

/* A word that ends in '=' gets the number of its seal. */
static bool put_seal_words(const struct generation *g, struct text *line, const struct word *words, size_t count, const struct plan_key *key)
{
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = put_word(g, line, string_ends(words[i].text, "=") ? arena_printf(g->a, "%s%s", words[i].text, key->value->text) : words[i].text, words[i].span) && good;
    return good;
}

/*
 * How the image is sealed, or those components of it that read what others send; a seal of release images is no part of others,
 * whatever its key says.
 */
bool put_seals(const struct generation *g, bool untrusted_input, struct text *flags, struct text *link)
{
    bool good = true;
    for (size_t i = 0; i < g->plan->seal_count; i++) {
        const struct target_seal *s = &g->target->seals[i];
        bool on = g->plan->seals[i].value->number;
        if ((s->release && !is_release(g)) || s->untrusted_input != untrusted_input)
            continue;
        const struct plan_key *key = &g->plan->seals[i];
        good = put_seal_words(g, flags, on ? s->flags : s->off_flags, on ? s->flag_count : s->off_flag_count, key) && good;
        good = put_seal_words(g, link, on ? s->link : s->off_link, on ? s->link_count : s->off_link_count, key) && good;
    }
    return good;
}

/* The flags of the profile, then the target's own for it, which may override them. */
static bool write_flags(struct statements *s)
{
    const struct generation *g = s->g;
    const struct target_description *t = g->target;
    bool release = is_release(g);
    static const char *const release_words[] = {"-O2", "-flto=full"};
    /* -O0: every argument and variable is there for a debugger; sanitized code is unbearably slow and needs big stacks with it */
    const char *const dev_words[] = {g->options->sanitize ? "-O1" : "-O0", "-fno-omit-frame-pointer"};
    struct text link = {}, link_profile = {};
    bool good = put_words(g, &s->image_flags, t->flags, t->flag_count) && put_words(g, &link, t->link, t->link_count);
    for (size_t i = 0; i < 2; i++)
        put_word(g, &s->profile_flags, release ? release_words[i] : dev_words[i], SPAN_NONE);
    if (release) {
        for (size_t i = 0; i < 2; i++)
            put_word(g, &link_profile, release_words[i], SPAN_NONE);
        /* not in dev: a debugger would show one function for all that are equal */
        put_word(g, &link_profile, "-Wl,--icf=safe", SPAN_NONE);
        put_word(g, &link_profile, "-Wl,--emit-relocs", SPAN_NONE);
        /* the code generator runs in the linker now */
        put_word(g, &link_profile, "-ffunction-sections", SPAN_NONE);
        put_word(g, &link_profile, "-fdata-sections", SPAN_NONE);
    }
    put_sanitizers(g, &s->profile_flags);
    put_sanitizers(g, &link_profile);
    good = put_seals(g, false, &s->profile_flags, &link_profile) && good;
    good = put_words(g, &s->profile_flags, release ? t->release_flags : t->dev_flags, release ? t->release_flag_count : t->dev_flag_count) && good;
    good = put_words(g, &link_profile, release ? t->release_link : t->dev_link, release ? t->release_link_count : t->dev_link_count) && good;
    struct text root = {};
    ninja_escape_value(&root, build_file(g, "root"));
    const struct ninja_variable variables[] = {
        {"root", text_string(&root)},
        {"target_flags", text_string(&s->image_flags)},
        {"profile_flags", text_string(&s->profile_flags)},
        {"link_flags", text_string(&link)},
        {"link_profile", text_string(&link_profile)},
    };
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        ninja_variable(s->out, &variables[i]);
    text_dispose(&root);
    text_dispose(&link);
    text_dispose(&link_profile);
    return good;
}

/* ---- the image ---- */

static void write_step(struct statements *s, const char *rule, const char *to, const char *from, const char *const *implicit, size_t implicit_count,
                       const struct ninja_variable *variables, size_t count)
{
    ninja_build(s->out, &(struct ninja_build){.rule = rule, .outputs = &to, .output_count = 1, .inputs = &from, .input_count = 1,
                                              .implicit = implicit, .implicit_count = implicit_count,
                                              .variables = variables, .variable_count = count});
}

static const char *words_of(const struct generation *g, const word_list *paths)
{
    struct text t = {};
    for (size_t i = 0; i < paths->count; i++)
        put_word(g, &t, paths->items[i], SPAN_NONE);
    const char *kept = text_keep(&t, g->a);
    text_dispose(&t);
    return kept;
}

static void write_link(struct statements *s, const char *name, const char *linked)
{
    const struct generation *g = s->g;
    struct ninja_build build = {
        .rule = "link",
        .outputs = &linked, .output_count = 1,
        .inputs = s->link_inputs.items, .input_count = s->link_inputs.count,
        .implicit = &s->tools, .implicit_count = 1,
        .variables = (struct ninja_variable[]){{"libs", text_string(&s->libraries)}, {"what", name}}, .variable_count = 2,
    };
    word_list implicit = {};
    *vec_add(g->a, &implicit) = s->tools;
    if (g->target->script.text) {
        const char *script = layout_path(g->a, g->layout, g->target->directory, g->target->script.text);
        put_word(g, &s->libraries, arena_printf(g->a, "-Wl,-T,%s", script), SPAN_NONE);
        *vec_add(g->a, &implicit) = script;
        add_leaf(s, script);
    }
    for (size_t i = 0; i < s->library.count; i++)
        *vec_add(g->a, &implicit) = s->library.items[i];
    bool plain = s->library.count == 0 && !g->target->script.text;
    build.rule = plain ? "link" : "link_library";
    build.implicit = implicit.items;
    build.implicit_count = implicit.count;
    build.variables = (struct ninja_variable[]){{"libs", text_string(&s->libraries)}, {"what", name},
                                                {"objects", words_of(g, &s->link_inputs)}, {"library", words_of(g, &s->library)}};
    build.variable_count = 4;
    ninja_build(s->out, &build);
    const char *why = build_file(g, "obj/+image/why.elf"); /* not part of the image: ukc build asks for it when a symbol is missing */
    build.rule = "link_why";
    build.outputs = &why;
    ninja_build(s->out, &build);
}

static void write_image(struct statements *s)
{
    const struct generation *g = s->g;
    const char *name = unikernel_name(g), *image = build_file(g, name), *debug = build_file(g, arena_printf(g->a, "%s.debug", name));
    const char *linked = is_release(g) ? build_file(g, arena_printf(g->a, "obj/+image/%s.elf", name)) : image;
    text_putc(s->out, '\n');
    ninja_comment(s->out, "the image");
    write_link(s, name, linked);
    if (is_release(g)) {
        const struct ninja_variable variables[] = {{"what", name}, {"debug", debug}};
        const char *const implicit[] = {s->tools, debug};
        write_step(s, "debug_file", debug, linked, implicit, 1, variables, 1);
        write_step(s, "strip", image, linked, implicit, 2, variables, 2);
    }
    ninja_default(s->out, image);
}

/* ---- configure again ---- */

static bool is_generated(const struct generation *g, const char *path)
{
    return string_starts(path, build_file(g, "")) && !string_starts(path, build_file(g, "root/"));
}

static void add_configure_input(struct statements *s, const char *path)
{
    const char *relative = layout_path(s->g->a, s->g->layout, path, NULL);
    if (!is_generated(s->g, relative))
        *vec_add(s->g->a, &s->configure_inputs) = relative;
}

/* The same, one a line, for a build that remembers them without asking ninja. */
static bool write_configure_inputs(const struct statements *s)
{
    const struct generation *g = s->g;
    struct text t = {};
    for (size_t i = 0; i < s->configure_inputs.count; i++)
        text_printf(&t, "%s\n", s->configure_inputs.items[i]);
    bool good = g->options->check_only || file_write(build_file(g, "configure.inputs"), t.bytes, t.size, NULL, g->d);
    text_dispose(&t);
    return good;
}

static bool write_configure(struct statements *s)
{
    const struct generation *g = s->g;
    const struct manifest *m = g->plan->graph->manifest;
    for (size_t i = 0; i < m->source_count; i++)
        add_configure_input(s, m->sources[i]->path);
    for (size_t i = 0; i < m->directory_count; i++)
        add_configure_input(s, m->directories[i]);
    for (size_t i = 0; i < g->bindings->header_count; i++)
        add_configure_input(s, g->bindings->headers[i]);
    for (size_t i = 0; i < g->options->input_count; i++)
        add_configure_input(s, g->options->inputs[i]);
    *vec_add(g->a, &s->configure_inputs) = g->options->ukc; /* another ukc may generate otherwise */
    s->configure_inputs.count = string_sort_unique(s->configure_inputs.items, s->configure_inputs.count);
    for (size_t i = 0; i < s->configure_inputs.count; i++)
        add_leaf(s, s->configure_inputs.items[i]);
    struct text arguments = {};
    bool good = write_configure_inputs(s);
    for (size_t i = 0; i < g->options->argument_count; i++)
        good = put_word(g, &arguments, g->options->arguments[i], SPAN_NONE) && good;
    text_putc(s->out, '\n');
    ninja_comment(s->out, "this file, when a manifest, a listed directory, an interface, the lock, a configuration file or a tool changes");
    const char *file = build_file(g, "build.ninja");
    ninja_build(s->out, &(struct ninja_build){
        .rule = "configure",
        .outputs = &file, .output_count = 1,
        .implicit = s->configure_inputs.items, .implicit_count = s->configure_inputs.count,
        .variables = (struct ninja_variable[]){{"arguments", text_string(&arguments)}, {"what", unikernel_name(g)}}, .variable_count = 2,
    });
    text_dispose(&arguments);
    return good;
}

/*
 * With these a file that has vanished is no error of Ninja's, which knows only its name: it makes
 * the commands that read it run, and those say what they wanted it for.
 */
static void write_leaves(struct statements *s)
{
    s->leaves.count = string_sort_unique(s->leaves.items, s->leaves.count);
    text_putc(s->out, '\n');
    ninja_comment(s->out, "what nothing here makes");
    ninja_build(s->out, &(struct ninja_build){.rule = "phony", .outputs = s->leaves.items, .output_count = s->leaves.count});
}

/* ---- all of it ---- */

static bool write_glues(struct statements *s)
{
    const struct generation *g = s->g;
    bool good = true;
    write_glue(s, "glue", build_file(g, "gen/start.c"));
    for (size_t i = 0; i < g->target->source_count; i++) {
        const struct word *source = &g->target->sources[i];
        const char *path = layout_path(g->a, g->layout, g->target->directory, source->text);
        if (!file_is_regular(path))
            good = diag_error(g->d, source->span, "source '%s' %s", source->text, file_exists(path) ? "is not a regular file" : "does not exist");
        write_glue(s, "target", path);
    }
    if (!plan_has_boot_keys(g->plan))
        return good;
    static const char *const sources[] = {"boot.c", "value.c", "address.c", "put.c", "budget.c"};
    size_t count = sizeof sources / sizeof sources[0] - !plan_boot_budgets(g->plan);
    for (size_t i = 0; i < count; i++) {
        const char *path = build_file(g, arena_printf(g->a, "root/libs.boot/%s", sources[i]));
        if (!file_exists(path))
            good = diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "ukc's catalogue has no boot/%s, which keys read at boot need", sources[i]);
        write_glue(s, "boot", path);
    }
    return good;
}

/*
 * Ninja starts first what is written first: the unikernel's own sources, then the project's libraries, then what comes
 * with ukc, so that a mistake in the file that was just edited shows before all else is compiled.  The order of the
 * link is that of the plan all the same.
 */
static bool write_compiled(struct statements *s)
{
    const struct plan *plan = s->g->plan;
    struct text *out = s->out, own = {}, project = {}, rest = {};
    s->out = &rest;
    text_putc(&rest, '\n');
    ninja_comment(&rest, "start-up");
    bool good = write_glues(s);
    for (size_t i = 0; i < plan->instance_count; i++) {
        const struct component *c = plan->instances[i].component;
        s->out = c->in_tree ? &rest : c->kind == COMPONENT_UNIKERNEL ? &own : &project;
        write_instance(s, &plan->instances[i]);
    }
    s->out = out;
    struct text *const parts[] = {&own, &project, &rest};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        text_puts(out, text_string(parts[i]));
        text_dispose(parts[i]);
    }
    return good;
}

bool write_statements(const struct generation *g, struct text *ninja, struct text *commands)
{
    struct json json = {};
    struct statements s = {.g = g, .out = ninja, .commands = &json, .good = true};
    struct text builddir = {};
    ninja_comment(ninja, arena_printf(g->a, "Generated by ukc from the plan of %s for %s.", unikernel_name(g), target_names[g->plan->target]));
    ninja_begin(ninja);
    ninja_escape_value(&builddir, g->layout->build);
    ninja_variable(ninja, &(struct ninja_variable){"builddir", text_string(&builddir)});
    text_dispose(&builddir);
    bool good = write_tools(&s);
    good = write_flags(&s) && good;
    for (size_t i = 0; i < build_rule_count; i++)
        ninja_rule(ninja, &build_rules[i]);
    json_array(&json);
    good = write_compiled(&s) && good;
    good = write_library(&s) && good;
    json_end_array(&json);
    write_image(&s);
    good = write_configure(&s) && good;
    write_leaves(&s);
    text_puts(commands, text_string(&json.out));
    text_dispose(&json.out);
    text_dispose(&s.image_flags);
    text_dispose(&s.profile_flags);
    text_dispose(&s.libraries);
    map_dispose(&s.seen_leaves);
    map_dispose(&s.seen_libraries);
    return good && s.good;
}
