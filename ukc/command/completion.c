/*
 * completion.c - completion scripts for bash, zsh and fish, from the tables.
 *
 * What depends on the project the scripts ask `ukc complete` for (complete.c).
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

/* What `ukc complete` is asked for when a word of this command is completed, or "". */
static const char *words_of(const struct command *c)
{
    if (c->run == command_explain)
        return "names";
    if (c->run == command_diff)
        return "targets";
    return string_starts(c->arguments, "[NAME]") ? "unikernels" : "";
}

/* The topics of help that are no commands. */
static void print_topics(FILE *out)
{
    size_t count;
    const struct manifest_field *fields = manifest_fields(&count);
    fputs(" manifest", out);
    for (size_t k = 0; k < count; k++)
        if (k == 0 || !string_equal(fields[k].declaration, fields[k - 1].declaration))
            fprintf(out, " %s", fields[k].declaration);
}

static const char bash_head[] =
    "# bash completion for ukc\n"
    "_ukc_offer()\n"
    "{\n"
    "    local words=$1\n"
    "    [[ $2 && $word != -* ]] && words+=\" $(\"${COMP_WORDS[0]}\" complete \"$2\" \"${place[@]}\" 2>/dev/null)\"\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
    "}\n"
    "_ukc_setting()\n"
    "{\n"
    "    local words=$(\"${COMP_WORDS[0]}\" complete keys \"${place[@]}\" 2>/dev/null)\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"${key:+$key=}$word\"))\n"
    "    [ \"$key\" ] && COMPREPLY=(\"${COMPREPLY[@]#\"$key=\"}\")\n"
    "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
    "}\n"
    "_ukc()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} at=$COMP_CWORD before key= name= k v\n"
    "    local -a place=()\n"
    "    # bash makes '=' a word of its own\n"
    "    [ \"$word\" = = ] && word= at=$((at + 1))\n"
    "    before=${COMP_WORDS[at-1]}\n"
    "    if [ \"$before\" = = ]; then\n"
    "        key=${COMP_WORDS[at-2]} before=${COMP_WORDS[at-3]}\n"
    "        [ \"$before\" = = ] && before=${COMP_WORDS[at-4]}\n"
    "        [[ $key == -* ]] && before=$key key=\n"
    "    fi\n"
    "    for ((k = 1; k < COMP_CWORD; k++)); do\n"
    "        case ${COMP_WORDS[k]} in\n"
    "        -C|--directory|-t|--target)\n"
    "            v=$((k + 1))\n"
    "            [ \"${COMP_WORDS[v]}\" = = ] && v=$((v + 1))\n"
    "            [ \"$v\" -lt \"$COMP_CWORD\" ] && place+=(\"${COMP_WORDS[k]}\" \"${COMP_WORDS[v]}\")\n"
    "            k=$v ;;\n"
    "        -*) ;;\n"
    "        *) [ \"$name\" ] || name=${COMP_WORDS[k]} ;;\n"
    "        esac\n"
    "    done\n"
    "    case $before in\n"
    "    -s|--set) _ukc_setting; return ;;\n";

static void print_bash(FILE *out)
{
    fputs(bash_head, out);
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (!values_of(id))
            continue;
        fputs("    ", out);
        if (options[id].letter)
            fprintf(out, "-%c|", options[id].letter);
        fprintf(out, "--%s) _ukc_offer '%s'; return ;;\n", options[id].name, values_of(id));
    }
    fputs("    -c|-o|--config|--list|--output) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
          "    --catalogue|--directory|-C) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n    esac\n"
          "    case $name in\n    '') _ukc_offer '",
          out);
    print_names(out);
    fputs("' ;;\n", out);
    for (size_t k = 0; k < command_count; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, "    %s) _ukc_offer '", commands[k].name);
        for (size_t id = 0; id < OPTION_COUNT; id++)
            if (listed(&commands[k], id))
                fprintf(out, "--%s ", options[id].name);
        if (commands[k].run == command_help) {
            print_names(out);
            print_topics(out);
        }
        fprintf(out, "' %s%s ;;\n", words_of(&commands[k]), commands[k].run == command_diff ? "; COMPREPLY+=($(compgen -f -- \"$word\"))" : "");
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
        else if (id == OPTION_set)
            fputs(" _ukc_words keys -S \"\"", out);
        else if (id == OPTION_directory || id == OPTION_catalogue)
            fputs("_files -/", out);
        else
            fputs("_files", out);
    }
    fputs("'", out);
}

static void print_zsh(FILE *out)
{
    fputs("#compdef ukc\n"
          "_ukc_words()\n{\n    local -a found\n    found=(${(f)\"$($words[1] complete $1 2>/dev/null)\"})\n"
          "    compadd \"${@:2}\" -a found\n}\n"
          "_ukc()\n{\n    local -a names\n    names=(", out);
    for (size_t k = 0; k < command_count; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, " '%s:", commands[k].name);
        print_quoted(out, commands[k].summary, true);
        fputs("'", out);
    }
    fputs(")\n    if (( CURRENT == 2 )); then\n        _describe command names\n        return\n    fi\n"
          "    local name=$words[2]\n    words=(\"$words[1]\" \"${(@)words[3,-1]}\")\n    (( CURRENT-- ))\n    case $name in\n",
          out);
    for (size_t k = 0; k < command_count; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, "    %s) _arguments -S", commands[k].name);
        for (size_t id = 0; id < OPTION_COUNT; id++)
            if (listed(&commands[k], id))
                print_zsh_option(out, id);
        if (*words_of(&commands[k]) && commands[k].run != command_diff)
            fprintf(out, " '*:word: _ukc_words %s' ;;\n", words_of(&commands[k]));
        else
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
        if (*words_of(c))
            fprintf(out, "complete -c ukc -n '__fish_seen_subcommand_from %s' -a '(ukc complete %s 2>/dev/null)'\n", c->name, words_of(c));
        for (size_t id = 0; id < OPTION_COUNT; id++) {
            if (!listed(c, id))
                continue;
            fprintf(out, "complete -c ukc -n '__fish_seen_subcommand_from %s' -l %s", c->name, options[id].name);
            if (options[id].letter)
                fprintf(out, " -s %c", options[id].letter);
            if (values_of(id))
                fprintf(out, " -x -a '%s'", values_of(id));
            else if (id == OPTION_set)
                fputs(" -x -a '(ukc complete keys 2>/dev/null)'", out);
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
