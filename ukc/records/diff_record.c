/*
 * diff_record.c - what two records do not share: what was wanted, what went in, what was run, and what that did to the bytes.
 *
 * Each part of a record is a list of names with a value; two lists are compared name by name.  Parts stand in the
 * order in which one causes the next, so that the first that differs is where to look.  Of another target or profile
 * everything below is another: then the parts after the plan are compared only with --verbose.
 */
#include "diff.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/map.h"
#include "../base/text.h"
#include "../build/sizes.h"
#include "../image/image_symbols.h"
#include "../../provenance/blobs.h"
#include "../../provenance/component.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 20 /* differences of a part, without --verbose */
#define NAMES 3 /* of those that are one difference, without --verbose */

struct item {
    const char *name, *value;
};
typedef VEC(struct item) items;

struct difference {
    const char *name, *a, *b; /* NULL: it is not there */
    const char *place;        /* what the name is of whatever target: see place_of */
};
struct part {
    const char *name;
    VEC(struct difference) all;
    bool repeats; /* one cause may differ in the same words at many names */
};

struct comparison {
    struct invocation *i;
    struct arena *a;
    const struct record *const *records;
    const struct recorded *const *recorded;
    const char *store; /* which may have the images; NULL: they are not asked for */
    const char *absent;   /* the record whose image it does not have */
    const char *nameless; /* the record whose image has no symbols */
    bool verbose;
    VEC(struct part) parts;
    const char *cause; /* the first part that differs and may decide bytes */
};

/* ---- lists ---- */

static int item_compare(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static void add(struct comparison *c, items *list, const char *name, const char *value)
{
    *vec_add(c->a, list) = (struct item){name, value};
}

static const char *short_hash(struct comparison *c, const struct hash *h)
{
    char hex[HASH_HEX];
    hash_hex(h, hex);
    return arena_strndup(c->a, hex, 12);
}

static const char *file_value(struct comparison *c, uint64_t size, const struct hash *h)
{
    return arena_printf(c->a, "%" PRIu64 " bytes, %s", size, short_hash(c, h));
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
            c->absent = short_hash(c, &c->records[k]->id);
        else if (!count)
            c->nameless = short_hash(c, &c->records[k]->id);
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

/* ---- what is said ---- */

static bool one_recipe(const struct comparison *c)
{
    return hash_equal(&c->records[0]->recipe, &c->records[1]->recipe);
}

static bool one_image(const struct comparison *c)
{
    return hash_equal(&c->records[0]->image_sha256, &c->records[1]->image_sha256);
}

static const char *verdict(const struct comparison *c)
{
    if (one_recipe(c))
        return one_image(c) ? "the recipes are the same, and so are the images" : "the recipes are the same, and the images are not: this build is not reproducible";
    if (one_image(c))
        return arena_printf(c->a, "the images are the same; what went in differs, first in: %s", c->cause ? c->cause : "recipe");
    return arena_printf(c->a, "the images differ; what went in differs first in: %s", c->cause ? c->cause : "recipe");
}

static bool is_alike(const struct difference *x, const struct difference *y)
{
    return x->a && y->a && x->b && y->b && strcmp(x->a, y->a) == 0 && strcmp(x->b, y->b) == 0;
}

/* The names of all that differ from k on as k does; they are told then. */
static void print_names(const struct comparison *c, const struct part *p, size_t k, bool *told, struct text *out)
{
    size_t names = 0, last = k, most = c->verbose ? p->all.count : NAMES;
    for (size_t n = k; n < p->all.count; n++) {
        if (told[n] || (n > k && !(p->repeats && is_alike(&p->all.items[k], &p->all.items[n]))))
            continue;
        told[last = n] = true;
        if (names++ < most)
            text_printf(out, "  %s\n", p->all.items[n].name);
    }
    if (names == most + 1)
        text_printf(out, "  %s\n", p->all.items[last].name);
    else if (names > most)
        text_printf(out, "  and %zu more alike; --verbose names them\n", names - most);
}

static void print_difference(const struct comparison *c, const struct part *p, size_t k, bool *told, struct text *out)
{
    const struct difference *d = &p->all.items[k];
    if (!d->a || !d->b) {
        told[k] = true;
        text_printf(out, "%c %s%s%s\n", d->a ? '-' : '+', d->name, *(d->a ? d->a : d->b) ? ": " : "", d->a ? d->a : d->b);
        return;
    }
    print_names(c, p, k, told, out);
    if (*d->a)
        text_printf(out, "-   %s\n", d->a);
    if (*d->b)
        text_printf(out, "+   %s\n", d->b);
    if (!*d->a && !*d->b)
        text_puts(out, "    the same words in another order, or some of them again\n");
}

static void print_part(const struct comparison *c, const struct part *p, struct text *out)
{
    size_t most = c->verbose || p->all.count <= MOST + 1 ? p->all.count : MOST, rest = 0;
    bool *told = arena_array(c->a, bool, p->all.count + 1);
    if (p->all.count)
        text_printf(out, "\n%s\n", p->name);
    for (size_t k = 0; k < p->all.count; k++) {
        if (told[k])
            continue;
        if (most) {
            print_difference(c, p, k, told, out);
            most--;
        } else {
            rest++;
        }
    }
    if (rest)
        text_printf(out, "  and %zu more; --verbose prints all\n", rest);
}

static void print_head(const struct comparison *c, struct text *out)
{
    for (int k = 0; k < 2; k++) {
        const struct record *r = c->records[k];
        text_printf(out, "%c record %s: %s for %s, %s; recipe %s, image %s of %" PRIu64 " bytes\n", k ? '+' : '-', short_hash((struct comparison *)c, &r->id),
                    r->run.unikernel, r->target, r->profile, short_hash((struct comparison *)c, &r->recipe),
                    short_hash((struct comparison *)c, &r->image_sha256), r->image_bytes);
    }
    text_printf(out, "%s\n", verdict(c));
}

static const char *plan_of(const struct comparison *c, int k)
{
    const char *plan = recorded_intent(c->a, c->recorded[k], "plan");
    return plan ? plan : "";
}

static void print(const struct comparison *c, bool stopped)
{
    struct text out = {}, plan = {};
    const char *const plans[2] = {plan_of(c, 0), plan_of(c, 1)};
    if (hash_equal(&c->records[0]->id, &c->records[1]->id)) {
        puts("no difference: it is one record");
        return;
    }
    print_head(c, &out);
    for (size_t k = 0; k < c->parts.count; k++) {
        print_part(c, &c->parts.items[k], &out);
        if (strcmp(c->parts.items[k].name, "settings") == 0 && diff_plans_text(c->a, plans, &plan))
            text_printf(&out, "\nplan\n%s", text_string(&plan));
    }
    if (c->absent)
        text_printf(&out, "\nfunctions are not compared: the image of record %s is not in the store; 'ukc reproduce' makes it\n", c->absent);
    else if (c->nameless)
        text_printf(&out, "\nfunctions are not compared: the image of record %s was built without symbols\n", c->nameless);
    if (stopped)
        text_puts(&out, "\nfiles, commands and outputs are those of another build: --verbose compares them\n");
    fputs(text_string(&out), stdout);
    text_dispose(&plan);
    text_dispose(&out);
}

static void put_side(struct json *j, const char *key, const struct record *r)
{
    json_key(j, key);
    json_object(j);
    record_print_json(r, j);
    json_end_object(j);
}

static void print_json(const struct comparison *c)
{
    struct json j = {};
    json_object(&j);
    put_side(&j, "a", c->records[0]);
    put_side(&j, "b", c->records[1]);
    json_field_bool(&j, "same_recipe", one_recipe(c));
    json_field_bool(&j, "same_image", one_image(c));
    json_field(&j, "first", one_recipe(c) ? NULL : c->cause);
    json_key(&j, "plan");
    json_object(&j);
    diff_plans_json(c->a, (const char *const[]){plan_of(c, 0), plan_of(c, 1)}, &j);
    json_end_object(&j);
    for (size_t k = 0; k < c->parts.count; k++) {
        json_key(&j, c->parts.items[k].name);
        json_array(&j);
        for (size_t n = 0; n < c->parts.items[k].all.count; n++) {
            const struct difference *d = &c->parts.items[k].all.items[n];
            json_object(&j);
            json_field(&j, "name", d->name);
            json_field(&j, "a", d->a);
            json_field(&j, "b", d->b);
            json_end_object(&j);
        }
        json_end_array(&j);
    }
    json_end_object(&j);
    answer_json(c->i, &j);
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
        print_json(&c);
    else
        print(&c, !one_build && !c.verbose);
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
