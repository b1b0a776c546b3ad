/*
 * configure.c - ukc configure and ukc check: the manifest's whole way up to the build.
 */
#include "../base/audit.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../project/guard.h"
#include <stdio.h>
#include <string.h>

/* Were choices of this unikernel, target and key context locked before? */
static bool was_locked(const struct project *p)
{
    const char *context = lock_context(p->a, p->plan);
    for (size_t k = 0; k < p->lock->choice_count; k++) {
        const struct lock_choice *c = &p->lock->choices[k];
        if (string_equal(c->unikernel, p->unikernel->name.text) && string_equal(c->context, context) &&
            string_equal(c->target, target_names[p->configuration.target]))
            return true;
    }
    return false;
}

/* What is chosen otherwise than before; the first time everything is new, and nothing is worth a word. */
static void print_changes(const struct project *p, const struct lock *after)
{
    if (!was_locked(p))
        return;
    struct text t = {};
    lock_print_changes(p->lock, after, &t);
    fputs(text_string(&t), stdout);
    text_dispose(&t);
}

/* Where ukc.lock leads, if it is a link: what is put there replaces the file, not the link.  NULL after reporting. */
static const char *lock_file(struct project *p)
{
    const char *file = file_followed(p->a, "ukc.lock");
    if (!file)
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'ukc.lock' is a link that leads to itself");
    else if (!file_is_directory(path_directory(p->a, file)))
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'ukc.lock' leads to '%s', in a directory that is not there", file);
    else
        return file;
    diag_help(p->d, "remove the link, or let it lead to where the lock is to be");
    return NULL;
}

static bool write_lock(struct project *p, const struct lock *lock)
{
    struct text t = {};
    lock_print(lock, &t);
    const char *file = lock_file(p);
    bool ok = file && file_write(file, t.bytes, t.size, NULL, p->d);
    text_dispose(&t);
    return ok;
}

/* plan.txt, which goes into the record, and plan.dot, the module graph for people. */
static bool write_plan(struct project *p)
{
    struct text t = {}, dot = {};
    plan_print_text(p->plan, &t);
    plan_print_dot(p->plan, &dot);
    bool ok = file_write(project_file(p, "plan.txt"), t.bytes, t.size, NULL, p->d) &&
              file_write(project_file(p, "plan.dot"), dot.bytes, dot.size, NULL, p->d);
    text_dispose(&t);
    text_dispose(&dot);
    return ok;
}

/* What each import became; for a check, which fetches nothing, what it will be called. */
static void list_imports(struct project *p, bool check_only, struct generate_options *o)
{
    VEC(struct imported) all = {};
    for (size_t k = 0; k < p->fetched.count; k++) {
        const struct fetched *f = p->fetched.items[k];
        *vec_add(p->a, &all) =
            (struct imported){.import = f->import, .label = imports_label(p->a, f), .cflags = f->cflags, .libs = f->libs};
    }
    for (size_t k = 0; k < p->plan->instance_count && check_only; k++) {
        const struct component *c = p->plan->instances[k].component;
        for (size_t n = 0; n < c->import_count; n++) {
            bool library = c->imports[n].kind == IMPORT_PKGCONFIG;
            const char *label = library ? NULL : layout_import_label(p->a, p->layout, &c->imports[n]);
            *vec_add(p->a, &all) = (struct imported){.import = &c->imports[n], .label = label, .cflags = "", .libs = ""};
        }
    }
    o->imports = all.items;
    o->import_count = all.count;
}

/* Which build.ninja names. */
static bool is_whole(struct project *p)
{
    const char *compile = arena_printf(p->a, "%s" PROGRAM_COMPILE, p->i->program);
    if (file_is_regular(compile))
        return true;
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' is not there: ukc is not installed as a whole", compile);
    return diag_help(p->d, "copy or install the two together");
}

static bool generate_build(struct project *p, bool check_only)
{
    if (!check_only && !is_whole(p))
        return false;
    struct generate_options o = {
        .profile = p->configuration.profile,
        .sanitize = p->configuration.sanitize,
        .ukc = p->i->program,
        .check_only = check_only,
    };
    VEC(const char *) arguments = {};
    size_t count;
    const char *const *words = configuration_words(p->a, &p->configuration, &count);
    *vec_add(p->a, &arguments) = "--regenerate";
    for (size_t k = 0; k < count; k++)
        *vec_add(p->a, &arguments) = words[k];
    o.arguments = arguments.items;
    o.argument_count = arguments.count;
    list_imports(p, check_only, &o);
    VEC(const char *) inputs = {};
    *vec_add(p->a, &inputs) = "ukc.lock";
    for (size_t k = 0; k < p->configuration.configs.count; k++)
        *vec_add(p->a, &inputs) = p->configuration.configs.items[k];
    for (size_t k = 0; k < p->fetched.count; k++) {
        const struct import *import = p->fetched.items[k]->taken;
        for (size_t n = 0; import && n < import->patch_count; n++)
            *vec_add(p->a, &inputs) = layout_path(p->a, p->layout, import->directory, import->patches[n].text);
    }
    o.inputs = inputs.items;
    o.input_count = inputs.count;
    return generate(p->a, p->bindings, p->layout, &o, p->d);
}

/* Headers that must not stand beside a source, because they would hide a generated one: every build looks again. */
static bool write_absent(struct project *p)
{
    struct text t = {};
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct component *c = p->plan->instances[k].component;
        for (size_t n = 0; n < c->requires_count; n++)
            text_printf(&t, "%s\n", layout_path(p->a, p->layout, c->directory, arena_printf(p->a, "%s.h", c->requires[n].name.text)));
        text_printf(&t, "%s\n", layout_path(p->a, p->layout, c->directory, "keys.h"));
    }
    bool ok = file_write(project_file(p, "absent.list"), t.bytes, t.size, NULL, p->d);
    text_dispose(&t);
    return ok;
}

static bool take_profile(struct project *p)
{
    if (string_equal(p->i->value[OPTION_profile], "dev"))
        p->configuration.profile = PROFILE_DEV;
    p->configuration.sanitize = given(p->i, OPTION_sanitize);
    p->configuration.offline = given(p->i, OPTION_offline);
    if (!p->configuration.sanitize)
        return true;
    if (p->configuration.target != TARGET_posix)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--sanitize is for target posix, not %s: the sanitizers need a host",
                         target_names[p->configuration.target]);
    if (p->configuration.profile == PROFILE_DEV)
        return true;
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--sanitize is for the dev profile");
    return diag_help(p->d, "add --profile dev");
}

/* For all targets that this version has. */
static bool is_everywhere(const struct project *p, const struct component *c)
{
    for (size_t k = 0; k < p->manifest->target_count; k++)
        if (!(c->targets & 1u << p->manifest->targets[k].target))
            return false;
    return true;
}

/*
 * What the unikernel has for itself and left open, where another target takes another implementation: the same manifest
 * keeps its data elsewhere there.  What all share (console, clock, stack) is different everywhere, and no surprise.
 */
static void print_different(const struct project *p)
{
    const struct plan_instance *root = &p->plan->instances[p->plan->instance_count - 1];
    for (size_t k = 0; k < root->binding_count; k++) {
        const struct plan_binding *b = &root->bindings[k];
        const struct component *chosen = p->plan->instances[b->provider.at].component, *other = NULL;
        if (b->signature->shared || b->reason == REASON_EXPLICIT)
            continue;
        for (size_t r = 0; r < b->rejected_count && !other; r++)
            if (!(b->rejected[r].component->targets & 1u << p->plan->target) && b->rejected[r].component->preference > chosen->preference)
                other = b->rejected[r].component;
        if (other)
            printf("%s: %s, because %s is not for %s", b->requirement->name.text, chosen->name.text, other->name.text,
                   target_names[p->plan->target]);
        else if (!is_everywhere(p, chosen))
            printf("%s: %s, which other targets do not have", b->requirement->name.text, chosen->name.text);
        else
            continue;
        printf("%s%s\n", chosen->doc ? ": " : "", chosen->doc ? chosen->doc : "");
    }
}

/* A suffix on the command line may have meant another key: say which it was. */
static void print_set(const struct project *p)
{
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct plan_instance *n = &p->plan->instances[k];
        for (size_t x = 0; x < n->key_count && n->component->kind != COMPONENT_UNIKERNEL; x++) {
            const struct plan_key *key = &n->keys[x];
            const char *path = arena_printf(p->a, "%s.%s", n->name, key->key->name.text);
            const char *given = key->origin == ORIGIN_COMMAND_LINE && key->span.source ? key->span.source->bytes : path;
            size_t length = strcspn(given, "=");
            if (length != strlen(path) || strncmp(given, path, length) != 0)
                printf("%s = %s, by --set %.*s\n", path, key->value->text, (int)length, given);
        }
    }
}

/* Each driver takes a disk of its own, which no machine has unless it is given one. */
static void print_disks(const struct project *p)
{
    size_t disks = 0;
    for (size_t k = 0; k < p->plan->instance_count; k++)
        disks += string_equal(p->plan->instances[k].component->name.text, "virtio_blk");
    if (disks)
        printf("its machine needs %zu disk%s: ukc run --block FILE\n", disks, disks == 1 ? "" : "s");
}

static void print_configured(const struct project *p)
{
    if (given(p->i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "unikernel", p->unikernel->name.text);
        json_field(&j, "target", target_names[p->configuration.target]);
        json_field(&j, "profile", p->configuration.profile == PROFILE_DEV ? "dev" : "release");
        json_field(&j, "build", path_join(p->a, p->directory, p->build));
        json_field_number(&j, "instances", (int64_t)p->plan->instance_count);
        json_end_object(&j);
        answer_json(p->i, &j);
    } else if (!given(p->i, OPTION_quiet)) {
        printf("%s for %s%s: %zu instances in %s\n", p->unikernel->name.text, target_names[p->configuration.target],
               p->configuration.profile == PROFILE_DEV ? " (dev)" : "", p->plan->instance_count, p->build);
        print_disks(p);
    }
}

/*
 * A manifest that came to declare several unikernels needs a directory where the
 * image was, and the other way round: what was built there is of no use.
 */
static bool clear_old_layout(struct project *p)
{
    const char *top = arena_printf(p->a, "build/%s", target_names[p->configuration.target]);
    const char *place = path_join(p->a, top, p->unikernel->name.text);
    bool wants_directory = p->configuration.name;
    if (!file_exists(place) || file_is_directory(place) == wants_directory)
        return true;
    return file_remove_tree(top, p->d);
}

int command_configure(struct invocation *i)
{
    struct project p;
    bool ok = project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, false) && guard_enter(&p) && take_profile(&p) && project_load(&p) &&
              project_graph(&p) && project_plan(&p) && clear_old_layout(&p) && project_layout(&p, p.build, true) && project_check(&p);
    if (!ok)
        return (int)diag_status(i->diag);
    const struct lock *lock = imports_pin(&p, lock_merge(p.a, p.lock, p.plan));
    /* ukc.lock comes before build.ninja, which depends on it; configure.args last: it says that all the rest is there. */
    ok = write_lock(&p, lock) && write_plan(&p) && components_write(&p) && write_absent(&p) && generate_build(&p, false) && configuration_write(&p);
    if (ok) {
        print_configured(&p);
        if (!given(i, OPTION_quiet) && !given(i, OPTION_json)) {
            print_different(&p);
            print_set(&p);
            print_changes(&p, lock);
        }
    }
    return (int)diag_status(i->diag);
}

int command_check(struct invocation *i)
{
    struct project p;
    bool ok = project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, false) && guard_enter(&p) && project_load(&p) &&
              project_graph(&p) && project_plan(&p) && imports_review_plan(&p);
    /* The check writes requirement headers: aside, so that a configured build keeps its own. */
    const char *target = target_names[p.configuration.target];
    ok = ok && project_layout(&p, arena_printf(i->arena, "build/check/%s", target), false) && project_check(&p) &&
         generate_build(&p, true);
    if (ok && given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "unikernel", p.unikernel->name.text);
        json_field(&j, "target", target);
        json_field_number(&j, "instances", (int64_t)p.plan->instance_count);
        json_end_object(&j);
        answer_json(i, &j);
    } else if (ok && !given(i, OPTION_quiet))
        printf("%s for %s: %zu instances, every interface fits\n", p.unikernel->name.text, target, p.plan->instance_count);
    return (int)diag_status(i->diag);
}
