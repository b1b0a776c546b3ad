/*
 * world.h - small catalogues as text, for the tests of the graph, the resolver
 * and the lock.  One declaration a line, its details indented below it:
 *
 *     signature kv_ro shared exclusive
 *       key store enum file block = file
 *     implementation kv_file 1.0 provides kv_ro
 *       targets posix
 *       requires disk block >= 1
 *       choose disk match target posix=(file_block) default=@data
 *       set disk.size 4096
 *       when store file
 *       conflicts kv_block < 2
 *       prefer 10
 *     instance data blk_file
 *       set size 512
 *     unikernel app
 *       requires pages kv_ro
 *     target posix
 *     cmd store block
 *     file pages.disk.size 5
 *     lock pages kv_file 1.0 [CONTEXT]
 *     update
 *
 * Spans point into the text, so diagnostics can be compared whole.
 */
#ifndef UKC_TEST_WORLD_H
#define UKC_TEST_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/base/text.h"
#include "../../ukc/resolve/resolve.h"

/* What a test needs that reads one. */
struct fixture {
    struct arena *a;
    struct diag *d;
};

static inline int fixture_make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->a = arena_create();
    f->d = diag_create();
    *state = f;
    return 0;
}

static inline int fixture_free(void **state)
{
    struct fixture *f = *state;
    diag_destroy(f->d);
    arena_destroy(f->a);
    free(f);
    return 0;
}

struct world {
    const struct manifest *manifest;
    struct resolve_options options;
};

struct world_component {
    struct component c;
    VEC(struct word) provides, target_words, conflicts;
    VEC(struct requirement) requires;
    VEC(struct chosen) chosen;
    VEC(struct setting) settings;
    VEC(struct key) keys;
    VEC(struct condition) conditions;
};

struct world_reader {
    struct arena *a;
    const struct source *source;
    VEC(struct signature) signatures;
    VEC(struct world_component *) components;
    VEC(struct instance_decl *) instances;
    VEC(struct word) instance_names;
    struct world_component *details; /* of the last component or instance */
    struct instance_decl *instance;  /* whose details these are, or NULL */
    struct key *signature_keys;
    VEC(struct setting) command_line, file;
    VEC(struct lock_choice) lock;
    struct resolve_options options;
};

struct world_line {
    struct world_reader *r;
    struct word words[64];
    size_t count, at;
};

_Noreturn static inline void world_bad(const struct world_line *l, const char *what)
{
    fprintf(stderr, "world: line %u: %s\n", l->count ? l->words[0].span.line : 0, what);
    abort();
}

static inline struct word world_next(struct world_line *l, const char *what)
{
    if (l->at == l->count)
        world_bad(l, what);
    return l->words[l->at++];
}

static inline bool world_more(const struct world_line *l)
{
    return l->at < l->count;
}

/* The rest of the line as one word: "< 2". */
static inline struct word world_rest(struct world_line *l)
{
    struct word w = {};
    while (world_more(l)) {
        struct word next = l->words[l->at++];
        if (!w.text)
            w = next;
        else
            w.text = arena_printf(l->r->a, "%s %s", w.text, next.text);
        w.span.length = next.span.column + next.span.length - w.span.column;
    }
    return w;
}

static inline const struct instance_decl *world_instance(struct world_line *l, const char *name)
{
    for (size_t i = 0; i < l->r->instances.count; i++)
        if (!strcmp(l->r->instance_names.items[i].text, name))
            return l->r->instances.items[i];
    world_bad(l, "no such instance");
}

/* CHOICE: name | name< 2 is not possible here: `name RANGE` only outside a match | @instance | match SEL v=CHOICE ... | (CHOICE) */
static inline const struct choice *world_choice_text(struct world_line *l, const char *text, struct span span)
{
    struct arena *a = l->r->a;
    struct choice *c = arena_new(a, struct choice);
    c->span = span;
    size_t n = strlen(text);
    if (*text == '(' && text[n - 1] == ')')
        return world_choice_text(l, arena_strndup(a, text + 1, n - 2), span);
    if (!strncmp(text, "match ", 6)) {
        c->kind = CHOICE_MATCH;
        const char *p = text + 6;
        size_t m = strcspn(p, " ");
        c->selector = (struct word){arena_strndup(a, p, m), span};
        VEC(struct match_case) cases = {};
        for (p += m + (p[m] == ' '); *p;) {
            size_t name = strcspn(p, "="), end = name + 1;
            for (int depth = 0; p[end] && (depth || p[end] != ' '); end++)
                depth += (p[end] == '(') - (p[end] == ')');
            struct word value = {arena_strndup(a, p, name), span};
            const struct choice *inner = world_choice_text(l, arena_strndup(a, p + name + 1, end - name - 1), span);
            *vec_add(a, &cases) = (struct match_case){value, inner};
            p += end + (p[end] == ' ');
        }
        c->cases = cases.items;
        c->case_count = cases.count;
    } else if (*text == '@') {
        c->kind = CHOICE_INSTANCE;
        c->instance = world_instance(l, text + 1);
    } else {
        size_t m = strcspn(text, " ");
        c->kind = CHOICE_IMPLEMENTATION;
        c->implementation = (struct word){arena_strndup(a, text, m), span};
        if (text[m])
            c->version = (struct word){arena_strdup(a, text + m + 1), span};
    }
    return c;
}

static inline struct key world_key(struct world_line *l)
{
    struct arena *a = l->r->a;
    struct key k = {.name = world_next(l, "key name"), .doc = "a key", .min = INT64_MIN, .max = INT64_MAX};
    struct word kind = world_next(l, "key kind");
    k.kind = !strcmp(kind.text, "enum") ? KEY_KIND_enum : !strcmp(kind.text, "bool") ? KEY_KIND_bool
             : !strcmp(kind.text, "string") ? KEY_KIND_string : KEY_KIND_integer;
    VEC(struct word) choices = {};
    while (world_more(l)) {
        struct word w = world_next(l, "");
        if (!strcmp(w.text, "boot")) {
            k.phase = KEY_BOOT;
        } else if (!strcmp(w.text, "=")) {
            struct word v = world_next(l, "default");
            struct key_value *value = arena_new(a, struct key_value);
            value->text = v.text;
            value->number = k.kind == KEY_KIND_bool ? !strcmp(v.text, "true") : strtoll(v.text, NULL, 10);
            for (int t = 0; t < TARGET_COUNT; t++)
                k.defaults[t] = (struct key_default){value, v.span};
        } else {
            *vec_add(a, &choices) = w;
        }
    }
    k.choices = choices.items;
    k.choice_count = choices.count;
    return k;
}

static inline struct world_component *world_component_new(struct world_line *l, enum component_kind kind)
{
    struct arena *a = l->r->a;
    struct world_component *w = arena_new(a, struct world_component);
    w->c.kind = kind;
    w->c.name = world_next(l, "name");
    w->c.identifier = w->c.name.text;
    w->c.span = w->c.name.span;
    w->c.directory = ".";
    w->c.targets = (1u << TARGET_COUNT) - 1;
    if (kind == COMPONENT_IMPLEMENTATION && world_more(l)) {
        struct word v = world_next(l, "version");
        if (strcmp(v.text, "-"))
            w->c.version = v;
        world_next(l, "provides");
        while (world_more(l))
            *vec_add(a, &w->provides) = world_next(l, "");
    }
    *vec_add(a, &l->r->components) = w;
    l->r->details = w;
    l->r->instance = NULL;
    return w;
}

static inline void world_detail(struct world_line *l)
{
    struct world_reader *r = l->r;
    struct arena *a = r->a;
    struct world_component *w = r->details;
    const char *word = world_next(l, "detail").text;
    if (!strcmp(word, "key")) {
        if (w) {
            *vec_add(a, &w->keys) = world_key(l);
        } else {
            struct signature *s = &r->signatures.items[r->signatures.count - 1];
            struct key *all = arena_array(a, struct key, s->key_count + 1);
            if (s->key_count)
                memcpy(all, s->keys, s->key_count * sizeof *all);
            all[s->key_count++] = world_key(l);
            s->keys = all;
        }
    } else if (!strcmp(word, "requires")) {
        struct requirement *q = vec_add(a, &w->requires);
        *q = (struct requirement){.name = world_next(l, "name")};
        q->signature = world_next(l, "signature");
        if (world_more(l))
            q->version = world_rest(l);
    } else if (!strcmp(word, "choose")) {
        struct chosen *c = vec_add(a, &w->chosen);
        *c = (struct chosen){.requirement = world_next(l, "requirement")};
        struct word text = world_rest(l);
        c->choice = world_choice_text(l, text.text, text.span);
    } else if (!strcmp(word, "set")) {
        struct setting *s = vec_add(a, &w->settings);
        *s = (struct setting){.path = world_next(l, "path")};
        s->text = world_next(l, "value");
    } else if (!strcmp(word, "when")) {
        struct condition *c = vec_add(a, &w->conditions);
        *c = (struct condition){.key = world_next(l, "key")};
        VEC(struct word) values = {};
        while (world_more(l))
            *vec_add(a, &values) = world_next(l, "");
        c->values = values.items;
        c->value_count = values.count;
    } else if (!strcmp(word, "conflicts")) {
        *vec_add(a, &w->conflicts) = world_rest(l);
    } else if (!strcmp(word, "targets")) {
        w->c.targets = 0;
        while (world_more(l)) {
            struct word t = world_next(l, "");
            if (target_find(t.text) != TARGET_COUNT)
                w->c.targets |= 1u << target_find(t.text);
            *vec_add(a, &w->target_words) = t;
        }
    } else if (!strcmp(word, "prefer")) {
        w->c.preference = strtoll(world_next(l, "number").text, NULL, 10);
    } else {
        world_bad(l, "unknown detail");
    }
}

/* An instance's details go to a component made for the purpose, and from there into the declaration at the end. */
static inline void world_instance_new(struct world_line *l)
{
    struct world_reader *r = l->r;
    struct instance_decl *decl = arena_new(r->a, struct instance_decl);
    *vec_add(r->a, &r->instance_names) = world_next(l, "name");
    decl->id = (uint32_t)r->instances.count;
    decl->span = r->instance_names.items[r->instances.count].span;
    decl->implementation = world_next(l, "implementation");
    if (world_more(l))
        decl->version = world_rest(l);
    *vec_add(r->a, &r->instances) = decl;
    r->details = arena_new(r->a, struct world_component);
    r->instance = decl;
}

static inline void world_instance_end(struct world_reader *r)
{
    if (!r->instance)
        return;
    r->instance->settings = r->details->settings.items;
    r->instance->setting_count = r->details->settings.count;
    r->instance->chosen = r->details->chosen.items;
    r->instance->chosen_count = r->details->chosen.count;
    r->instance = NULL;
}

static inline void world_top(struct world_line *l)
{
    struct world_reader *r = l->r;
    struct arena *a = r->a;
    const char *word = world_next(l, "word").text;
    world_instance_end(r);
    if (!strcmp(word, "signature")) {
        struct signature *s = vec_add(a, &r->signatures);
        *s = (struct signature){.name = world_next(l, "name"), .directory = "."};
        s->identifier = s->name.text;
        s->span = s->name.span;
        while (world_more(l)) {
            const char *flag = world_next(l, "").text;
            s->shared |= !strcmp(flag, "shared");
            s->exclusive |= !strcmp(flag, "exclusive");
        }
        r->details = NULL;
    } else if (!strcmp(word, "implementation")) {
        world_component_new(l, COMPONENT_IMPLEMENTATION);
    } else if (!strcmp(word, "unikernel")) {
        world_component_new(l, COMPONENT_UNIKERNEL);
    } else if (!strcmp(word, "instance")) {
        world_instance_new(l);
    } else if (!strcmp(word, "target")) {
        r->options.target = target_find(world_next(l, "target").text);
    } else if (!strcmp(word, "cmd") || !strcmp(word, "file")) {
        struct setting s = {.path = world_next(l, "path")};
        s.text = world_next(l, "value");
        if (*word == 'c')
            *vec_add(a, &r->command_line) = s;
        else
            *vec_add(a, &r->file) = s;
    } else if (!strcmp(word, "lock")) {
        struct lock_choice c = {.span = l->words[0].span};
        c.path = world_next(l, "path").text;
        c.implementation = world_next(l, "implementation").text;
        c.version = world_next(l, "version").text;
        c.context = world_more(l) ? world_next(l, "").text : "-";
        *vec_add(a, &r->lock) = c;
    } else if (!strcmp(word, "update")) {
        r->options.update = true;
    } else {
        world_bad(l, "unknown word");
    }
}

static inline int world_by_name(const void *a, const void *b)
{
    const struct component *x = a, *y = b;
    int order = strcmp(x->name.text, y->name.text);
    if (order || !x->version.text || !y->version.text)
        return order;
    return version_compare(y->version.text, x->version.text);
}

#define WORLD_SORTED(name, type, expression)                                                                           \
    static inline int name(const void *a, const void *b)                                                               \
    {                                                                                                                  \
        const type *x = a, *y = b;                                                                                     \
        return expression;                                                                                             \
    }
WORLD_SORTED(world_by_requirement, struct requirement, strcmp(x->name.text, y->name.text))
WORLD_SORTED(world_by_chosen, struct chosen, strcmp(x->requirement.text, y->requirement.text))
WORLD_SORTED(world_by_setting, struct setting, strcmp(x->path.text, y->path.text))
WORLD_SORTED(world_by_key, struct key, strcmp(x->name.text, y->name.text))
WORLD_SORTED(world_by_signature, struct signature, strcmp(x->name.text, y->name.text))

#define WORLD_GIVE(field, list, compare)                                                                               \
    do {                                                                                                               \
        if (w->list.count)                                                                                             \
            qsort(w->list.items, w->list.count, sizeof *w->list.items, compare);                                       \
        c.field = w->list.items;                                                                                       \
    } while (0)

static inline struct component world_finish(struct world_component *w)
{
    struct component c = w->c;
    c.provides = w->provides.items;
    c.provides_count = w->provides.count;
    c.target_words = w->target_words.items;
    c.target_word_count = w->target_words.count;
    c.conflicts = w->conflicts.items;
    c.conflict_count = w->conflicts.count;
    c.conditions = w->conditions.items;
    c.condition_count = w->conditions.count;
    WORLD_GIVE(requires, requires, world_by_requirement);
    c.requires_count = w->requires.count;
    WORLD_GIVE(chosen, chosen, world_by_chosen);
    c.chosen_count = w->chosen.count;
    WORLD_GIVE(settings, settings, world_by_setting);
    c.setting_count = w->settings.count;
    WORLD_GIVE(keys, keys, world_by_key);
    c.key_count = w->keys.count;
    return c;
}

static inline void world_finish_all(struct world_reader *r, struct manifest *m)
{
    VEC(struct component) implementations = {}, unikernels = {};
    for (size_t i = 0; i < r->components.count; i++) {
        struct component c = world_finish(r->components.items[i]);
        if (c.kind == COMPONENT_UNIKERNEL)
            *vec_add(r->a, &unikernels) = c;
        else
            *vec_add(r->a, &implementations) = c;
    }
    if (implementations.count)
        qsort(implementations.items, implementations.count, sizeof *implementations.items, world_by_name);
    if (r->signatures.count)
        qsort(r->signatures.items, r->signatures.count, sizeof *r->signatures.items, world_by_signature);
    m->implementations = implementations.items;
    m->implementation_count = implementations.count;
    m->unikernels = unikernels.items;
    m->unikernel_count = unikernels.count;
    m->signatures = r->signatures.items;
    m->signature_count = r->signatures.count;
}

static inline struct world world_read(struct arena *a, const char *path, const char *text)
{
    struct source *source = arena_new(a, struct source);
    *source = (struct source){path, text, strlen(text)};
    struct world_reader r = {.a = a, .source = source};
    uint32_t line = 0;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        line++;
        struct world_line l = {.r = &r};
        bool comment = p[strspn(p, " ")] == '#';
        for (size_t i = 0; i < n && !comment;) {
            size_t blank = strspn(p + i, " "), m;
            i += blank;
            m = strcspn(p + i, " \n");
            if (m)
                l.words[l.count++] = (struct word){arena_strndup(a, p + i, m), {source, line, (uint32_t)i + 1, (uint32_t)m}};
            i += m;
        }
        if (l.count && *p == ' ')
            world_detail(&l);
        else if (l.count)
            world_top(&l);
        p += n + (p[n] == '\n');
    }
    world_instance_end(&r);
    struct manifest *m = arena_new(a, struct manifest);
    world_finish_all(&r, m);
    struct lock *lock = arena_new(a, struct lock);
    for (size_t i = 0; i < r.lock.count; i++) {
        r.lock.items[i].unikernel = m->unikernels[0].name.text;
        r.lock.items[i].target = target_names[r.options.target];
    }
    if (r.lock.count)
        qsort(r.lock.items, r.lock.count, sizeof *r.lock.items, lock_choice_compare);
    *lock = (struct lock){.choices = r.lock.items, .choice_count = r.lock.count};
    r.options.lock = lock;
    r.options.command_line = r.command_line.items;
    r.options.command_line_count = r.command_line.count;
    r.options.file = r.file.items;
    r.options.file_count = r.file.count;
    return (struct world){m, r.options};
}

/* What resolve says of a world: the plan, or the diagnostics. */
static inline char *world_answer(struct arena *a, const struct world *w, bool *planned)
{
    struct diag *d = diag_create();
    const struct graph *g = graph_build(a, w->manifest, &w->manifest->unikernels[0], d);
    const struct plan *p = g ? resolve(a, g, &w->options, d) : NULL;
    *planned = p;
    struct text out = {};
    if (p)
        plan_print_text(p, &out);
    char *bytes = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&bytes, &size);
    diag_print(d, f, DIAG_TEXT);
    fclose(f);
    text_append(&out, bytes, size);
    free(bytes);
    char *kept = text_keep(&out, a);
    text_dispose(&out);
    diag_destroy(d);
    return kept;
}

#endif
