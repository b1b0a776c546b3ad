/*
 * words.c - command words of build statements, and commands written out.
 */
#include "words.h"

#include <string.h>

bool put_word(const struct generation *g, struct text *line, const char *word, struct span span)
{
    if (strpbrk(word, "\n\r"))
        return diag_error(g->d, span, "a command's word cannot hold a line's end");
    if (line->size)
        text_putc(line, ' ');
    ninja_shell_word(line, word);
    return true;
}

bool put_words(const struct generation *g, struct text *line, const struct word *words, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = put_word(g, line, words[i].text, words[i].span) && good;
    return good;
}

static bool is_library_flag(const char *word)
{
    static const char *const accepted[] = {"-I", "-D", "-l", "-L"};
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        if (string_starts(word, accepted[i]) && word[2] && string_is_clean_utf8(word, strlen(word)))
            return true;
    return string_equal(word, "-pthread");
}

bool split_library_flags(const struct generation *g, const char *flags, struct span span, word_list *out)
{
    bool good = true;
    for (const char *p = flags ? flags : ""; *p;) {
        struct text word = {};
        while (*p == ' ' || *p == '\n' || *p == '\t')
            p++;
        for (; *p && *p != ' ' && *p != '\n' && *p != '\t'; p++) {
            if (*p == '\\' && p[1])
                p++;
            text_putc(&word, *p);
        }
        if (word.size && is_library_flag(text_string(&word)))
            *vec_add(g->a, out) = text_keep(&word, g->a);
        else if (word.size)
            good = diag_error(g->d, span, "pkg-config gives the flag '%s'; only -I, -D, -l, -L and -pthread are accepted",
                              text_string(&word));
        text_dispose(&word);
    }
    return good;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *value_of(const char *name, size_t size, const struct ninja_variable *variables, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(variables[i].name) == size && strncmp(variables[i].name, name, size) == 0)
            return variables[i].value;
    return "";
}

void expand_command(struct text *out, const char *text, const struct ninja_variable *variables, size_t count)
{
    for (const char *p = text; *p;) {
        if (*p == '\n') {
            text_putc(out, ' ');
            p++;
        } else if (*p != '$') {
            text_putc(out, *p++);
        } else if (!is_name(p[1]) && p[1] != '{') {
            text_putc(out, p[1] ? p[1] : '$'); /* "$$" and the like */
            p += p[1] ? 2 : 1;
        } else {
            const char *name = p[1] == '{' ? p + 2 : p + 1;
            size_t size = 0;
            while (is_name(name[size]))
                size++;
            expand_command(out, value_of(name, size, variables, count), variables, count);
            p = name + size + (p[1] == '{' && name[size] == '}');
        }
    }
}

/* The value of what a match selects by: "target", a key of the instance, or a deciding key ("stack.net", "net"). */
static const char *selected(const struct generation *g, const struct plan_instance *instance, const char *selector)
{
    if (string_equal(selector, "target"))
        return target_names[g->plan->target];
    for (size_t i = 0; i < instance->key_count; i++)
        if (string_equal(instance->keys[i].key->name.text, selector) && instance->keys[i].value)
            return instance->keys[i].value->text;
    for (size_t i = 0; i < g->plan->signature_key_count; i++) {
        const char *path = g->plan->signature_key_paths[i], *dot = strrchr(path, '.');
        if (string_equal(path, selector) || (dot && string_equal(dot + 1, selector)))
            return g->plan->signature_keys[i].value->text;
    }
    return "";
}

const struct word *source_paths(const struct generation *g, const struct plan_instance *instance, const struct source_file *source,
                                struct word *single, size_t *count)
{
    *count = 0;
    if (!source->selector.text) {
        *single = source->path;
        *count = 1;
        return single;
    }
    const char *value = selected(g, instance, source->selector.text);
    for (size_t i = 0; i < source->case_count; i++) {
        const struct source_case *c = &source->cases[i];
        if (!string_equal(c->value.text, value) && !string_equal(c->value.text, "default"))
            continue;
        *count = c->path_count;
        return c->paths;
    }
    return NULL;
}
