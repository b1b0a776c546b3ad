/*
 * json.c - the JSON writer.  A comma and a line break come before an element,
 * never after one, so that nothing has to be taken back.
 */
#include "json.h"

#include <string.h>

#include "utf8.h"

static void line(struct json *j)
{
    if (j->compact)
        return;
    text_putc(&j->out, '\n');
    for (unsigned i = 0; i < j->depth; i++)
        text_puts(&j->out, "  ");
}

/* Before a value or a key. */
static void element(struct json *j)
{
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (j->comma)
        text_putc(&j->out, ',');
    if (j->depth)
        line(j);
    j->comma = true;
}

static void quoted(struct json *j, const char *s)
{
    size_t n = strlen(s);
    text_putc(&j->out, '"');
    while (n) {
        uint32_t code;
        size_t length = utf8_decode(s, n, &code);
        if (!length)
            text_puts(&j->out, UTF8_REPLACEMENT);
        else if (code == '"' || code == '\\')
            text_printf(&j->out, "\\%c", (char)code);
        else if (code == '\n')
            text_puts(&j->out, "\\n");
        else if (code == '\t')
            text_puts(&j->out, "\\t");
        else if (utf8_is_control(code))
            text_printf(&j->out, "\\u%04x", (unsigned)code);
        else
            text_append(&j->out, s, length);
        s += length ? length : 1;
        n -= length ? length : 1;
    }
    text_putc(&j->out, '"');
}

static void open_with(struct json *j, char c)
{
    element(j);
    text_putc(&j->out, c);
    j->depth++;
    j->comma = false;
}

static void close_with(struct json *j, char c)
{
    j->depth--;
    if (j->comma)
        line(j);
    text_putc(&j->out, c);
    j->comma = true;
}

void json_object(struct json *j)
{
    open_with(j, '{');
}

void json_array(struct json *j)
{
    open_with(j, '[');
}

void json_end_object(struct json *j)
{
    close_with(j, '}');
}

void json_end_array(struct json *j)
{
    close_with(j, ']');
}

void json_key(struct json *j, const char *key)
{
    element(j);
    quoted(j, key);
    text_puts(&j->out, j->compact ? ":" : ": ");
    j->after_key = true;
}

void json_string(struct json *j, const char *value)
{
    if (!value) {
        json_null(j);
        return;
    }
    element(j);
    quoted(j, value);
}

void json_number(struct json *j, int64_t value)
{
    element(j);
    text_printf(&j->out, "%lld", (long long)value);
}

void json_bool(struct json *j, bool value)
{
    element(j);
    text_puts(&j->out, value ? "true" : "false");
}

void json_null(struct json *j)
{
    element(j);
    text_puts(&j->out, "null");
}

void json_value(struct json *j, const char *text, size_t size)
{
    element(j);
    text_append(&j->out, text, size);
}

void json_field(struct json *j, const char *key, const char *value)
{
    json_key(j, key);
    json_string(j, value);
}

void json_field_number(struct json *j, const char *key, int64_t value)
{
    json_key(j, key);
    json_number(j, value);
}

void json_field_bool(struct json *j, const char *key, bool value)
{
    json_key(j, key);
    json_bool(j, value);
}
