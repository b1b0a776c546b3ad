/*
 * man.c - the manual page ukc(1), from the tables (groff_man(7)).
 */
#include "command.h"
#include <stdio.h>

/* troff: a leading dot or quote and every backslash and hyphen need care. */
static void print_troff(FILE *out, const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", out);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", out);
        else if (*s == '-')
            fputs("\\-", out);
        else
            fputc(*s, out);
    }
}

static void print_option(FILE *out, const struct option *o)
{
    fputs(".TP\n.B ", out);
    if (o->letter)
        fprintf(out, "\\-%c, ", o->letter);
    fputs("\\-\\-", out);
    print_troff(out, o->name);
    if (o->argument)
        fprintf(out, " \\fI%s\\fR", o->argument);
    fputc('\n', out);
    print_troff(out, o->doc);
    fputs(".\n", out);
}

static void print_command(FILE *out, const struct command *c)
{
    fprintf(out, ".SS \"ukc %s%s%s\"\n", c->name, c->arguments[0] ? " " : "", c->arguments);
    print_troff(out, c->summary);
    fputs(".\n", out);
    if (c->description) {
        fputs(".PP\n", out);
        print_troff(out, c->description);
        fputc('\n', out);
    }
    fputs(".PP\nOptions:", out);
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if ((c->takes >> id) & 1) {
            fputs("\n.B \\-\\-", out);
            print_troff(out, options[id].name);
        }
    fputs("\n.B \\-\\-help\n", out);
}

void command_print_man(FILE *out)
{
    fputs(".TH UKC 1 \"\" \"ukc " UKC_VERSION "\" \"User Commands\"\n"
          ".SH NAME\nukc \\- configuration\\-as\\-code unikernel compiler\n"
          ".SH SYNOPSIS\n.B ukc\n.I COMMAND\n[\\fIOPTION\\fR...] [\\fIWORD\\fR...]\n"
          ".SH DESCRIPTION\n"
          "ukc reads a Lua manifest that describes an application, the signatures it requires and its static\n"
          "configuration; chooses compatible C implementations for a target; checks every interface; generates the\n"
          "bindings; builds one image with Ninja; and records what went into it.\n"
          ".SH COMMANDS\n",
          out);
    for (size_t k = 0; k < COMMAND_COUNT; k++)
        if (!commands[k].hidden)
            print_command(out, &commands[k]);
    fputs(".SH OPTIONS\n", out);
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (id != OPTION_list)
            print_option(out, &options[id]);
    fputs(".SH \"EXIT STATUS\"\n", out);
#define X(name, status, meaning) fprintf(out, ".TP\n.B %d\n%s.\n", status, meaning);
    DIAG_CLASSES(X)
#undef X
    fputs(".PP\n", out);
    print_troff(out, STATUS_OTHERS);
    fputs("\n.SH ENVIRONMENT\n"
          ".TP\n.B UKC_STORE\nThe store of sources and records; by default $XDG_DATA_HOME/ukc, else ~/.local/share/ukc.\n"
          ".TP\n.B XDG_CACHE_HOME\nWhere ukc/xen-in-qemu, for ukc run --in-qemu, is; by default ~/.cache.\n"
          ".TP\n.B NO_COLOR\nWhen set, diagnostics are not coloured.\n"
          ".SH FILES\n"
          ".TP\n.I ukc.lua\nThe manifest. 'ukc help manifest' documents its language.\n"
          ".TP\n.I ukc.lock\nThe choices made and the sources used, for version control.\n"
          ".TP\n.I build/TARGET/\nEverything generated, and the image.\n"
          ".SH EXAMPLES\n.nf\nukc init site && cd site\nukc configure \\-\\-target posix && ukc build && ukc run\n.fi\n",
          out);
}
