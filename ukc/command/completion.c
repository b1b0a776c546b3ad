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

/* By what stands for it in the table: "FILE", "[NAME=]FILE[,ro]", "DIR". */
static bool takes_file(size_t id)
{
    return options[id].argument && strstr(options[id].argument, "FILE");
}

static bool takes_directory(size_t id)
{
    return options[id].argument && string_equal(options[id].argument, "DIR");
}

static void print_names(FILE *out)
{
    const char *gap = "";
    for (size_t k = 0; k < COMMAND_COUNT; k++)
        if (!commands[k].hidden) {
            fprintf(out, "%s%s", gap, commands[k].name);
            gap = " ";
        }
}

/* What `ukc complete` is asked for when a word of this command is completed, or "". */
static const char *words_of(const struct command *c)
{
    if (c == &commands[COMMAND_explain])
        return "names";
    if (c == &commands[COMMAND_diff])
        return "targets";
    if (c == &commands[COMMAND_help])
        return "topics";
    return string_starts(c->arguments, "[NAME]") ? "unikernels" : "";
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
    "    case \"$name $before\" in\n";

/* "* --profile|configure -p)": one letter means several options. */
static void print_bash_option(FILE *out, size_t id)
{
    fprintf(out, "    *\" --%s\"", options[id].name);
    for (size_t k = 0; k < COMMAND_COUNT && options[id].letter; k++)
        if (listed(&commands[k], id) && !commands[k].hidden)
            fprintf(out, "|\"%s -%c\"", commands[k].name, options[id].letter);
    fputs(id == OPTION_directory ? "|\" -C\")" : ")", out);
}

static void print_bash(FILE *out)
{
    fputs(bash_head, out);
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (!options[id].argument)
            continue;
        print_bash_option(out, id);
        if (id == OPTION_set)
            fputs(" _ukc_setting", out);
        else if (option_words[id])
            fprintf(out, " _ukc_offer '%s'", option_words[id]);
        else if (takes_file(id) || takes_directory(id))
            fprintf(out, " COMPREPLY=($(compgen -%c -- \"$word\"))", takes_file(id) ? 'f' : 'd');
        else
            fputs(" COMPREPLY=()", out);
        fputs("; return ;;\n", out);
    }
    fputs("    esac\n    case $name in\n    '') _ukc_offer '", out);
    print_names(out);
    fputs("' ;;\n", out);
    for (size_t k = 0; k < COMMAND_COUNT; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, "    %s) _ukc_offer '", commands[k].name);
        for (size_t id = 0; id < OPTION_COUNT; id++)
            if (listed(&commands[k], id))
                fprintf(out, "--%s ", options[id].name);
        fprintf(out, "' %s%s ;;\n", words_of(&commands[k]), k == COMMAND_diff ? "; COMPREPLY+=($(compgen -f -- \"$word\"))" : "");
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

/* `name`: "--target=", or "-t+" with the argument behind it or in the next word. */
static void print_zsh_option(FILE *out, size_t id, const char *name)
{
    const struct option *o = &options[id];
    fprintf(out, " '%s%s[", o->repeatable ? "*" : "", name);
    print_quoted(out, o->doc, true);
    fputs("]", out);
    if (o->argument) {
        fprintf(out, ":%s:", o->argument);
        if (option_words[id])
            fprintf(out, "(%s)", option_words[id]);
        else if (id == OPTION_set)
            fputs(" _ukc_words keys -S \"\"", out);
        else if (takes_file(id) || takes_directory(id))
            fputs(takes_file(id) ? "_files" : "_files -/", out);
        else
            fputs(" ", out);
    }
    fputs("'", out);
}

static void print_zsh_options(FILE *out, const struct command *c)
{
    char name[64];
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (!listed(c, id))
            continue;
        snprintf(name, sizeof name, "--%s%s", options[id].name, options[id].argument ? "=" : "");
        print_zsh_option(out, id, name);
        if (!options[id].letter)
            continue;
        snprintf(name, sizeof name, "-%c%s", options[id].letter, options[id].argument ? "+" : "");
        print_zsh_option(out, id, name);
    }
}

static void print_zsh(FILE *out)
{
    fputs("#compdef ukc\n"
          "_ukc_words()\n{\n    local -a found\n    found=(${(f)\"$($words[1] complete $1 2>/dev/null)\"})\n"
          "    compadd \"${@:2}\" -a found\n}\n"
          "_ukc()\n{\n    local -a names\n    names=(", out);
    for (size_t k = 0; k < COMMAND_COUNT; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, " '%s:", commands[k].name);
        print_quoted(out, commands[k].summary, true);
        fputs("'", out);
    }
    fputs(")\n    if (( CURRENT == 2 )); then\n        _describe command names\n        return\n    fi\n"
          "    local name=$words[2]\n    words=(\"$words[1]\" \"${(@)words[3,-1]}\")\n    (( CURRENT-- ))\n    case $name in\n",
          out);
    for (size_t k = 0; k < COMMAND_COUNT; k++) {
        if (commands[k].hidden)
            continue;
        fprintf(out, "    %s) _arguments -S", commands[k].name);
        print_zsh_options(out, &commands[k]);
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
    for (size_t k = 0; k < COMMAND_COUNT; k++) {
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
            if (option_words[id])
                fprintf(out, " -x -a '%s'", option_words[id]);
            else if (id == OPTION_set)
                fputs(" -x -a '(ukc complete keys 2>/dev/null)'", out);
            else if (options[id].argument)
                fputs(takes_file(id) || takes_directory(id) ? " -r -F" : " -x", out);
            fputs(" -d '", out);
            print_quoted(out, options[id].doc, false);
            fputs("'\n", out);
        }
    }
}

void command_print_completion(const char *shell, FILE *out)
{
    if (string_equal(shell, "bash"))
        print_bash(out);
    else if (string_equal(shell, "zsh"))
        print_zsh(out);
    else
        print_fish(out);
}
