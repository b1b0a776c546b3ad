/*
 * write.c - the syntax of a Ninja file.
 *
 * Three languages meet in a build statement, each with its own escapes:
 *   - paths, where space, colon and dollar are special (and '|', which has no
 *     escape: it is written as the variable $pipe that ninja_begin() defines);
 *   - values, where only dollar and the line's end are;
 *   - the shell, which sees a command after Ninja has expanded it.
 * Ninja quotes $in and $out for the shell itself.
 */
#include "ninja.h"

#include <string.h>

/* A value: its lines are joined by Ninja, with one space. */
static void write_value(struct text *out, const char *value)
{
    for (const char *p = value; *p; p++) {
        if (*p == '\n')
            text_puts(out, p[1] ? " $\n      " : "");
        else
            text_putc(out, *p);
    }
    text_putc(out, '\n');
}

static void write_assignment(struct text *out, const char *indent, const char *name, const char *value)
{
    text_printf(out, "%s%s = ", indent, name);
    write_value(out, value);
}

void ninja_begin(struct text *out)
{
    text_puts(out, "ninja_required_version = 1.10\npipe = |\n");
}

void ninja_comment(struct text *out, const char *line)
{
    text_puts(out, "# ");
    for (const char *p = line; *p; p++) {
        text_putc(out, *p);
        if (*p == '\n')
            text_puts(out, "# ");
    }
    text_putc(out, '\n');
}

void ninja_variable(struct text *out, const struct ninja_variable *v)
{
    write_assignment(out, "", v->name, v->value);
}

void ninja_rule(struct text *out, const struct ninja_rule *rule)
{
    text_printf(out, "\nrule %s\n", rule->name);
    write_assignment(out, "  ", "command", rule->command);
    if (rule->description)
        write_assignment(out, "  ", "description", rule->description);
    if (rule->depfile) {
        write_assignment(out, "  ", "depfile", rule->depfile);
        text_puts(out, "  deps = gcc\n");
    }
    if (rule->restat)
        text_puts(out, "  restat = 1\n");
    if (rule->generator)
        text_puts(out, "  generator = 1\n");
    if (rule->pool)
        write_assignment(out, "  ", "pool", rule->pool);
    if (rule->rspfile) {
        write_assignment(out, "  ", "rspfile", rule->rspfile);
        write_assignment(out, "  ", "rspfile_content", rule->rspfile_content);
    }
}

void ninja_escape_path(struct text *out, const char *path)
{
    for (const char *p = path; *p; p++) {
        if (*p == '|') {
            text_puts(out, "${pipe}");
            continue;
        }
        if (*p == ' ' || *p == ':' || *p == '$')
            text_putc(out, '$');
        text_putc(out, *p);
    }
}

/* Plain in every position of a POSIX shell command; bytes above 127 are too. */
static bool is_shell_plain(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x80 || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') ||
           (u && strchr("_-+=./,:@%", c));
}

void ninja_escape_dependency(struct text *out, const char *path)
{
    for (; *path; path++) {
        if (strchr(" #\\", *path))
            text_putc(out, '\\');
        if (*path == '$')
            text_putc(out, '$');
        text_putc(out, *path);
    }
}

void ninja_shell_word(struct text *out, const char *word)
{
    bool plain = *word != '\0';
    for (const char *p = word; *p; p++)
        plain = plain && is_shell_plain(*p);
    if (!plain)
        text_putc(out, '\'');
    for (const char *p = word; *p; p++) {
        if (*p == '\'')
            text_puts(out, "'\\''");
        else if (*p == '$')
            text_puts(out, "$$");
        else
            text_putc(out, *p);
    }
    if (!plain)
        text_putc(out, '\'');
}

void ninja_escape_value(struct text *out, const char *s)
{
    for (const char *p = s; *p; p++)
        text_puts(out, *p == '$' ? "$$" : (char[]){*p, '\0'});
}

/* Lines of at most this many bytes where paths allow it: the file is read by people too. */
enum { LINE_BYTES = 100 };

static void write_paths(struct text *out, size_t *line, const char *before, const char *const *paths,
                        size_t count)
{
    if (count == 0)
        return;
    text_puts(out, before);
    for (size_t i = 0; i < count; i++) {
        if (out->size - *line + strlen(paths[i]) > LINE_BYTES) {
            text_puts(out, " $\n   ");
            *line = out->size - 3;
        }
        text_putc(out, ' ');
        ninja_escape_path(out, paths[i]);
    }
}

void ninja_build(struct text *out, const struct ninja_build *b)
{
    text_putc(out, '\n');
    size_t line = out->size;
    text_puts(out, "build");
    write_paths(out, &line, "", b->outputs, b->output_count);
    write_paths(out, &line, " |", b->implicit_outputs, b->implicit_output_count);
    text_printf(out, ": %s", b->rule);
    write_paths(out, &line, "", b->inputs, b->input_count);
    write_paths(out, &line, " |", b->implicit, b->implicit_count);
    write_paths(out, &line, " ||", b->order_only, b->order_only_count);
    text_putc(out, '\n');
    for (size_t i = 0; i < b->variable_count; i++)
        write_assignment(out, "  ", b->variables[i].name, b->variables[i].value);
}

void ninja_default(struct text *out, const char *target)
{
    text_puts(out, "\ndefault ");
    ninja_escape_path(out, target);
    text_putc(out, '\n');
}
