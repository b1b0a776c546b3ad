/*
 * instance.c - the build statements of one instance.
 *
 *     release                                   dev
 *     sources --cc--> obj/<i>/x.c.o (bitcode)   sources --cc--> obj/<i>/x.c.o
 *     --module_link--> obj/<i>/linked.bc        --object_link--> obj/<i>/linked.o
 *     --module_seal--> obj/<i>/module.o         --object_seal--> obj/<i>/module.o
 *
 * Assembler sources are objects in both; in release they go straight to the
 * link, so their global symbols are the image's: a component that may be
 * used twice must not have any.
 */
#include "statements.h"
#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include "../base/file.h"

struct unit {
    struct statements *s;
    const struct plan_instance *instance;
    const char *place;                /* of the instance, for descriptions */
    struct text flags;                /* of its own sources */
    struct text import_flags;         /* of upstream's, and of assembler: nothing that is C of ours */
    word_list modules, natives;       /* objects to become the module; those that cannot */
};

bool is_release(const struct generation *g)
{
    return g->options->profile == PROFILE_RELEASE;
}

void add_leaf(struct statements *s, const char *path)
{
    if (map_add(&s->seen_leaves, path, 1) == MAP_ABSENT)
        *vec_add(s->g->a, &s->leaves) = path;
}

/* What the shell and Ninja see between words; descriptions are not commands. */
const char *described(const struct generation *g, const char *what)
{
    struct text t = {};
    ninja_escape_value(&t, what);
    const char *kept = text_keep(&t, g->a);
    text_dispose(&t);
    return kept;
}

static void add_command(struct statements *s, const char *source, const char *object, const char *flags)
{
    const struct generation *g = s->g;
    struct text in = {}, out = {}, command = {};
    ninja_shell_word(&in, source);
    ninja_shell_word(&out, object);
    const struct ninja_variable variables[] = {
        {"cc", "clang-19"},
        {"root", build_file(g, "root")},
        {"target_flags", text_string(&s->image_flags)},
        {"profile_flags", text_string(&s->profile_flags)},
        {"flags", flags},
        {"in", text_string(&in)},
        {"out", text_string(&out)},
    };
    expand_command(&command, build_rules[0].command, variables, sizeof variables / sizeof variables[0]);
    json_object(s->commands);
    json_field(s->commands, "directory", g->layout->project);
    json_field(s->commands, "file", source);
    json_field(s->commands, "output", object);
    json_field(s->commands, "command", text_string(&command));
    json_end_object(s->commands);
    text_dispose(&in);
    text_dispose(&out);
    text_dispose(&command);
}

static bool is_assembler(const char *path)
{
    return string_ends(path, ".S") || string_ends(path, ".s");
}

/* The debug information of C says for which instance a unit was compiled: with whole-program optimisation nothing else does. */
static const char *marked(const struct generation *g, const char *flags, const char *group)
{
    struct text t = {};
    text_puts(&t, flags);
    const char *const words[] = {"-Xclang", "-dwarf-debug-flags", "-Xclang", arena_printf(g->a, "instance=%s", group)};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        put_word(g, &t, words[i], SPAN_NONE);
    const char *kept = text_keep(&t, g->a);
    text_dispose(&t);
    return kept;
}

static void write_compile(struct statements *s, const char *group, const char *source, const char *object, const char *what, const char *flags)
{
    flags = is_assembler(source) ? flags : marked(s->g, flags, group);
    const struct ninja_variable variables[] = {{"flags", flags}, {"what", described(s->g, what)}};
    ninja_build(s->out, &(struct ninja_build){.rule = "cc", .outputs = &object, .output_count = 1, .inputs = &source, .input_count = 1,
                                              .implicit = &s->tools, .implicit_count = 1,
                                              .variables = variables, .variable_count = 2});
    add_leaf(s, source);
    add_command(s, source, object, flags);
}

static void put_signatures(const struct generation *g, struct text *flags)
{
    size_t count;
    const char *const *include = layout_include(g->a, g->layout, g->plan, NULL, &count);
    put_word(g, flags, arena_printf(g->a, "-iquote%s", build_file(g, "gen")), SPAN_NONE);
    for (size_t i = 0; i < count; i++)
        if (string_starts(include[i], "-iquote"))
            put_word(g, flags, include[i], SPAN_NONE);
}

void write_glue(struct statements *s, const char *group, const char *source)
{
    const struct generation *g = s->g;
    struct text flags = {};
    put_word(g, &flags, "-std=gnu2x", SPAN_NONE);
    put_word(g, &flags, arena_printf(g->a, "-iquote%s/libs.boot", build_file(g, "root")), SPAN_NONE);
    put_word(g, &flags, arena_printf(g->a, "-I%s/libs.include", build_file(g, "root")), SPAN_NONE);
    size_t count;
    const char *const *include = layout_target_include(g->a, g->layout, g->plan, &count);
    if (g->target->use_count) /* system.h, and the signatures' headers that go with it */
        put_signatures(g, &flags);
    for (size_t i = 0; i < count; i++)
        put_word(g, &flags, include[i], SPAN_NONE);
    const char *object = build_file(g, arena_printf(g->a, "obj/+%s/%s.o", group, path_base(source)));
    write_compile(s, arena_printf(g->a, "+%s", group), source, object, arena_printf(g->a, "%s/%s", group, path_base(source)), text_string(&flags));
    *vec_add(g->a, &s->link_inputs) = object;
    text_dispose(&flags);
}

/* ---- flags ---- */

static const struct imported *find_import(const struct generation *g, const struct import *import)
{
    for (size_t i = 0; i < g->options->import_count; i++)
        if (g->options->imports[i].import == import)
            return &g->options->imports[i];
    return NULL;
}

static bool add_library(struct unit *u, const struct import *import)
{
    const struct generation *g = u->s->g;
    const struct imported *found = find_import(g, import);
    if (!found)
        return diag_error(g->d, import->name.span, "library '%s' has not been looked up", import->name.text);
    if (g->plan->target != TARGET_posix)
        return diag_error(g->d, import->name.span, "pkg-config's libraries are the host's: they exist only for target posix");
    word_list compile = {}, link = {};
    bool good = split_library_flags(g, found->cflags, import->name.span, &compile);
    good = split_library_flags(g, found->libs, import->name.span, &link) && good;
    for (size_t i = 0; i < compile.count; i++)
        good = put_word(g, &u->flags, compile.items[i], import->name.span) &&
               put_word(g, &u->import_flags, compile.items[i], import->name.span) && good;
    for (size_t i = 0; i < link.count; i++)
        if (map_add(&u->s->seen_libraries, link.items[i], 1) == MAP_ABSENT)
            good = put_word(g, &u->s->libraries, link.items[i], import->name.span) && good;
    return good;
}

static bool collect_flags(struct unit *u)
{
    const struct generation *g = u->s->g;
    const struct component *c = u->instance->component;
    bool good = true;
    static const char *const own[] = {"-std=gnu2x", "-Wall", "-Wextra"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        put_word(g, &u->flags, own[i], SPAN_NONE);
    put_word(g, &u->import_flags, "-w", SPAN_NONE); /* upstream's warnings are not ours to mend */
    size_t count;
    const char *const *include = layout_include(g->a, g->layout, g->plan, u->instance, &count);
    for (size_t i = 0; i < count; i++)
        good = put_word(g, &u->flags, include[i], c->span) && put_word(g, &u->import_flags, include[i], c->span) && good;
    struct text link = {}; /* whatever traps, there is nothing to link */
    good = (!c->untrusted_input || (put_seals(g, true, &u->flags, &link) && put_seals(g, true, &u->import_flags, &link))) && good;
    text_dispose(&link);
    for (size_t i = 0; i < c->flag_count; i++) {
        if (string_starts(c->flags[i].text, "-I"))
            continue; /* layout_include has it, relative to the project */
        good = put_word(g, &u->flags, c->flags[i].text, c->flags[i].span) && good;
        if (!string_starts(c->flags[i].text, "-W"))
            good = put_word(g, &u->import_flags, c->flags[i].text, c->flags[i].span) && good;
    }
    for (size_t i = 0; i < c->import_count; i++)
        if (c->imports[i].kind == IMPORT_PKGCONFIG)
            good = add_library(u, &c->imports[i]) && good;
    put_word(g, &u->flags, "-include", SPAN_NONE);
    put_word(g, &u->flags, layout_generated(g->a, g->layout, u->instance, "exports.h"), SPAN_NONE);
    return good;
}

/* ---- sources ---- */

static void add_object(struct unit *u, const char *source, const char *object)
{
    bool native = is_assembler(source) && is_release(u->s->g);
    *vec_add(u->s->g->a, native ? &u->natives : &u->modules) = object;
}

static const char *object_of(struct unit *u, const char *name)
{
    return build_file(u->s->g, arena_printf(u->s->g->a, "obj/%s/%s.o", u->instance->name, name));
}

/*
 * A compiler takes a path that begins with '-' or '@' for something else, and Ninja takes a "./" away. What Ninja 1.11 knows of the
 * names in a compiler's list of dependencies is in its depfile_parser.in.cc: behind another character it would read another name.
 */
static bool check_source_path(const struct generation *g, const char *source, struct span span)
{
    const char *odd = strpbrk(source, "\"'&;|*?\\`<>^");
    if (*source == '-' || *source == '@')
        diag_error(g->d, span, "source '%s' begins with '%c', which makes it an option of the compiler", source, *source);
    else if (odd)
        diag_error(g->d, span, "source '%s' has a '%c' in its path, which Ninja cannot read in a compiler's list of dependencies", source, *odd);
    else
        return true;
    return diag_help(g->d, *source == '-' || *source == '@' ? "rename it, or put it into a directory" : "rename it");
}

static bool write_source(struct unit *u, const struct word *path)
{
    const struct generation *g = u->s->g;
    const char *normal = path_normal(g->a, path->text);
    if (!path_is_inside(normal))
        return diag_error(g->d, path->span, "source '%s' is outside the component's directory", path->text);
    if (!string_ends(normal, ".c") && !is_assembler(normal))
        return diag_error(g->d, path->span, "source '%s' is neither C (.c) nor assembler (.S, .s)", path->text);
    const char *source = layout_path(g->a, g->layout, u->instance->component->directory, normal);
    if (!check_source_path(g, source, path->span))
        return false;
    if (!file_is_regular(source)) {
        diag_error(g->d, path->span, "source '%s' %s", path->text, file_exists(source) ? "is not a regular file" : "does not exist");
        const char *near = file_exists(source) ? NULL : file_nearest(g->a, source);
        return near ? diag_help(g->d, "did you mean '%s'?", path_join(g->a, path_directory(g->a, normal), path_base(near))) : false;
    }
    const char *object = object_of(u, normal);
    const char *what = arena_printf(g->a, "%s/%s (%s)", u->instance->name, normal, u->place);
    write_compile(u->s, u->instance->name, source, object, what, text_string(is_assembler(source) ? &u->import_flags : &u->flags));
    add_object(u, source, object);
    return true;
}

static bool write_imports(struct unit *u, const struct import *import)
{
    const struct generation *g = u->s->g;
    if (import->kind == IMPORT_PKGCONFIG)
        return true;
    const struct imported *found = find_import(g, import);
    if (!found || !found->label)
        return diag_error(g->d, import->name.span, "package '%s' has not been unpacked", import->name.text);
    import = layout_import(g->layout, import);
    for (size_t i = 0; i < import->source_count; i++) {
        const char *path = import->sources[i].text;
        const char *source = build_file(g, arena_printf(g->a, "root/%s/%s", found->label, path));
        if (!check_source_path(g, source, import->sources[i].span))
            return false;
        const char *object = object_of(u, arena_printf(g->a, "%s/%s", found->label, path));
        const char *what = arena_printf(g->a, "%s/%s: %s (%s)", u->instance->name, import->name.text, path_base(path), u->place);
        write_compile(u->s, u->instance->name, source, object, what, text_string(&u->import_flags));
        add_object(u, source, object);
    }
    return true;
}

static bool write_sources(struct unit *u)
{
    const struct component *c = u->instance->component;
    bool good = true;
    for (size_t i = 0; i < c->source_count; i++) {
        struct word single;
        size_t count;
        const struct word *paths = source_paths(u->s->g, u->instance, &c->sources[i], &single, &count);
        for (size_t j = 0; j < count; j++)
            good = write_source(u, &paths[j]) && good;
    }
    for (size_t i = 0; i < c->import_count; i++)
        good = write_imports(u, &c->imports[i]) && good;
    return good;
}

/* ---- the module ---- */

static void write_module(struct unit *u)
{
    const struct generation *g = u->s->g;
    for (size_t i = 0; i < u->natives.count; i++)
        *vec_add(g->a, &u->s->link_inputs) = u->natives.items[i];
    if (u->modules.count == 0)
        return;
    bool release = is_release(g);
    const char *linked = build_file(g, arena_printf(g->a, "obj/%s/linked%s", u->instance->name, release ? ".bc" : ".o"));
    const char *module = build_file(g, arena_printf(g->a, "obj/%s/module.o", u->instance->name));
    const char *exports = layout_generated(g->a, g->layout, u->instance, "symbols.txt");
    const char *what = described(g, arena_printf(g->a, "%s (%s)", u->instance->name, u->place));
    ninja_build(u->s->out, &(struct ninja_build){.rule = release ? "module_link" : "object_link", .outputs = &linked, .output_count = 1,
                                                 .inputs = u->modules.items, .input_count = u->modules.count,
                                                 .implicit = &u->s->tools, .implicit_count = 1,
                                                 .variables = (struct ninja_variable[]){{"what", what}}, .variable_count = 1});
    struct text word = {};
    ninja_shell_word(&word, exports);
    ninja_build(u->s->out, &(struct ninja_build){.rule = release ? "module_seal" : "object_seal", .outputs = &module, .output_count = 1,
                                                 .inputs = &linked, .input_count = 1, .implicit = (const char *[]){exports, u->s->tools}, .implicit_count = 2,
                                                 .variables = (struct ninja_variable[]){{"exports", text_string(&word)}, {"what", what}},
                                                 .variable_count = 2});
    text_dispose(&word);
    add_leaf(u->s, exports);
    *vec_add(g->a, &u->s->link_inputs) = module;
}

static bool write_embed(struct unit *u)
{
    const struct generation *g = u->s->g;
    struct embedded e;
    if (!embed_list(g, u->instance, &e))
        return false;
    const char *what = described(g, arena_printf(g->a, "%s: %s (%s)", u->instance->name, u->instance->declaration->embed.text, u->place));
    ninja_build(u->s->out, &(struct ninja_build){.rule = "embed", .outputs = &e.object, .output_count = 1, .inputs = &e.list, .input_count = 1,
                                                 .implicit = e.inputs, .implicit_count = e.input_count,
                                                 .variables = (struct ninja_variable[]){{"what", what}}, .variable_count = 1});
    add_leaf(u->s, e.list);
    for (size_t i = 0; i < e.input_count; i++)
        add_leaf(u->s, e.inputs[i]);
    for (size_t i = 0; i < e.directory_count; i++)
        *vec_add(g->a, &u->s->configure_inputs) = e.directories[i];
    *vec_add(g->a, &u->s->link_inputs) = e.object;
    return true;
}

void write_instance(struct statements *s, const struct plan_instance *instance)
{
    struct unit u = {.s = s, .instance = instance, .place = place_of_instance(s->g, instance)};
    text_putc(s->out, '\n');
    ninja_comment(s->out, arena_printf(s->g->a, "%s: %s (%s)", instance->name, instance->component->name.text, u.place));
    bool good = collect_flags(&u);
    good = write_sources(&u) && good;
    write_module(&u);
    if (instance->declaration && instance->declaration->embed.text)
        good = write_embed(&u) && good;
    s->good = s->good && good;
    text_dispose(&u.flags);
    text_dispose(&u.import_flags);
}
