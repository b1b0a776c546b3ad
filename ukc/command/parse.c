/*
 * parse.c - words of the command line to a struct invocation.
 *
 * Long options may be abbreviated to nothing: a script that works today
 * must not change its meaning when an option is added.
 */
#include "command.h"
#include "../base/text.h"
#include <string.h>

#define TAKEN_ALWAYS (TAKES(help) | TAKES(colour) | TAKES(directory))

static bool takes(const struct invocation *i, size_t id)
{
    return ((commands[i->command].takes | TAKEN_ALWAYS) >> id) & 1;
}

static const char *nearest_option(const struct invocation *i, const char *name)
{
    const char *names[OPTION_COUNT];
    size_t n = 0;
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (takes(i, id))
            names[n++] = options[id].name;
    return string_nearest(name, names, n);
}

static bool unknown_option(struct invocation *i, const char *word, const char *name)
{
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc %s does not take the option '%s'", i->name, word);
    if (commands[i->command].passes)
        diag_help(i->diag, "words for the image come after '--': ukc %s -- %s", i->name, word);
    const char *near = nearest_option(i, name);
    if (near)
        return diag_help(i->diag, "did you mean '--%s'?", near);
    return diag_help(i->diag, "'ukc %s --help' lists its options", i->name);
}

/* "a, b or c" */
static const char *list(struct arena *a, const char *const *words, size_t count)
{
    struct text t = {};
    for (size_t k = 0; k < count; k++)
        text_printf(&t, "%s%s", k == 0 ? "" : k + 1 == count ? " or " : ", ", words[k]);
    const char *all = text_keep(&t, a);
    text_dispose(&t);
    return all;
}

static bool is_taken(struct invocation *i, size_t id, const char *argument)
{
    const char *words[16];
    size_t count = 0;
    for (const char *at = option_words[id]; at && *at && count < 16; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        words[count] = arena_strndup(i->arena, at, n);
        if (string_equal(words[count++], argument))
            return true;
        at += n;
    }
    if (count == 0)
        return true;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--%s is %s, not '%s'", options[id].name, list(i->arena, words, count), argument);
    const char *near = string_nearest(argument, words, count);
    return near ? diag_help(i->diag, "did you mean '%s'?", near) : false;
}

static bool store_option(struct invocation *i, size_t id, const char *argument)
{
    if (!is_taken(i, id, argument))
        return false;
    if (i->value[id] && !options[id].repeatable && options[id].argument)
        return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "the option '--%s' is given twice", options[id].name);
    i->value[id] = argument;
    switch (id) {
    case OPTION_set: *vec_add(i->arena, &i->sets) = argument; break;
    case OPTION_config: *vec_add(i->arena, &i->configs) = argument; break;
    case OPTION_catalogue: *vec_add(i->arena, &i->catalogues) = argument; break;
    case OPTION_publish: *vec_add(i->arena, &i->published) = argument; break;
    case OPTION_tap: *vec_add(i->arena, &i->taps) = argument; break;
    case OPTION_block: *vec_add(i->arena, &i->blocks) = argument; break;
    case OPTION_seed: *vec_add(i->arena, &i->sets) = arena_printf(i->arena, "seal.layout=%s", argument); break;
    case OPTION_secret: *vec_add(i->arena, &i->secrets) = argument; break;
    case OPTION_script: *vec_add(i->arena, &i->scripts) = argument; break;
    case OPTION_eval: *vec_add(i->arena, &i->evaluated) = argument; break;
    default: break;
    }
    return true;
}

/* Returns how many words after this one it used, or -1 after reporting. */
static int long_option(struct invocation *i, const char *word, const char *next)
{
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        const struct option *o = &options[id];
        if (!takes(i, id) || strncmp(o->name, name, length) != 0 || o->name[length])
            continue;
        if (!o->argument) {
            if (name[length]) {
                diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "the option '--%s' takes no value", o->name);
                return -1;
            }
            return store_option(i, id, "") ? 0 : -1;
        }
        if (name[length])
            return store_option(i, id, name + length + 1) ? 0 : -1;
        if (!next) {
            diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "the option '--%s' needs a value: --%s %s", o->name, o->name, o->argument);
            return -1;
        }
        return store_option(i, id, next) ? 1 : -1;
    }
    unknown_option(i, word, arena_strndup(i->arena, name, length));
    return -1;
}

static int short_options(struct invocation *i, const char *word, const char *next)
{
    for (const char *p = word + 1; *p; p++) {
        size_t id = 0;
        while (id < OPTION_COUNT && !(options[id].letter == *p && takes(i, id)))
            id++;
        if (id == OPTION_COUNT) {
            unknown_option(i, word, p);
            return -1;
        }
        if (!options[id].argument) {
            if (!store_option(i, id, ""))
                return -1;
            continue;
        }
        if (p[1])
            return store_option(i, id, p + 1) ? 0 : -1;
        if (!next) {
            diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "the option '-%c' needs a value: -%c %s", *p, *p, options[id].argument);
            return -1;
        }
        return store_option(i, id, next) ? 1 : -1;
    }
    return 0;
}

static bool count_words(struct invocation *i)
{
    const struct command *c = &commands[i->command];
    if (given(i, OPTION_help))
        return true;
    if (i->argument_count < c->least) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc %s needs %s", c->name, c->arguments);
        return diag_help(i->diag, "'ukc help %s' says more", c->name);
    }
    if (i->argument_count > c->most) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc %s: unexpected word '%s'", c->name, i->arguments[c->most]);
        return diag_help(i->diag, "usage: ukc %s%s%s", c->name, *c->arguments ? " " : "", c->arguments);
    }
    return true;
}

/* Each is a form of the whole output. */
static bool check_forms(struct invocation *i)
{
    static const enum option_id forms[] = {OPTION_json, OPTION_dot, OPTION_bindings};
    const char *first = NULL;
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        if (!given(i, forms[k]))
            continue;
        if (first)
            return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc %s takes '--%s' or '--%s', not both", i->name, first, options[forms[k]].name);
        first = options[forms[k]].name;
    }
    return true;
}

static bool set_command(struct invocation *i, const struct command *c)
{
    if (c) {
        i->command = (enum command_id)(c - commands);
        i->name = c->name;
    }
    return c;
}

static bool find_command(struct invocation *i, const char *name)
{
    if (set_command(i, command_find(name)))
        return true;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "there is no command '%s'", name);
    const char *names[64];
    size_t n = 0;
    for (size_t k = 0; k < COMMAND_COUNT && n < 64; k++)
        if (!commands[k].hidden)
            names[n++] = commands[k].name;
    const char *near = string_nearest(name, names, n);
    if (near)
        return diag_help(i->diag, "did you mean 'ukc %s'?", near);
    return diag_help(i->diag, "'ukc help' lists the commands");
}

bool command_parse(struct invocation *i, int argc, char **argv)
{
    const char **words = arena_array(i->arena, const char *, (size_t)argc + 1);
    int at = 1;
    /* -C before the command, as git takes it */
    while (at + 1 < argc && (string_equal(argv[at], "-C") || string_equal(argv[at], "--directory"))) {
        i->value[OPTION_directory] = argv[at + 1];
        at += 2;
    }
    if (at >= argc || string_equal(argv[at], "--help") || string_equal(argv[at], "-h"))
        set_command(i, &commands[COMMAND_help]);
    else if (string_equal(argv[at], "--version"))
        set_command(i, &commands[COMMAND_version]);
    else if (!find_command(i, argv[at]))
        return false;
    i->arguments = words;
    for (at++; at < argc; at++) {
        const char *word = argv[at], *next = at + 1 < argc ? argv[at + 1] : NULL;
        int used = 0;
        if (string_equal(word, "--")) {
            if (!commands[i->command].passes)
                return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc %s takes no words after '--'", i->name);
            i->passed = (const char *const *)argv + at + 1;
            i->passed_count = (size_t)(argc - at - 1);
            break;
        }
        if (string_starts(word, "--"))
            used = long_option(i, word, next);
        else if (word[0] == '-' && word[1])
            used = short_options(i, word, next);
        else
            words[i->argument_count++] = word;
        if (used < 0)
            return false;
        at += used;
    }
    return check_forms(i) && count_words(i);
}
