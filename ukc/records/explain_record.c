/*
 * explain_record.c - ukc explain --in RECORD FILE: how a file came into an image, from the actions that read it to the bytes.
 *
 * From the image backwards every action learns which one took its output on the way there, so that each reader of the
 * file has a way to the image.  Who wanted it is what the recorded plan says of the instance for which it was read.
 */
#include "explain_record.h"
#include "named_record.h"
#include "../base/json.h"
#include "../base/map.h"
#include "../base/text.h"
#include "../../provenance/component.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct node {
    const struct action *action;
    const char *group;
    const struct node *next; /* takes its output; NULL: it makes the image, or does not lead there */
    bool reached;
};

struct tracing {
    struct invocation *i;
    struct arena *a;
    const struct recorded *recorded;
    const char *file;     /* as the record has it */
    const char *embedded; /* the object that holds it, when it was embedded; else NULL */
    const char *fact;     /* "851 bytes, sha256 2a22..." */
    const struct component_fact *component;
    struct node *nodes;
    size_t node_count;
    const char *plan;
    struct json *json; /* NULL: text */
};

/* ---- which file ---- */

static bool ends_with_path(const char *path, const char *word)
{
    size_t n = strlen(path), m = strlen(word);
    return n == m ? strcmp(path, word) == 0 : n > m && path[n - m - 1] == '/' && strcmp(path + n - m, word) == 0;
}

struct candidate {
    const char *path, *object, *fact;
};

static void add_embedded(struct arena *a, const struct recorded *r, struct candidate **items, size_t *count)
{
    VEC(struct candidate) all = {*items, *count, *count};
    const char *line = recorded_intent(a, r, "embedded");
    for (size_t n; line && *line; line += n + (line[n] == '\n')) {
        n = strcspn(line, "\n");
        char *sha256 = arena_strndup(a, line, n), *size = strchr(sha256, ' '), *object = size ? strchr(size + 1, ' ') : NULL;
        char *file = object ? strchr(object + 1, ' ') : NULL;
        if (!file)
            continue;
        *size = *object = *file = 0;
        *vec_add(a, &all) = (struct candidate){file + 1, object + 1, arena_printf(a, "%s bytes, sha256 %s", size + 1, sha256)};
    }
    *items = all.items;
    *count = all.count;
}

static const char *fact_of(struct arena *a, const void *bytes, size_t size)
{
    struct hash h = hash_bytes(bytes, size);
    char hex[HASH_HEX];
    hash_hex(&h, hex);
    return arena_printf(a, "%zu bytes, sha256 %s", size, hex);
}

static const struct candidate *candidates(struct arena *a, const struct recorded *r, size_t *count)
{
    VEC(struct candidate) all = {};
    for (size_t i = 0; i < r->input_count; i++)
        *vec_add(a, &all) = (struct candidate){r->inputs[i].path, NULL, NULL};
    for (size_t i = 0; i < r->recipe.large_count; i++)
        *vec_add(a, &all) = (struct candidate){r->recipe.large[i].path, NULL, arena_printf(a, "%" PRIu64 " bytes", r->recipe.large[i].size)};
    for (size_t i = 0; i < r->host_count; i++)
        *vec_add(a, &all) = (struct candidate){arena_printf(a, "/%s", r->host[i].path), NULL, NULL};
    struct candidate *items = all.items;
    *count = all.count;
    add_embedded(a, r, &items, count);
    return items;
}

static const char *fact_in(struct arena *a, const struct recorded *r, const char *path)
{
    const struct object_file *files = *path == '/' ? r->host : r->inputs;
    size_t count = *path == '/' ? r->host_count : r->input_count;
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i].path, path + (*path == '/')) == 0)
            return fact_of(a, files[i].bytes, files[i].size);
    return NULL;
}

static bool report_none(struct tracing *t, const char *word, const struct candidate *all, size_t count)
{
    const char **names = arena_array(t->a, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = all[i].path;
    diag_error(t->i->diag, SPAN_NONE, "no action of this record read a file '%s', and none of this name was embedded", word);
    const char *near = string_nearest(word, names, count);
    return near ? diag_help(t->i->diag, "did you mean '%s'?", near) : diag_help(t->i->diag, "'ukc show --verbose %s' lists them all", t->i->value[OPTION_in]);
}

/* A whole path, or the end of one that no other has. */
static bool find_file(struct tracing *t, const char *word)
{
    enum { MOST = 8 };
    size_t count, found = 0;
    const struct candidate *all = candidates(t->a, t->recorded, &count), *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].path, word) == 0) {
            best = &all[i];
            found = 1;
            break;
        }
        if (ends_with_path(all[i].path, word)) {
            best = &all[i];
            found++;
        }
    }
    if (!best)
        return report_none(t, word, all, count);
    if (found > 1) {
        diag_fail(t->i->diag, DIAG_USAGE, SPAN_NONE, "'%s' is ambiguous: %zu files of this record end so", word, found);
        for (size_t i = 0, said = 0; i < count && said < MOST; i++)
            if (ends_with_path(all[i].path, word) && ++said)
                diag_note(t->i->diag, SPAN_NONE, "'%s'", all[i].path);
        return false;
    }
    t->file = best->path;
    t->embedded = best->object;
    t->fact = best->fact ? best->fact : fact_in(t->a, t->recorded, best->path);
    return true;
}

static void find_component(struct tracing *t)
{
    const char *text = recorded_intent(t->a, t->recorded, "components");
    const struct component_fact *facts;
    size_t count;
    if (*t->file != '/' && text && component_facts_parse(t->a, text, strlen(text), &facts, &count))
        t->component = component_of(facts, count, t->file);
}

/* ---- the way to the image ---- */

static bool has(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static void make_nodes(struct tracing *t, struct map *makers)
{
    const struct recorded *r = t->recorded;
    for (size_t g = 0; g < r->group_count; g++)
        t->node_count += r->groups[g].actions.action_count;
    t->nodes = arena_array(t->a, struct node, t->node_count + 1);
    struct node *n = t->nodes;
    for (size_t g = 0; g < r->group_count; g++)
        for (size_t k = 0; k < r->groups[g].actions.action_count; k++, n++) {
            *n = (struct node){.action = &r->groups[g].actions.actions[k], .group = r->groups[g].actions.name};
            for (size_t o = 0; o < n->action->output_count; o++)
                map_set(makers, n->action->outputs[o], (uint32_t)(n - t->nodes));
        }
}

/* Breadth first, so that the ways are short. */
static void trace(struct tracing *t)
{
    struct map makers = {};
    make_nodes(t, &makers);
    struct node **queue = arena_array(t->a, struct node *, t->node_count + 1);
    size_t head = 0, tail = 0;
    uint32_t last = map_get(&makers, t->recorded->recipe.image);
    if (last != MAP_ABSENT) {
        t->nodes[last].reached = true;
        queue[tail++] = &t->nodes[last];
    }
    while (head < tail) {
        const struct node *n = queue[head++];
        for (size_t k = 0; k < n->action->input_count; k++) {
            uint32_t maker = map_get(&makers, n->action->inputs[k]);
            if (maker == MAP_ABSENT || t->nodes[maker].reached)
                continue;
            t->nodes[maker].reached = true;
            t->nodes[maker].next = n;
            queue[tail++] = &t->nodes[maker];
        }
    }
    map_dispose(&makers);
}

/* ---- who wanted it ---- */

/* Lines of the plan in which an instance is required: "  console: sig.console = console [console_posix] (...)", with whose they are. */
static size_t wanted_by(const struct tracing *t, const char *instance, const char *lines[8])
{
    const char *whose = "", *needle = arena_printf(t->a, " = %s [", instance);
    size_t count = 0;
    for (const char *line = t->plan; line && *line && count < 8;) {
        size_t n = strcspn(line, "\n");
        const char *text = arena_strndup(t->a, line, n);
        if (*text && *text != ' ')
            whose = arena_strndup(t->a, text, strcspn(text, ":"));
        else if (strstr(text, needle))
            lines[count++] = arena_printf(t->a, "%s: %s", whose, text + strspn(text, " "));
        line += n + (line[n] == '\n');
    }
    return count;
}

static const char *meaning(const char *group)
{
    static const char *const words[][2] = {{"+glue", "start-up, generated for this image"}, {"+target", "the target's own code"},
                                           {"+library", "the target's C library"}, {"+image", "the image's last steps"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], group) == 0)
            return words[i][1];
    return NULL;
}

/* ---- what is said ---- */

static void tell_wanted(const struct tracing *t, const char *group)
{
    const char *lines[8];
    size_t count = wanted_by(t, group, lines);
    if (t->json) {
        json_key(t->json, "wanted");
        json_array(t->json);
        for (size_t i = 0; i < count; i++)
            json_string(t->json, lines[i]);
        json_end_array(t->json);
        return;
    }
    if (meaning(group))
        printf("  for %s: %s\n", group, meaning(group));
    else
        printf("  for the instance %s%s\n", group, count ? ", wanted by" : ", the unikernel itself");
    for (size_t i = 0; i < count; i++)
        printf("    %s\n", lines[i]);
}

static void tell_steps(const struct tracing *t, const struct node *n)
{
    if (t->json) {
        json_key(t->json, "steps");
        json_array(t->json);
    }
    for (; n; n = n->next) {
        if (t->json) {
            json_object(t->json);
            json_field(t->json, "program", n->action->words[0]);
            json_field(t->json, "output", n->action->outputs[0]);
            json_end_object(t->json);
        } else {
            printf("    %s makes %s%s\n", n->action->words[0], n->action->outputs[0],
                   strcmp(n->action->outputs[0], t->recorded->recipe.image) == 0 ? ", the image" : "");
        }
    }
    if (t->json)
        json_end_array(t->json);
}

static void tell_reader(const struct tracing *t, const char *group, const struct node *n, const char *how)
{
    if (t->json) {
        json_object(t->json);
        json_field(t->json, "group", group);
        json_field(t->json, "as", how);
    } else {
        printf("  read as %s\n", how);
    }
    tell_steps(t, n);
    tell_wanted(t, group);
    if (t->json)
        json_end_object(t->json);
}

/* An embedded object lies in the directory of the instance for which it was made. */
static const char *embedding_instance(const struct tracing *t)
{
    const char *objects = strstr(t->embedded, "/obj/"), *name = objects ? objects + strlen("/obj/") : t->embedded;
    return arena_strndup(t->a, name, strcspn(name, "/"));
}

static bool group_has_input(const struct action_group *g, const char *path)
{
    for (size_t k = 0; k < g->action_count; k++)
        if (has(g->actions[k].inputs, g->actions[k].input_count, path))
            return true;
    return false;
}

/* As an input of an action; as a header by one of a group, of which the record does not say which. */
static size_t tell_readers(const struct tracing *t)
{
    const char *path = t->embedded ? t->embedded : t->file;
    size_t count = 0;
    for (size_t k = 0; k < t->node_count; k++)
        if (has(t->nodes[k].action->inputs, t->nodes[k].action->input_count, path) && ++count)
            tell_reader(t, t->embedded ? embedding_instance(t) : t->nodes[k].group, &t->nodes[k],
                        t->embedded ? "part of an embedded object" : "an input");
    for (size_t g = 0; g < t->recorded->group_count; g++) {
        const struct action_group *group = &t->recorded->groups[g].actions;
        if (has(group->headers, group->header_count, path) && !group_has_input(group, path) && ++count)
            tell_reader(t, group->name, NULL, "a header");
    }
    return count;
}

static void tell(struct tracing *t)
{
    const struct component_fact *c = t->component;
    struct json j = {};
    if (given(t->i, OPTION_json)) {
        t->json = &j;
        json_object(&j);
        json_field(&j, "file", t->file);
        json_field(&j, "is", t->fact);
        json_field(&j, "embedded_in", t->embedded);
        json_field(&j, "component", c ? c->name : NULL);
        json_field(&j, "version", c ? c->version : NULL);
        json_field(&j, "licence", c ? c->licence : NULL);
        json_key(&j, "readers");
        json_array(&j);
    } else {
        printf("%s: %s\n", t->file, t->fact ? t->fact : "");
        if (c)
            printf("  of %s%s%s%s%s\n", c->name, c->version ? " " : "", c->version ? c->version : "", c->licence ? ", " : "", c->licence ? c->licence : "");
        if (t->embedded)
            printf("  embedded in %s\n", t->embedded);
    }
    size_t count = tell_readers(t);
    if (t->json) {
        json_end_array(&j);
        json_end_object(&j);
        answer_json(t->i, &j);
    } else if (count == 0) {
        puts(*t->file == '/' ? "  the host's own: read by compilers or the linker; the record does not say for which instance" : "  no action names it");
    }
}

int explain_in_record(struct invocation *i)
{
    struct named_record n = {};
    struct tracing t = {.i = i, .a = i->arena};
    if (named_record_open(&n, i, i->value[OPTION_in]))
        t.recorded = named_record_read(&n, i, true);
    if (t.recorded && find_file(&t, i->arguments[0])) {
        t.plan = recorded_intent(t.a, t.recorded, "plan");
        find_component(&t);
        trace(&t);
        tell(&t);
    }
    named_record_close(&n);
    return (int)diag_status(i->diag);
}
