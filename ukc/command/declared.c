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

struct span declared_at(struct arena *a, const char *path, const char *function)
{
    struct diag *quiet = diag_create();
    const struct source *source = file_read(a, path, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    size_t length = strlen(function);
    for (const char *s = source ? source->bytes : ""; *s;) {
        const char *after = skip(s);
        if (after == s && in_word(*s)) {
            while (in_word(*after))
                after++;
            if ((size_t)(after - s) == length && !strncmp(s, function, length) && after[strspn(after, " \t")] == '(')
                return place(source, s, length);
        }
        s = after > s ? after : s + 1;
    }
    return SPAN_NONE;
}
