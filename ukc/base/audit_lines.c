/*
 * audit_lines.c - the lines of the audit's log (see audit.h).
 */
#include "audit.h"
#include <string.h>
#include "arena.h"
#include "text.h"

void audit_put_line(struct text *line, const char *kind, long pid, const char *what)
{
    text_printf(line, "%s %ld ", kind, pid);
    for (const char *p = what;; p++) {
        size_t n = strcspn(p, "\\\n");
        text_append(line, p, n);
        p += n;
        if (!*p)
            break;
        text_puts(line, *p == '\n' ? "\\n" : "\\\\");
    }
    text_putc(line, '\n');
}

static const char *unescape(struct arena *a, const char *text, size_t n)
{
    char *out = arena_strndup(a, text, n), *to = out;
    for (const char *p = out; *p; p++)
        *to++ = *p != '\\' ? *p : *++p == 'n' ? '\n' : *p;
    *to = 0;
    return out;
}

bool audit_read_line(struct arena *a, const char **next, struct audit_line *out)
{
    while (**next) {
        const char *line = *next;
        size_t n = strcspn(line, "\n");
        const char *space = memchr(line, ' ', n), *second = space ? memchr(space + 1, ' ', n - (size_t)(space + 1 - line)) : NULL;
        *next += n + (line[n] == '\n');
        if (!second)
            continue;
        *out = (struct audit_line){arena_strndup(a, line, (size_t)(space - line)), arena_strndup(a, space + 1, (size_t)(second - space - 1)),
                                   unescape(a, second + 1, n - (size_t)(second + 1 - line))};
        return true;
    }
    return false;
}
