/*
 * html.c - see html.h.
 */
#include "html.h"
#include <string.h>
#include "../base/arena.h"
#include "../base/utf8.h"

static void put_character(struct text *out, const char *s, size_t n, uint32_t code)
{
    if (n == 0 || (utf8_is_control(code) && code != '\t' && code != '\n'))
        text_puts(out, UTF8_REPLACEMENT);
    else if (code == '&')
        text_puts(out, "&amp;");
    else if (code == '<')
        text_puts(out, "&lt;");
    else if (code == '>')
        text_puts(out, "&gt;");
    else if (code == '"')
        text_puts(out, "&quot;");
    else if (code == '\'')
        text_puts(out, "&#39;");
    else
        text_append(out, s, n);
}

void html_text(struct text *out, const char *s)
{
    for (size_t left = s ? strlen(s) : 0; left;) {
        uint32_t code = 0;
        size_t n = utf8_decode(s, left, &code);
        put_character(out, s, n, code);
        n = n ? n : 1;
        s += n;
        left -= n;
    }
}

unsigned html_width(const char *s)
{
    unsigned width = 0;
    for (size_t left = s ? strlen(s) : 0; left; width++) {
        uint32_t code;
        size_t n = utf8_decode(s, left, &code);
        n = n ? n : 1;
        s += n;
        left -= n;
    }
    return width;
}

const char *html_prefix(struct arena *a, const char *s, unsigned characters)
{
    const char *end = s;
    for (size_t left = strlen(s); left && characters; characters--) {
        uint32_t code;
        size_t n = utf8_decode(end, left, &code);
        n = n ? n : 1;
        end += n;
        left -= n;
    }
    return arena_strndup(a, s, (size_t)(end - s));
}

/* One conversion: its length after the '%'. */
static size_t convert(struct text *out, const char *f, va_list *arguments)
{
    if (*f == '%')
        return text_putc(out, '%'), 1;
    if (*f == 's')
        return html_text(out, va_arg(*arguments, const char *)), 1;
    if (*f == 'd')
        return text_printf(out, "%d", va_arg(*arguments, int)), 1;
    if (*f == 'u')
        return text_printf(out, "%u", va_arg(*arguments, unsigned)), 1;
    if (string_starts(f, "zu"))
        return text_printf(out, "%zu", va_arg(*arguments, size_t)), 2;
    if (string_starts(f, "llu"))
        return text_printf(out, "%llu", va_arg(*arguments, unsigned long long)), 3;
    __builtin_trap(); /* no other is used */
}

void html(struct text *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (const char *f = format; *f;) {
        size_t n = strcspn(f, "%");
        text_append(out, f, n);
        f += n;
        if (*f == '%')
            f += 1 + convert(out, f + 1, &arguments);
    }
    va_end(arguments);
}
