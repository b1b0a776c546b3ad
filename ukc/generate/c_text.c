/*
 * c_text.c - text as it must stand in generated C.
 */
#include "c_text.h"

#include <inttypes.h>
#include <string.h>

#include "../base/arena.h"

void c_string(struct text *out, const char *s)
{
    bool utf8 = string_is_clean_utf8(s, strlen(s)); /* then its bytes may stand as they are */
    text_putc(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\' || c == '?') /* "??/" would be a backslash to a compiler that knows trigraphs */
            text_printf(out, "\\%c", c);
        else if (c == '\n')
            text_puts(out, "\\n");
        else if (c < ' ' || c == 127 || (c >= 0x80 && !utf8))
            text_printf(out, "\\%03o", c); /* three digits: what follows cannot join in */
        else
            text_putc(out, *s);
    }
    text_putc(out, '"');
}

void c_integer(struct text *out, int64_t n)
{
    if (n == INT64_MIN) /* its digits alone are out of range before the minus applies */
        text_puts(out, "(-9223372036854775807 - 1)");
    else
        text_printf(out, n < 0 ? "(%" PRId64 ")" : "%" PRId64, n);
}

void c_comment_text(struct text *out, const char *s)
{
    for (; *s; s++) {
        bool special = (s[0] == '*' && s[1] == '/') || (s[0] == '/' && s[1] == '*');
        text_putc(out, (unsigned char)*s < ' ' || *s == '\\' ? ' ' : *s);
        if (special)
            text_putc(out, ' ');
    }
}

static char *translated(struct arena *a, const char *name, bool upper)
{
    char *copy = arena_strdup(a, name);
    for (char *p = copy; *p; p++) {
        if (upper && *p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
        else if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
            *p = '_';
    }
    return copy;
}

char *c_identifier(struct arena *a, const char *name)
{
    return translated(a, name, false);
}

char *c_macro(struct arena *a, const char *name)
{
    return translated(a, name, true);
}
