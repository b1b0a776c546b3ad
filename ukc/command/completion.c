/*
 * completion.c - completion scripts for bash, zsh and fish, from the tables.
 */
#include "command.h"
#include "../base/text.h"
#include <stdio.h>
#include <string.h>

static bool listed(const struct command *c, size_t id)
{
    return (c->takes >> id) & 1 || id == OPTION_help || id == OPTION_colour || id == OPTION_directory;
}

/* What may follow an option: words, files or directories. */
static const char *values_of(size_t id)
{
    switch (id) {
    case OPTION_target: return "posix kvm xen";
    case OPTION_profile: return "release dev";
    case OPTION_colour: return "always never auto";
    case OPTION_completion: return "bash zsh fish";
    default: return NULL;
    }
}

static void print_names(FILE *out)
{
    const char *gap = "";
    for (size_t k = 0; k < command_count; k++)
        if (!commands[k].hidden) {
            fprintf(out, "%s%s", gap, commands[k].name);
            gap = " ";
        }
}

static void print_bash(FILE *out)
{
    fputs("# bash completion for ukc\n_ukc()\n{\n    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    case $before in\n",
          out);
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (values_of(id)) {
            fprintf(out, "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", options[id].name, values_of(id));
        }
    fputs("    --config|--list|--output) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
          "    --catalogue|--directory|-C) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n    esac\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '",
          out);
    print_names(out);
    fputs("' -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", out);
    for (size_t k = 0; k < command_count; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, "    %s) COMPREPLY=($(compgen -W '", commands[k].name);
        for (size_t id = 0; id < OPTION_COUNT; id++)
            if (listed(&commands[k], id))
                fprintf(out, "--%s ", options[id].name);
        if (string_equal(commands[k].name, "help"))
            print_names(out);
        fputs("' -- \"$word\")) ;;\n", out);
    }
    fputs("    esac\n}\ncomplete -F _ukc ukc\n", out);
}

/* zsh and fish: single quotes inside single quotes, and zsh's brackets and colons */
static void print_quoted(FILE *out, const char *s, bool zsh)
{
    for (; *s; s++) {
        if (*s == '\'')
            fputs("'\\''", out);
        else if (zsh && strchr("[]:\\", *s))
            fprintf(out, "\\%c", *s);
        else
            fputc(*s, out);
    }
}

static void print_zsh_option(FILE *out, size_t id)
{
    const struct option *o = &options[id];
    fprintf(out, " '%s--%s%s[", o->repeatable ? "*" : "", o->name, o->argument ? "=" : "");
    print_quoted(out, o->doc, true);
    fputs("]", out);
    if (o->argument) {
        fprintf(out, ":%s:", o->argument);
        if (values_of(id))
            fprintf(out, "(%s)", values_of(id));
        else if (id == OPTION_directory || id == OPTION_catalogue)
            fputs("_files -/", out);
        else
            fputs("_files", out);
    }
    fputs("'", out);
}

static void print_zsh(FILE *out)
{
    fputs("#compdef ukc\n_ukc()\n{\n    local -a names\n    names=(", out);
    for (size_t k = 0; k < command_count; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, " '%s:", commands[k].name);
        print_quoted(out, commands[k].summary, true);
        fputs("'", out);
    }
    fputs(")\n    if (( CURRENT == 2 )); then\n        _describe command names\n        return\n    fi\n"
          "    local name=$words[2]\n    words=(ukc \"${(@)words[3,-1]}\")\n    (( CURRENT-- ))\n    case $name in\n",
          out);
    for (size_t k = 0; k < command_count; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, "    %s) _arguments -S", commands[k].name);
        for (size_t id = 0; id < OPTION_COUNT; id++)
            if (listed(&commands[k], id))
                print_zsh_option(out, id);
        fputs(" '*:word:_files' ;;\n", out);
    }
    fputs("    esac\n}\n_ukc \"$@\"\n", out);
}

static void print_fish(FILE *out)
{
    fputs("# fish completion for ukc\ncomplete -c ukc -f\n", out);
    for (size_t k = 0; k < command_count; k++) {
        const struct command *c = &commands[k];
        if (c->hidden)
            continue;
        fprintf(out, "complete -c ukc -n __fish_use_subcommand -a %s -d '", c->name);
        print_quoted(out, c->summary, false);
        fputs("'\n", out);
        for (size_t id = 0; id < OPTION_COUNT; id++) {
            if (!listed(c, id))
                continue;
            fprintf(out, "complete -c ukc -n '__fish_seen_subcommand_from %s' -l %s", c->name, options[id].name);
            if (options[id].letter)
                fprintf(out, " -s %c", options[id].letter);
            if (values_of(id))
                fprintf(out, " -x -a '%s'", values_of(id));
            else if (options[id].argument)
                fputs(" -r -F", out);
            fputs(" -d '", out);
            print_quoted(out, options[id].doc, false);
            fputs("'\n", out);
        }
    }
}

bool command_print_completion(const char *shell, FILE *out, struct diag *d)
{
    if (string_equal(shell, "bash"))
        print_bash(out);
    else if (string_equal(shell, "zsh"))
        print_zsh(out);
    else if (string_equal(shell, "fish"))
        print_fish(out);
    else
        return diag_fail(d, DIAG_USAGE, SPAN_NONE, "there is no completion for '%s': bash, zsh and fish are known", shell);
    return true;
}
