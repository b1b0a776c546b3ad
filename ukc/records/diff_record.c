/*
 * diff_record.c - what two records do not share: what was wanted, what went in, what was run, and what that did to the bytes.
 *
 * Each part of a record is a list of names with a value; two lists are compared name by name.  Parts stand in the
 * order in which one causes the next, so that the first that differs is where to look.  Of another target or profile
 * everything below is another: then the parts after the plan are compared only with --verbose.
 */
#include "diff_inside.h"
#include "../base/file.h"
#include "../base/map.h"
#include "../base/text.h"
#include "../build/sizes.h"
#include "../image/image_symbols.h"
#include "../../provenance/blobs.h"
#include "../../provenance/component.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct item {
    const char *name, *value;
};
typedef VEC(struct item) items;

/* ---- lists ---- */

static int item_compare(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static void add(struct comparison *c, items *list, const char *name, const char *value)
{
    *vec_add(c->a, list) = (struct item){name, value};
}

const char *comparison_hash(const struct comparison *c, const struct hash *h)
{
    char hex[HASH_HEX];
    hash_hex(h, hex);
    return arena_strndup(c->a, hex, 12);
}

static const char *file_value(struct comparison *c, uint64_t size, const struct hash *h)
{
    return arena_printf(c->a, "%" PRIu64 " bytes, %s", size, comparison_hash(c, h));
}

static void add_file(struct comparison *c, items *list, const struct object_file *f)
{
    struct hash h = hash_bytes(f->bytes, f->size);
    add(c, list, f->path, file_value(c, f->size, &h));
}

/* "build/kvm/root/debian_source.musl-ea9593b465bb/include/stdio.h" without target and tree: of two targets it is one header. */
static const char *place_of(struct comparison *c, const char *name)
{
    enum { TREE = 12 };
    const char *rest = string_starts(name, "build/") ? strchr(name + strlen("build/"), '/') : NULL;
    const char *below = rest && string_starts(rest, "/root/") ? strchr(rest + strlen("/root/"), '/') : NULL;
    if (!below)
        return rest ? arena_printf(c->a, "build%s", rest) : name;
    size_t label = (size_t)(below - rest), tree = TREE + 1;
    bool has_tree = label > tree && rest[label - tree] == '-' && strspn(rest + label - TREE, "0123456789abcdef") == TREE;
    return arena_printf(c->a, "build%.*s%s", (int)(has_tree ? label - tree : label), rest, below);
}

static int difference_compare(const void *x, const void *y)
{
    const struct difference *a = x, *b = y;
    int order = strcmp(a->place, b->place);
    return order ? order : !a->a != !b->a ? (a->a ? -1 : 1) : strcmp(a->name, b->name);
}

static void compare(struct comparison *c, const char *name, items side[2], bool decides)
{
    struct part p = {.name = name};
    for (int k = 0; k < 2; k++)
        if (side[k].count)
            qsort(side[k].items, side[k].count, sizeof *side[k].items, item_compare);
    for (size_t x = 0, y = 0; x < side[0].count || y < side[1].count;) {
        const struct item *a = x < side[0].count ? &side[0].items[x] : NULL, *b = y < side[1].count ? &side[1].items[y] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
        if (order || strcmp(a->value, b->value) != 0)
            *vec_add(c->a, &p.all) = (struct difference){order > 0 ? b->name : a->name, order > 0 ? NULL : a->value, order < 0 ? NULL : b->value,
                                                         place_of(c, order > 0 ? b->name : a->name)};
        x += order <= 0;
        y += order >= 0;
    }
    if (p.all.count)
        qsort(p.all.items, p.all.count, sizeof *p.all.items, difference_compare);
    if (p.all.count && decides && !c->cause)
        c->cause = name;
    *vec_add(c->a, &c->parts) = p;
}

/* ---- the parts ---- */

static void compare_recipe(struct comparison *c)
{
    items side[2] = {};
    for (int k = 0; k < 2; k++) {
        const struct recipe *r = &c->recorded[k]->recipe;
        add(c, &side[k], "target", r->target);
        add(c, &side[k], "profile", r->profile);
        add(c, &side[k], "image", r->image);
        for (size_t n = 0; n < r->environment_count; n++) {
            size_t length = strcspn(r->environment[n], "=");
            add(c, &side[k], arena_strndup(c->a, r->environment[n], length), r->environment[n] + length + 1);
        }
    }
    compare(c, "build", side, true);
}

/* Lines of an intent's text that begin with `begin`: a name up to `separator`, then a value. */
static void compare_lines(struct comparison *c, const char *name, const char *path, char separator, const char *begin)
{
    items side[2] = {};
    for (int k = 0; k < 2; k++) {
        const char *line = recorded_intent(c->a, c->recorded[k], path);
        for (size_t n; line && *line; line += n + (line[n] == '\n')) {
            n = strcspn(line, "\n");
            const char *word = arena_strndup(c->a, line, n);
            size_t length = strcspn(word, (const char[]){separator, 0});
            if (string_starts(word, begin))
                add(c, &side[k], arena_strndup(c->a, word, length), word[length] ? word + length + 1 : "");
        }
    }
    compare(c, name, side, false);
}

/* Programs and libraries by what they are; headers of the compiler too. */
static void compare_tools(struct comparison *c)
{
    items side[2] = {};
    for (int k = 0; k < 2; k++) {
        const char *line = strchr(c->recorded[k]->tools, '\n');
        for (line = line ? line + 1 : ""; *line;) {
            size_t n = strcspn(line, "\n");
            char *word = arena_strndup(c->a, line, n), *sha256 = strchr(word, ' '), *size = sha256 ? strchr(sha256 + 1, ' ') : NULL;
            char *name = size ? strchr(size + 1, ' ') : NULL;
            if (name)
                add(c, &side[k], name + 1, arena_printf(c->a, "%.*s bytes, %.12s", (int)(name - size - 1), size + 1, sha256 + 1));
            line += n + (line[n] == '\n');
        }
    }
    compare(c, "tools", side, true);
}

static void compare_components(struct comparison *c)
{
    items side[2] = {};
    for (int k = 0; k < 2; k++) {
        const char *text = recorded_intent(c->a, c->recorded[k], "components");
        const struct component_fact *facts;
        size_t count = 0;
        if (text && component_facts_parse(c->a, text, strlen(text), &facts, &count))
            for (size_t n = 0; n < count; n++)
                if (facts[n].version)
                    add(c, &side[k], facts[n].name, facts[n].version);
    }
    compare(c, "components", side, false);
}

/*
 * Those that are not the project's lie below build/<target>/root/, by a label that is the last two names of a directory. Which directory has one depends on
 * the plan: "posix.kv_dir/ukc.lua" is "targets.posix/kv_dir/ukc.lua" where nothing is taken of kv_dir. Both are posix/kv_dir/ukc.lua. What a manifest uses has
 * the label "use.<tree>", which stays.
 */
static const char *manifest_name(struct comparison *c, const char *path)
{
    const char *label = string_starts(path, "build/") ? strstr(path, "/root/") : NULL;
    if (!label || string_starts(label, "/root/use."))
        return label ? label + strlen("/root/") : path;
    char *name = arena_strdup(c->a, label + strlen("/root/")), *dot = strchr(name, '.');
    if (dot && dot < strchr(name, '/'))
        *dot = '/';
    size_t names = 0;
    for (char *at = name + strlen(name); at > name; at--)
        if (at[-1] == '/' && ++names == 3)
            return at;
    return name;
}

static void compare_manifests(struct comparison *c)
{
    items side[2] = {};
    for (int k = 0; k < 2; k++)
        for (size_t n = 0; n < c->recorded[k]->intent_count; n++) {
            struct object_file f = c->recorded[k]->intent[n];
            if (!string_starts(f.path, "manifest/"))
                continue;
            f.path = manifest_name(c, f.path + strlen("manifest/"));
            add_file(c, &side[k], &f);
        }
    compare(c, "manifests", side, false);
}

static void compare_inputs(struct comparison *c)
{
    items inputs[2] = {}, host[2] = {};
    for (int k = 0; k < 2; k++) {
        const struct recorded *r = c->recorded[k];
        for (size_t n = 0; n < r->input_count; n++)
            add_file(c, &inputs[k], &r->inputs[n]);
        for (size_t n = 0; n < r->recipe.large_count; n++)
            add(c, &inputs[k], r->recipe.large[n].path, file_value(c, r->recipe.large[n].size, &r->recipe.large[n].sha256));
        for (size_t n = 0; n < r->host_count; n++)
            add_file(c, &host[k], &(struct object_file){.path = arena_printf(c->a, "/%s", r->host[n].path), .bytes = r->host[n].bytes,
                                                        .size = r->host[n].size});
    }
    compare(c, "inputs", inputs, true);
    compare(c, "host", host, true);
}

static const char *words_of(struct comparison *c, const struct action *x, const struct action *other)
{
    struct text t = {};
    struct map there = {};
    for (size_t n = 0; other && n < other->word_count; n++)
        map_set(&there, other->words[n], 1);
    for (size_t n = 0; n < x->word_count; n++)
        if (map_get(&there, x->words[n]) == MAP_ABSENT) {
            text_puts(&t, t.size ? " " : "");
            text_shell_word(&t, x->words[n]);
        }
    const char *out = text_keep(&t, c->a);
    text_dispose(&t);
    map_dispose(&there);
    return out;
}

static const struct action *action_for(const struct recorded *r, const char *output)
{
    for (size_t g = 0; g < r->group_count; g++)
        for (size_t n = 0; n < r->groups[g].actions.action_count; n++)
            if (strcmp(r->groups[g].actions.actions[n].outputs[0], output) == 0)
                return &r->groups[g].actions.actions[n];
    return NULL;
}

/* By their first output; of one that both have only the words that differ are said, of another all of them with --verbose. */
static void compare_actions(struct comparison *c)
{
    items side[2] = {};
    for (int k = 0; k < 2; k++)
        for (size_t g = 0; g < c->recorded[k]->group_count; g++)
            for (size_t n = 0; n < c->recorded[k]->groups[g].actions.action_count; n++) {
                const struct action *x = &c->recorded[k]->groups[g].actions.actions[n];
                add(c, &side[k], x->outputs[0], words_of(c, x, NULL));
            }
    compare(c, "commands", side, true);
    struct part *p = &c->parts.items[c->parts.count - 1];
    p->repeats = true;
    for (size_t n = 0; n < p->all.count; n++) {
        struct difference *d = &p->all.items[n];
        const struct action *a = d->a ? action_for(c->recorded[0], d->name) : NULL, *b = d->b ? action_for(c->recorded[1], d->name) : NULL;
        if (a && b) {
            d->a = words_of(c, a, b);
            d->b = words_of(c, b, a);
        } else if (!c->verbose) { /* a screenful each, of which the output's name says enough */
            d->a = d->a ? "" : NULL;
            d->b = d->b ? "" : NULL;
        }
    }
}

static void compare_outputs(struct comparison *c)
{
    items side[2] = {};
    for (int k = 0; k < 2; k++)
        for (size_t g = 0; g < c->recorded[k]->group_count; g++)
            for (size_t n = 0; n < c->recorded[k]->groups[g].output_count; n++) {
                const struct action_output *o = &c->recorded[k]->groups[g].outputs[n];
                add(c, &side[k], o->path, file_value(c, o->size, &o->sha256));
            }
    compare(c, "outputs", side, false);
}

/* Functions and data by their names: what all of the above did to them.  An image may have left the store. */
static void compare_symbols(struct comparison *c)
{
    items side[2] = {};
    if (!c->store || hash_equal(&c->records[0]->image_sha256, &c->records[1]->image_sha256))
        return;
    for (int k = 0; k < 2 && !c->absent; k++) {
        struct diag *quiet = diag_create();
        const struct source *image = file_read(c->a, blob_path(c->a, c->store, &c->records[k]->image_sha256), SPAN_NONE, (size_t)1 << 32, quiet);
        size_t count = 0;
        const struct image_symbol *symbols = image ? image_symbols(c->a, image, &count) : NULL;
        diag_destroy(quiet);
        if (!image)
            c->absent = comparison_hash(c, &c->records[k]->id);
        else if (!count)
            c->nameless = comparison_hash(c, &c->records[k]->id);
        for (size_t n = 0; n < count; n++)
            add(c, &side[k], symbols[n].name, arena_printf(c->a, "%" PRIu64 " bytes", symbols[n].bytes));
    }
    if (!c->absent && !c->nameless)
        compare(c, "functions", side, false);
}

static int change_compare(const void *x, const void *y)
{
    const struct difference *a = x, *b = y;
    long long by_a = atoll(a->b ? a->b : "0") - atoll(a->a ? a->a : "0"), by_b = atoll(b->b ? b->b : "0") - atoll(b->a ? b->a : "0");
    if (llabs(by_a) != llabs(by_b))
        return llabs(by_a) > llabs(by_b) ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Bytes of the image by instance, the largest change first.  Of a record that does not know them nothing is said. */
static void compare_sizes(struct comparison *c)
{
    for (int k = 0; k < 2; k++)
        if (!recorded_intent(c->a, c->recorded[k], SIZES_FILE))
            return;
    compare_lines(c, "instances", SIZES_FILE, '\t', SIZES_INSTANCE);
    struct part *p = &c->parts.items[c->parts.count - 1];
    for (size_t n = 0; n < p->all.count; n++)
        p->all.items[n].name += strlen(SIZES_INSTANCE);
    if (p->all.count)
        qsort(p->all.items, p->all.count, sizeof *p->all.items, change_compare);
}

static void compare_parts(struct comparison *c, bool files)
{
    compare_recipe(c);
    compare_tools(c);
    compare_lines(c, "packages", "packages", ' ', "");
    compare_manifests(c);
    compare_lines(c, "settings", "settings", '=', "--");
    compare_components(c);
    if (!files)
        return;
    compare_inputs(c);
    compare_actions(c);
    compare_outputs(c);
    compare_sizes(c);
    compare_symbols(c);
}

void diff_records(struct invocation *i, const char *store, const struct record *const records[2], const struct recorded *const recorded[2])
{
    struct comparison c = {.i = i, .a = i->arena, .records = records, .recorded = recorded, .store = store, .verbose = given(i, OPTION_verbose) || given(i, OPTION_json)};
    bool one_build = strcmp(records[0]->target, records[1]->target) == 0 && strcmp(records[0]->profile, records[1]->profile) == 0 &&
                     strcmp(recorded[0]->recipe.image, recorded[1]->recipe.image) == 0;
    compare_parts(&c, one_build || c.verbose);
    if (given(i, OPTION_json))
        comparison_print_json(&c);
    else
        comparison_print(&c, !one_build && !c.verbose);
}

const char *diff_records_first(struct invocation *i, const struct record *const records[2], const struct recorded *const recorded[2],
                               struct text *differences)
{
    enum { FEW = 5 };
    struct comparison c = {.i = i, .a = i->arena, .records = records, .recorded = recorded};
    compare_parts(&c, true);
    for (size_t k = 0; c.cause && k < c.parts.count; k++) {
        const struct part *p = &c.parts.items[k];
        if (strcmp(p->name, c.cause) != 0)
            continue;
        for (size_t n = 0; n < p->all.count && n < FEW; n++)
            text_printf(differences, "%s: %s, now %s\n", p->all.items[n].name, p->all.items[n].a ? p->all.items[n].a : "not there",
                        p->all.items[n].b ? p->all.items[n].b : "not there");
        if (p->all.count > FEW)
            text_printf(differences, "and %zu more\n", p->all.count - FEW);
    }
    return c.cause;
}
