/*
 * declared.c - where a C file names a function: enough to point there, no parser.
 */
#include "declared.h"
#include "../base/file.h"
#include "../base/text.h"
#include <ctype.h>
#include <string.h>

/* Behind a comment or a literal that begins here, else s. */
static const char *skip(const char *s)
{
    if (string_starts(s, "/*")) {
        const char *end = strstr(s + 2, "*/");
        return end ? end + 2 : s + strlen(s);
    }
    if (string_starts(s, "//"))
        return s + strcspn(s, "\n");
    if (*s != '"' && *s != '\'')
        return s;
    for (char quote = *s++; *s && *s != quote && *s != '\n'; s++)
        if (*s == '\\' && s[1])
            s++;
    return s + (*s != 0);
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static struct span place(const struct source *source, const char *at, size_t length)
{
    struct span span = {source, 1, 1, (uint32_t)length};
    for (const char *s = source->bytes; s < at; s++) {
        span.column = *s == '\n' ? 1 : span.column + 1;
        span.line += *s == '\n';
    }
    return span;
}

static const struct source *read_quietly(struct arena *a, const char *path)
{
    struct diag *quiet = diag_create();
    const struct source *source = file_read(a, path, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    return source;
}

/* Behind the word, comment or literal that begins here, else behind one character. */
static const char *step(const char *s)
{
    const char *after = skip(s);
    if (after == s)
        while (in_word(*after))
            after++;
    return after > s ? after : s + 1;
}

static bool is_word(const char *s, const char *after, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(after - s) == length && !strncmp(s, word, length);
}

/* A call stands in a line that is indented; braces do not tell, where #if has two that begin and one that ends. */
static bool is_indented(const struct source *source, const char *at)
{
    while (at > source->bytes && at[-1] != '\n')
        at--;
    return *at == ' ' || *at == '\t';
}

/* A body stands behind the parentheses that begin here. */
static bool has_body(const char *s)
{
    for (int depth = 0; *s; s = step(s)) {
        depth += (*s == '(') - (*s == ')');
        if (depth == 0 && *s == ')') {
            for (s++; isspace((unsigned char)*s) || skip(s) > s;)
                s = isspace((unsigned char)*s) ? s + 1 : skip(s);
            return *s == '{';
        }
    }
    return false;
}

struct span declared_at(struct arena *a, const char *path, const char *function)
{
    const struct source *source = read_quietly(a, path);
    const char *first = NULL;
    for (const char *s = source ? source->bytes : "", *after; *s; s = after) {
        after = step(s);
        const char *behind = after + strspn(after, " \t");
        if (!is_word(s, after, function) || *behind != '(' || is_indented(source, s))
            continue;
        if (has_body(behind))
            return place(source, s, strlen(function));
        first = first ? first : s;
    }
    return first ? place(source, first, strlen(function)) : SPAN_NONE;
}

struct span used_at(struct arena *a, const char *path, const char *name)
{
    const struct source *source = read_quietly(a, path);
    const char *first = NULL;
    int depth = 0;
    for (const char *s = source ? source->bytes : "", *after; *s; s = after) {
        after = step(s);
        depth += (*s == '{') - (*s == '}');
        if (!is_word(s, after, name))
            continue;
        if (depth > 0)
            return place(source, s, strlen(name));
        first = first ? first : s;
    }
    return first ? place(source, first, strlen(name)) : SPAN_NONE;
}
