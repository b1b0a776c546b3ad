/*
 * help_keys.c - the keys of the project that is here, as `ukc configure --help` lists them.
 */
#include "command.h"
#include "../project/project.h"
#include <stdio.h>

static const char *const kind_names[] = {
#define X(name, doc) [KEY_KIND_##name] = #name,
    KEY_KINDS(X)
#undef X
};
static const char *const phase_names[] = {[KEY_CONFIGURE] = "", [KEY_BOOT] = ", read at boot", [KEY_BOTH] = ", may be given at boot"};

static void print_key(FILE *out, const char *path, const struct plan_key *k)
{
    fprintf(out, "  %s = %s\n", path, k->value ? k->value->text : "(not set)");
    fprintf(out, "      %s%s", kind_names[k->key->kind], phase_names[k->key->phase]);
    if (k->key->kind == KEY_KIND_enum) {
        fputs(":", out);
        for (size_t n = 0; n < k->key->choice_count; n++)
            fprintf(out, "%s %s", n ? "," : "", k->key->choices[n].text);
    }
    if (k->key->kind == KEY_KIND_integer && k->key->min != INT64_MIN && k->key->max != INT64_MAX)
        fprintf(out, ", %lld to %lld", (long long)k->key->min, (long long)k->key->max);
    fprintf(out, "%s%s", k->key->doc ? ". " : "", k->key->doc ? k->key->doc : "");
    if (k->key->group)
        fprintf(out, " [%s]", k->key->group);
    fputc('\n', out);
}

void command_print_project_keys(struct invocation *i, FILE *out)
{
    if (i->command != COMMAND_configure || !file_exists("ukc.lua"))
        return;
    struct project p;
    if (!project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, false))
        return;
    p.offline = true; /* help does not go to the network */
    if (!project_load(&p) || !project_graph(&p) || !project_plan(&p))
        return;
    fprintf(out, "\nkeys of %s for %s (--set PATH=VALUE; the shortest unambiguous end of a path will do):\n", p.unikernel->name.text,
            target_names[p.configuration.target]);
    size_t count;
    const struct project_key *keys = project_keys(&p, &count);
    for (size_t k = 0; k < count; k++)
        print_key(out, keys[k].path, keys[k].key);
}
