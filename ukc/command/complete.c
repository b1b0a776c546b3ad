/*
 * complete.c - ukc complete: the words of this project, for a shell that completes one.
 *
 * One a line, sorted; the topics of help where there is no project, too.  It never says what is wrong and always exits with 0:
 * nobody has asked for anything yet.
 */
#include "command.h"
#include "signature.h"
#include "../base/file.h"
#include "../base/text.h"
#include <stdio.h>
#include <string.h>

struct words {
    struct arena *a;
    VEC(const char *) all;
};

/* Shells expand the words once more: one that could mean something to them is left out. */
static void add(struct words *w, const char *word)
{
    static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=/:+";
    if (word[strspn(word, harmless)] == '\0')
        *vec_add(w->a, &w->all) = word;
}

static void print(struct words *w)
{
    size_t count = string_sort_unique(w->all.items, w->all.count);
    for (size_t k = 0; k < count; k++)
        puts(w->all.items[k]);
}

/* "port=", or where the values are few each of them: "stack.net=host". */
static void add_setting(struct words *w, const struct project_key *k)
{
    const struct key *key = k->key->key;
    if (key->kind == KEY_KIND_bool) {
        add(w, arena_printf(w->a, "%s=true", k->path));
        add(w, arena_printf(w->a, "%s=false", k->path));
    } else if (key->kind == KEY_KIND_enum) {
        for (size_t n = 0; n < key->choice_count; n++)
            add(w, arena_printf(w->a, "%s=%s", k->path, key->choices[n].text));
    } else {
        add(w, arena_printf(w->a, "%s=", k->path));
    }
}

static void add_keys(struct words *w, struct project *p, bool settings)
{
    size_t count;
    const struct project_key *keys = project_keys(p, &count);
    for (size_t k = 0; k < count; k++) {
        if (settings)
            add_setting(w, &keys[k]);
        else
            add(w, keys[k].path);
    }
}

/* What ukc explain takes. */
static void add_names(struct words *w, struct project *p, bool planned)
{
    const struct manifest *m = p->manifest;
    for (size_t k = 0; k < m->implementation_count; k++)
        add(w, m->implementations[k].name.text);
    for (size_t k = 0; k < m->signature_count; k++)
        add(w, m->signatures[k].name.text);
    if (!planned)
        return;
    for (size_t k = 0; k < p->plan->instance_count; k++)
        for (size_t n = 0; n < p->plan->instances[k].path_count; n++)
            add(w, p->plan->instances[k].paths[n]);
    add_keys(w, p, false);
}

/* Those that are configured: ukc diff compares them. */
static void add_targets(struct words *w)
{
    for (size_t t = 0; t < TARGET_COUNT; t++)
        if (file_is_directory(arena_printf(w->a, "build/%s", target_names[t])))
            add(w, target_names[t]);
}

/* What ukc help takes: commands, words of manifests, signatures. */
static void add_topics(struct words *w, struct invocation *i)
{
    for (size_t k = 0; k < COMMAND_COUNT; k++)
        if (!commands[k].hidden)
            add(w, commands[k].name);
    size_t count;
    const struct manifest_field *fields = manifest_fields(&count);
    for (size_t k = 0; k < count; k++)
        add(w, fields[k].declaration);
    add(w, "manifest");
    add(w, "signatures");
    bool mistakes;
    const struct manifest *m = signatures_read(i, &mistakes);
    for (size_t k = 0; m && k < m->signature_count; k++)
        add(w, m->signatures[k].name.text);
}

static void collect(struct invocation *i, const char *kind, struct words *w)
{
    if (string_equal(kind, "topics")) {
        add_topics(w, i);
        return;
    }
    struct project p;
    if (!project_open(&p, i, NULL, false))
        return;
    p.offline = true; /* nobody waits for the network here */
    if (string_equal(kind, "targets")) {
        add_targets(w);
        return;
    }
    bool one = project_load(&p); /* also false when there are several unikernels, and none is chosen */
    if (!p.manifest)
        return;
    if (string_equal(kind, "unikernels")) {
        for (size_t k = 0; k < p.manifest->unikernel_count; k++)
            add(w, p.manifest->unikernels[k].name.text);
        return;
    }
    bool planned = one && project_graph(&p) && project_plan(&p);
    if (string_equal(kind, "names"))
        add_names(w, &p, planned);
    else if (string_equal(kind, "keys") && planned)
        add_keys(w, &p, true);
}

int command_complete(struct invocation *i)
{
    struct diag *d = i->diag, *unheard = diag_create();
    struct words w = {.a = i->arena};
    i->diag = unheard;
    collect(i, i->arguments[0], &w);
    i->diag = d;
    diag_destroy(unheard);
    print(&w);
    return 0;
}
