/*
 * start.c - gen/start.c: from the process's or machine's entry to the unikernel's main function and back.
 *
 * Instances start in the plan's order, providers first, and stop in reverse.
 * If one cannot start, those before it are stopped.  The code is straight
 * lines of direct calls, so that the optimiser sees through it and a person
 * can read the order off it.
 */
#include "generation.h"
#include "c_text.h"

static bool is_unikernel(const struct plan_instance *i)
{
    return i->component->kind == COMPONENT_UNIKERNEL;
}

static const struct plan_instance *unikernel_of(const struct plan *plan)
{
    return &plan->instances[plan->instance_count - 1];
}

/* Without its place in a manifest: a comment there would move lines, and change these bytes. */
static void put_name(const struct plan_instance *i, struct text *out)
{
    text_printf(out, "/* %s: %s */\n", i->name, i->component->name.text);
}

static void put_declarations(const struct generation *g, struct text *out)
{
    for (size_t k = 0; k < g->plan->instance_count; k++) {
        const struct plan_instance *i = &g->plan->instances[k];
        const struct checked_instance *c = &g->bindings->instances[k];
        text_putc(out, '\n');
        put_name(i, out);
        if (c->start)
            text_printf(out, "int start_%zu(void) __asm__(\"%s\");\n", k + 1, binding_symbol(g->a, i, "start"));
        if (c->stop)
            text_printf(out, "void stop_%zu(void) __asm__(\"%s\");\n", k + 1, binding_symbol(g->a, i, "stop"));
        if (is_unikernel(i))
            text_printf(out, "int unikernel_main(void) __asm__(\"%s\");\n", binding_symbol(g->a, i, "main"));
        else if (!c->start && !c->stop)
            text_puts(out, "/* nothing to start or stop */\n");
    }
}

static void put_start(const struct generation *g, struct text *out)
{
    text_puts(out, "\n/* Providers first.  0, or the error of *name, before which *started instances were started. */\n"
                   "static int start(unsigned *started, const char **name)\n{\n    int error = 0;\n    (void)name;\n");
    for (size_t k = 0; k < g->plan->instance_count; k++)
        if (g->bindings->instances[k].start)
            text_printf(out, "\n    *name = \"%s\";\n    *started = %zu;\n    if ((error = start_%zu()) < 0)\n        return error;\n",
                        g->plan->instances[k].name, k, k + 1);
    text_printf(out, "\n    *started = %zu;\n    return error;\n}\n", g->plan->instance_count);
}

static bool is_path(const struct key *k)
{
    return k->kind == KEY_KIND_path || (k->kind == KEY_KIND_list && k->element == KEY_KIND_path);
}

/* `boot`: its number among the keys that are read at boot, or 0. */
static void put_path(const struct plan_key *k, size_t boot, struct text *out)
{
    const char *writes = k->key->read_only ? "false" : "true";
    size_t count = k->key->kind == KEY_KIND_list ? k->value->item_count : 1;
    if (boot && k->key->kind == KEY_KIND_list) {
        text_printf(out, "    for (size_t i = 0; i < key_%zu_count; i++)\n        image_may_open(key_%zu[i], %s);\n", boot, boot, writes);
    } else if (boot) {
        text_printf(out, "    image_may_open(key_%zu, %s);\n", boot, writes);
    }
    for (size_t i = 0; !boot && i < count; i++) {
        text_puts(out, "    image_may_open(");
        c_string(out, k->key->kind == KEY_KIND_list ? k->value->items[i].text : k->value->text);
        text_printf(out, ", %s);\n", writes);
    }
}

/* What a process may open when its instances have started (targets/posix/landlock.c): its keys of kind path, by their numbers in boot_table.c. */
static void put_files(const struct generation *g, struct text *out)
{
    size_t boot = 0;
    text_puts(out, "\n#include <ukc/may_open.h>\nvoid image_may_open(const char *path, bool writes);\nint image_confine(void);\n"
                   "\nstatic void confine(void)\n{\n");
    for (size_t i = 0; i < g->plan->instance_count; i++)
        for (size_t k = 0; k < g->plan->instances[i].key_count; k++) {
            const struct plan_key *key = &g->plan->instances[i].keys[k];
            boot += key_is_boot(key->key);
            if (!is_path(key->key))
                continue;
            text_printf(out, "    MAY_OPEN(\"%s %s%s%s\");\n", key->key->read_only ? "r" : "rw", is_unikernel(&g->plan->instances[i]) ? "" : g->plan->instances[i].name,
                        is_unikernel(&g->plan->instances[i]) ? "" : ".", key->key->name.text);
            put_path(key, key_is_boot(key->key) ? boot : 0, out);
        }
    text_puts(out, "    if (image_confine() < 0) {\n        say(program);\n"
                   "        say(\": this kernel has no Landlock: the image could open any file\\n\");\n    }\n}\n");
}

static bool has_files(const struct generation *g)
{
    return g->plan->target == TARGET_posix && g->target && g->target->source_count;
}

static void put_stop(const struct generation *g, struct text *out)
{
    text_puts(out, "\n/* In reverse: the first `started` of them. */\nstatic void stop(unsigned started)\n{\n    (void)started;\n");
    for (size_t k = g->plan->instance_count; k-- > 0;)
        if (g->bindings->instances[k].stop)
            text_printf(out, "    if (started > %zu)\n        stop_%zu(); /* %s */\n", k, k + 1, g->plan->instances[k].name);
    text_puts(out, "}\n");
}

static const char say_code[] =
    "\nstatic void put(int descriptor, const char *bytes, size_t size)\n{\n"
    "    while (size > 0) {\n"
    "        ssize_t n = write(descriptor, bytes, size);\n"
    "        if (n <= 0)\n            return; /* there is nobody to tell */\n"
    "        bytes += n;\n        size -= (size_t)n;\n    }\n}\n"
    "\nstatic void say(const char *s)\n{\n    put(2, s, strlen(s));\n}\n";

/*
 * The note that says which recipe the image was made from, blank (provenance/note.h), and saying it on the console.  In assembly, because
 * the compiler would believe the blanks.
 */
static const char note_code[] =
    "\n__asm__(\".pushsection .note.ukc,\\\"a\\\",@note\\n.balign 4\\n.long 4, 64, 1\\n.asciz \\\"ukc\\\"\\n\"\n"
    "        \".globl note_recipe\\n.hidden note_recipe\\nnote_recipe: .fill 64, 1, 0x30\\n.popsection\");\n"
    "extern const char note_recipe[64] __attribute__((visibility(\"hidden\")));\n"
    "\nstatic void say_recipe(void)\n{\n    say(program);\n    say(\": recipe \");\n    put(2, note_recipe, sizeof note_recipe);\n    say(\"\\n\");\n}\n";

static bool has_note(const struct generation *g)
{
    for (size_t i = 0; i < g->plan->seal_count; i++)
        if (string_equal(g->target->seals[i].path, "note.recipe"))
            return g->plan->seals[i].value->number;
    return false;
}

/* Those with which an instance of ukc's catalogue does not start, as strerror says them: all of them would be a good part of a small image. */
static const struct {
    const char *name, *text;
} errors[] = {
    {"ENOMEM", "Out of memory"},      {"EIO", "I/O error"},
    {"ENODEV", "No such device"},     {"EBUSY", "Resource busy"},
    {"EINVAL", "Invalid argument"},   {"ENOTUNIQ", "Name not unique"},
    {"EROFS", "Read-only file system"}, {"ENOSPC", "No space left on device"},
    {"ENOTSUP", "Not supported"},     {"EBADMSG", "Bad message"},
    {"ETIMEDOUT", "Operation timed out"},
};

static void put_texts(bool strerror, struct text *out)
{
    text_puts(out, "\nstatic const char *text_of(int error)\n{\n");
    if (strerror) {
        text_puts(out, "    return strerror(-error);\n}\n");
        return;
    }
    text_puts(out, "    switch (-error) {\n");
    for (size_t k = 0; k < sizeof errors / sizeof errors[0]; k++)
        text_printf(out, "    case %s:\n        return \"%s\";\n", errors[k].name, errors[k].text);
    text_puts(out, "    default:\n        return NULL;\n    }\n}\n");
}

static void put_report(bool strerror, struct text *out)
{
    put_texts(strerror, out);
    text_puts(out, "\nstatic void report(const char *name, int error)\n{\n"
                   "    char digits[12];\n    size_t at = sizeof digits;\n    unsigned n = 0u - (unsigned)error;\n"
                   "    digits[--at] = '\\0';\n    do\n        digits[--at] = (char)('0' + n % 10);\n    while (n /= 10);\n"
                   "    say(program);\n    say(\": \");\n    say(name);\n    say(\" did not start: \");\n"
                   "    const char *words = text_of(error);\n    if (words) {\n        say(words);\n        say(\", \");\n    }\n"
                   "    say(\"error \");\n    say(digits + at);\n    say(\"\\n\");\n}\n");
}

/* Keys are set while the image starts, and read-only afterwards: so their defaults are set too, not loaded. */
static void put_main(bool boot, size_t budgets, bool note, bool files, struct text *out)
{
    text_puts(out, "\nint main(int argc, char **argv)\n{\n    unsigned started = 0;\n    const char *name = program;\n");
    if (boot)
        text_puts(out, "    set_defaults();\n");
    if (boot)
        text_puts(out, "    int refused = boot_arguments(program, boot_keys, sizeof boot_keys / sizeof boot_keys[0], argc, argv, put);\n");
    if (budgets)
        text_printf(out, "    if (!refused)\n        refused = boot_budgets(program, boot_budget_rows, %zu, put);\n", budgets);
    if (boot)
        text_puts(out, "    if (refused)\n        return refused == BOOT_HELP ? 0 : refused;\n");
    else
        text_puts(out, "    (void)argv;\n    if (argc > 1) {\n        say(program);\n"
                       "        say(\": there are no arguments: no key of this image is read at boot\\n\");\n        return 64;\n    }\n");
    text_puts(out, note ? "    say_recipe();\n" : "");
    text_printf(out,
                "    int error = start(&started, &name);\n"
                "    int status = 1;\n"
                "    if (error < 0)\n        report(name, error);\n    else {\n        image_seal();\n%s        status = unikernel_main();\n    }\n"
                "    stop(started);\n    return status;\n}\n",
                files ? "        confine();\n" : "");
}

void start_source(const struct generation *g, struct text *out)
{
    const struct plan_instance *unikernel = unikernel_of(g->plan);
    bool boot = plan_has_boot_keys(g->plan);
    text_printf(out, "/* Generated by ukc from the plan of %s for %s: starts and stops its instances. */\n", unikernel->name,
                target_names[g->plan->target]);
    text_puts(out, "#include <errno.h>\n#include <stdbool.h>\n#include <string.h>\n#include <unistd.h>\n");
    if (boot)
        text_puts(out, "#include \"boot.h\"\n#include <ukc/read_only.h>\n");
    if (g->target && g->target->source_count)
        text_puts(out, "\n/* The target's: what was set once becomes read-only. */\nvoid image_seal(void);\n");
    else
        text_puts(out, "\nstatic void image_seal(void)\n{\n}\n");
    text_printf(out, "\nstatic const char program[] = \"%s\";\n", unikernel->name);
    put_declarations(g, out);
    if (boot)
        boot_table(g, out);
    text_puts(out, say_code);
    text_puts(out, has_note(g) ? note_code : "");
    put_report(g->plan->target == TARGET_posix, out);
    put_start(g, out);
    put_stop(g, out);
    if (has_files(g))
        put_files(g, out);
    put_main(boot, plan_boot_budgets(g->plan), has_note(g), has_files(g), out);
}
