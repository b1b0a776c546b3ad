/*
 * help.c - help texts, from the tables of commands, options and manifest fields.
 */
#include "command.h"
#include "signature.h"
#include "../base/text.h"
#include <stdio.h>
#include <string.h>

/* Wraps `s` at 79 columns, each line indented. */
static void print_wrapped(FILE *out, const char *s, int indent, int column)
{
    while (*s) {
        size_t n = strcspn(s, " \n");
        if (column + (int)n > 79 && column > indent) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        fprintf(out, "%.*s", (int)n, s);
        column += (int)n;
        s += n;
        while (*s == ' ' || *s == '\n')
            s++;
        if (*s) {
            fputc(' ', out);
            column++;
        }
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct option *o)
{
    char left[64];
    int n = snprintf(left, sizeof left, "  %c%c%s--%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? ", " : "  ",
                     o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    fputs(left, out);
    if (n >= 27)
        fprintf(out, "\n%28s", "");
    else
        fprintf(out, "%*s", 28 - n, "");
    print_wrapped(out, o->doc, 28, 28);
}

void command_print_help(const struct command *c, FILE *out)
{
    fprintf(out, "usage: ukc %s [OPTION...]%s%s\n\n", c->name, c->arguments[0] ? " " : "", c->arguments);
    print_wrapped(out, c->summary, 0, 0);
    if (c->description) {
        fputc('\n', out);
        print_wrapped(out, c->description, 0, 0);
    }
    fprintf(out, "\noptions:\n");
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if ((c->takes >> id) & 1 || id == OPTION_help || id == OPTION_colour || id == OPTION_directory)
            print_option(out, &options[id]);
}

void command_print_overview(FILE *out)
{
    fprintf(out, "usage: ukc COMMAND [OPTION...] [WORD...]\n\n"
                 "ukc compiles an appliance described by ukc.lua into one sealed image.\n\ncommands:\n");
    for (size_t k = 0; k < COMMAND_COUNT; k++) {
        if (commands[k].hidden)
            continue;
        int n = fprintf(out, "  %s", commands[k].name);
        fprintf(out, "%*s", 14 - n, "");
        print_wrapped(out, commands[k].summary, 14, 14);
    }
    fprintf(out, "\nstart here:\n"
                 "  ukc init site && cd site\n"
                 "  ukc configure --target posix && ukc build && ukc run\n\n"
                 "'ukc help COMMAND' explains a command, 'ukc help manifest' the language of ukc.lua,\n"
                 "'ukc help signatures' lists what it can require, 'ukc help SIGNATURE' the operations.\n\n"
                 "exit status:\n");
#define X(name, status, meaning) fprintf(out, "  %d  %s\n", status, meaning);
    DIAG_CLASSES(X)
#undef X
    print_wrapped(out, STATUS_OTHERS, 0, 0);
}

static void print_field(FILE *out, const struct manifest_field *f)
{
    int n = fprintf(out, "  %s", f->name);
    fprintf(out, "%*s%s%s\n", n < 13 ? 14 - n : 2, "", f->type, f->required ? ", required" : "");
    fprintf(out, "%14s", "");
    print_wrapped(out, f->doc, 14, 14);
}

/* All fields of `topic`, or of every declaration when it is "manifest". */
static bool print_manifest_topic(const char *topic, FILE *out)
{
    size_t count;
    const struct manifest_field *fields = manifest_fields(&count);
    const char *last = NULL;
    bool any = false;
    for (size_t k = 0; k < count; k++) {
        if (!string_equal(topic, "manifest") && !string_equal(topic, fields[k].declaration))
            continue;
        if (!string_equal(last, fields[k].declaration))
            fprintf(out, "%s%s:\n", any ? "\n" : "", fields[k].declaration);
        last = fields[k].declaration;
        print_field(out, &fields[k]);
        any = true;
    }
    return any;
}

static bool unknown_topic(struct invocation *i, const struct manifest *m, const char *topic)
{
    VEC(const char *) names = {};
    size_t count;
    const struct manifest_field *fields = manifest_fields(&count);
    for (size_t k = 0; k < COMMAND_COUNT; k++)
        if (!commands[k].hidden)
            *vec_add(i->arena, &names) = commands[k].name;
    *vec_add(i->arena, &names) = "manifest";
    *vec_add(i->arena, &names) = "signatures";
    for (size_t k = 0; k < count; k++)
        if (k == 0 || !string_equal(fields[k].declaration, fields[k - 1].declaration))
            *vec_add(i->arena, &names) = fields[k].declaration;
    for (size_t k = 0; k < m->signature_count; k++)
        *vec_add(i->arena, &names) = m->signatures[k].name.text;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "there is no help on '%s'", topic);
    const char *near = string_nearest(string_starts(topic, "sig.") ? topic + strlen("sig.") : topic, names.items, names.count);
    if (near)
        return diag_help(i->diag, "did you mean 'ukc help %s'?", near);
    return diag_help(i->diag, "'ukc help' lists the commands, 'ukc help signatures' the signatures");
}

/* What is none of ukc's own words: a signature, or a mistake. */
static void print_signature_topic(struct invocation *i, const char *topic)
{
    bool mistakes;
    const struct manifest *m = signatures_read(i, &mistakes);
    if (m && !signature_print_help(i, m, topic))
        unknown_topic(i, m, topic);
    if (m && mistakes) {
        diag_warning(i->diag, SPAN_NONE, "the manifest here cannot be read: only ukc's own signatures are known");
        diag_help(i->diag, "'ukc check' says why");
    }
}

int command_help(struct invocation *i)
{
    if (given(i, OPTION_man)) {
        command_print_man(stdout);
        return 0;
    }
    if (given(i, OPTION_completion)) {
        command_print_completion(i->value[OPTION_completion], stdout);
        return 0;
    }
    if (given(i, OPTION_annotations)) {
        fputs(manifest_annotations(i->arena), stdout);
        return 0;
    }
    if (i->argument_count == 0) {
        command_print_overview(stdout);
        return 0;
    }
    const char *topic = i->arguments[0];
    const struct command *c = command_find(topic);
    if (c && !c->hidden) /* 'embed' is also a word of manifests */
        command_print_help(c, stdout);
    else if (!print_manifest_topic(topic, stdout))
        print_signature_topic(i, topic);
    return (int)diag_status(i->diag);
}
