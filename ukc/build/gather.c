/*
 * gather.c - the actions that made an image, what they read and what they made (see gather.h).
 *
 * What ukc itself makes is an input: the objects of embedded directories.  The C library's archive only shortens
 * the linker's command: the actions that made its members are recorded, and the link names the members.
 */
#include "gather.h"
#include <stdlib.h>
#include <string.h>
#include "../base/environment.h"
#include "../base/file.h"
#include "../base/map.h"
#include "library.h"
#include "../../provenance/note.h"

struct group {
    const char *name;
    VEC(struct action) actions;
    VEC(struct action_output) outputs;
    VEC(const char *) headers;
};

struct gathering {
    struct project *p;
    struct arena *a;
    const char *library; /* obj/+library.a */
    const char *noted;   /* the image, if it has a note of its recipe */
    const struct edges *members; /* that make its members, or NULL */
    VEC(const char *) member_paths;
    VEC(struct group) groups;
    struct map group_places, made; /* made: by an action */
    VEC(struct object_source) inputs, host;
    struct map seen, readable;
    VEC(const char *) files, programs;
};

/* ---- groups ---- */

/* "build/kvm/obj/http.stack/serve.c.o" is of "http.stack"; what is not below obj/ is of the image. */
static const char *group_name(struct gathering *g, const char *output)
{
    const char *objects = project_file(g->p, "obj/");
    if (!string_starts(output, objects))
        return "+image";
    const char *rest = output + strlen(objects);
    return arena_strndup(g->a, rest, strcspn(rest, "/"));
}

static struct group *group_of(struct gathering *g, const char *output)
{
    const char *name = group_name(g, output);
    uint32_t place = map_add(&g->group_places, name, (uint32_t)g->groups.count);
    if (place != MAP_ABSENT)
        return &g->groups.items[place];
    struct group *made = vec_add(g->a, &g->groups);
    *made = (struct group){.name = name};
    return made;
}

static int group_compare(const void *a, const void *b)
{
    return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

static int action_compare(const void *a, const void *b)
{
    return strcmp(((const struct action *)a)->outputs[0], ((const struct action *)b)->outputs[0]);
}

static int output_compare(const void *a, const void *b)
{
    return strcmp(((const struct action_output *)a)->path, ((const struct action_output *)b)->path);
}

static int source_compare(const void *a, const void *b)
{
    return strcmp(((const struct object_source *)a)->path, ((const struct object_source *)b)->path);
}

/* ---- what is read ---- */

/*
 * As the tools will see it in a directory without links.  Of a file that #embed names, the compiler's list has the whole
 * path, though it was found beside the source.
 */
static const char *recorded_path(struct gathering *g, const char *file)
{
    const char *path = path_normal(g->a, file);
    size_t n = strlen(g->p->directory);
    return strncmp(path, g->p->directory, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* One more file that actions read; its path in the record. */
static const char *add_input(struct gathering *g, const char *file)
{
    const char *path = recorded_path(g, file);
    if (map_add(&g->seen, path, 1) != MAP_ABSENT || map_get(&g->made, path) != MAP_ABSENT)
        return path;
    *vec_add(g->a, &g->files) = file;
    struct object_source source = {.path = *path == '/' ? path + 1 : path, .file = file, .contents = true};
    if (*path == '/')
        *vec_add(g->a, &g->host) = source;
    else
        *vec_add(g->a, &g->inputs) = source;
    return path;
}

static bool is_tool_header(const char *path)
{
    return strstr(path, "/lib/clang/") && strstr(path, "/include/"); /* part of the tools' identity */
}

static bool add_headers(struct gathering *g, struct group *group, const struct edge *e)
{
    if (!edge_is_readable(g->p, e, &g->readable))
        return false;
    for (size_t i = 0; i < e->read_count; i++) {
        if (is_tool_header(e->read[i]) || map_get(&g->made, recorded_path(g, e->read[i])) != MAP_ABSENT)
            continue;
        const char *path = add_input(g, e->read[i]);
        if (*path != '/')
            *vec_add(g->a, &group->headers) = path;
    }
    return true;
}

/* ---- actions ---- */

static void add_program(struct gathering *g, const char *word)
{
    *vec_add(g->a, &g->programs) = word;
}

/* The command's words, with the library's members in its archive's place. */
static void take_words(struct gathering *g, const struct edge *e, struct action *x)
{
    VEC(const char *) words = {};
    add_program(g, e->words[0]);
    for (size_t i = 0; i < e->word_count; i++) {
        if (string_starts(e->words[i], "--ld-path="))
            add_program(g, e->words[i] + strlen("--ld-path="));
        if (!string_equal(e->words[i], g->library)) {
            *vec_add(g->a, &words) = e->words[i];
            continue;
        }
        for (size_t k = 0; k < g->member_paths.count; k++)
            *vec_add(g->a, &words) = g->member_paths.items[k];
    }
    x->words = words.items;
    x->word_count = words.count;
}

static void take_inputs(struct gathering *g, const struct edge *e, struct action *x)
{
    VEC(const char *) inputs = {};
    for (size_t i = 0; i < e->input_count; i++) {
        if (!string_equal(e->inputs[i], g->library)) {
            const char *path = add_input(g, e->inputs[i]);
            if (*path != '/')
                *vec_add(g->a, &inputs) = path;
            continue;
        }
        for (size_t k = 0; k < g->member_paths.count; k++)
            *vec_add(g->a, &inputs) = g->member_paths.items[k];
    }
    x->input_count = inputs.count ? string_sort_unique(inputs.items, inputs.count) : 0;
    x->inputs = inputs.items;
}

static bool add_action(struct gathering *g, const struct edge *e)
{
    struct action x = {.outputs = arena_memdup(g->a, &e->output, sizeof e->output), .output_count = 1};
    take_words(g, e, &x);
    take_inputs(g, e, &x);
    struct group *group = group_of(g, e->output);
    *vec_add(g->a, &group->actions) = x;
    return add_headers(g, group, e);
}

static bool is_action(const struct edge *e)
{
    return !string_equal(e->rule, "embed") && !string_equal(e->rule, "library") && !string_equal(e->rule, "configure");
}

static bool add_output(struct gathering *g, const char *path)
{
    struct action_output o = {.path = path};
    bool noted = g->noted && string_equal(path, g->noted); /* the action left it blank */
    bool good = noted ? note_hash_blank(g->a, path, &o.sha256, &o.size, g->p->d) : hash_file(path, &o.sha256, &o.size, g->p->d);
    if (good)
        *vec_add(g->a, &group_of(g, path)->outputs) = o;
    return good;
}

/* ---- the C library ---- */

static bool add_members(struct gathering *g)
{
    const struct source *archive = file_read(g->a, g->library, SPAN_NONE, 0, g->p->d);
    const struct library_member *members;
    size_t count;
    if (!archive)
        return false;
    if (!library_members(g->a, project_file(g->p, "obj/+library"), archive->bytes, archive->size, &members, &count))
        return diag_fail(g->p->d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is not an archive of ukc's", g->library);
    for (size_t i = 0; i < count; i++) {
        struct action_output o = {.path = members[i].path, .sha256 = hash_bytes(members[i].bytes, members[i].size), .size = members[i].size};
        *vec_add(g->a, &g->member_paths) = members[i].path;
        *vec_add(g->a, &group_of(g, members[i].path)->outputs) = o;
        map_add(&g->made, members[i].path, 1);
    }
    g->members = edges_read(g->p, project_file(g->p, "gen/library.ninja"), false); /* its archive says what all of them read */
    return g->members;
}

/* ---- all of it ---- */

/* What went into an input of ukc's own making is watched by the next build as well. */
static void watch(struct gathering *g, const struct edge *e)
{
    for (size_t i = 0; i < e->input_count; i++)
        if (file_is_regular(e->inputs[i]))
            *vec_add(g->a, &g->files) = e->inputs[i];
}

static bool add_edge(struct gathering *g, const struct edge *e)
{
    if (string_equal(e->rule, "library"))
        return add_headers(g, group_of(g, arena_printf(g->a, "%s/x", project_file(g->p, "obj/+library"))), e);
    if (string_equal(e->rule, "embed")) {
        add_input(g, e->output);
        watch(g, e);
    }
    return !is_action(e) || (add_action(g, e) && add_output(g, e->output));
}

static bool add_edges(struct gathering *g, const struct edges *needed)
{
    bool good = true;
    for (size_t i = 0; i < needed->count && good; i++) {
        const struct edge *e = &needed->items[i];
        if (is_action(e))
            map_add(&g->made, e->output, 1);
        else if (string_equal(e->rule, "library"))
            good = add_members(g);
    }
    for (size_t i = 0; good && g->members && i < g->members->count; i++)
        if (map_get(&g->made, g->members->items[i].output) != MAP_ABSENT)
            good = add_action(g, &g->members->items[i]);
    for (size_t i = 0; i < needed->count && good; i++)
        good = add_edge(g, &needed->items[i]);
    return good;
}

static void finish_groups(struct gathering *g, struct recording *r)
{
    struct recorded_group *groups = arena_array(g->a, struct recorded_group, g->groups.count);
    qsort(g->groups.items, g->groups.count, sizeof *g->groups.items, group_compare);
    for (size_t i = 0; i < g->groups.count; i++) {
        struct group *x = &g->groups.items[i];
        if (x->actions.count)
            qsort(x->actions.items, x->actions.count, sizeof *x->actions.items, action_compare);
        if (x->outputs.count)
            qsort(x->outputs.items, x->outputs.count, sizeof *x->outputs.items, output_compare);
        x->headers.count = x->headers.count ? string_sort_unique(x->headers.items, x->headers.count) : 0;
        groups[i] = (struct recorded_group){
            {x->name, x->actions.items, x->actions.count, x->headers.items, x->headers.count}, x->outputs.items, x->outputs.count};
    }
    r->groups = groups;
    r->group_count = g->groups.count;
}

static void finish_inputs(struct gathering *g, struct recording *r)
{
    if (g->inputs.count)
        qsort(g->inputs.items, g->inputs.count, sizeof *g->inputs.items, source_compare);
    if (g->host.count)
        qsort(g->host.items, g->host.count, sizeof *g->host.items, source_compare);
    r->inputs = g->inputs.items;
    r->input_count = g->inputs.count;
    r->host = g->host.items;
    r->host_count = g->host.count;
}

const struct gathered *gather(struct project *p, const struct image *image, const char *store)
{
    struct gathering g = {.p = p, .a = p->a, .library = project_file(p, "obj/+library.a"),
                          .noted = note_is_there(p->a, image->path) ? image->path : NULL};
    struct gathered *out = arena_new(p->a, struct gathered);
    struct recording *r = &out->recording;
    const struct edges *all = p->edges ? p->edges : edges_read(p, project_file(p, "build.ninja"), true), *needed = all ? edges_needed(p, all, image->path) : NULL;
    const struct toolset *tools = NULL;
    bool good = needed && add_edges(&g, needed);
    if (good) {
        finish_groups(&g, r);
        finish_inputs(&g, r);
        g.programs.count = string_sort_unique(g.programs.items, g.programs.count);
        tools = toolset_find(p->a, store, g.programs.items, g.programs.count, p->d);
    }
    r->recipe = (struct recipe){.target = target_names[p->configuration.target], .image = image->path, .environment = action_environment,
                                .environment_count = action_environment_count, .note = g.noted != NULL, .profile = p->configuration.profile == PROFILE_DEV ? "dev" : "release"};
    if (good && tools) {
        r->tools = tools->text;
        good = gather_intent(p, needed, tools, r);
    }
    r->image_bytes = image->bytes;
    r->noted = g.noted;
    good = good && tools && hash_parse(image->sha256, &r->image_sha256);
    out->files = g.files.items;
    out->file_count = g.files.count;
    map_dispose(&g.group_places);
    map_dispose(&g.made);
    map_dispose(&g.seen);
    map_dispose(&g.readable);
    return good ? out : NULL;
}
