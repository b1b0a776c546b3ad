/*
 * fields.c - "Name: value", a line each (RFC 9112 section 5, RFC 9110 section 5.5).
 */
#include "http_lines.h"

#include <errno.h>
#include <ukc/eight.h>
#include <ukc/http_octet.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Behind the token that begins there.  By itself: among the rest of take() the loop is twice as long. */
__attribute__((noinline)) static const char *behind_token(const char *at)
{
    while (http_octet(*at) & OCTET_TOKEN)
        at++;
    return at;
}

/* The first byte from `at` on that is a control character other than the tab; there is one, the CR of the line. */
static const char *control(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word = eight_at(at), found = eight_below(word, ' ') | eight_equal(word, 0x7f);
        if (found) {
            at += eight_first(found);
            break;
        }
    }
    while ((unsigned char)*at >= ' ' ? *at != 0x7f : *at == '\t')
        at++;
    return at;
}

/* One line of [at, end), and where the next one begins; NULL when it is not a field. */
static const char *take(const char *at, const char *end, struct http_field *field)
{
    const char *name = at;
    at = behind_token(at);
    if (at == name || *at != ':')
        return NULL;
    field->name = (struct view){name, (size_t)(at - name)};
    do
        at++;
    while (is_blank(*at));
    const char *last = control(at, end);
    if (*last != '\r')
        return NULL;
    const char *next = last + 2;
    while (last > at && is_blank(last[-1]))
        last--;
    field->value = (struct view){at, (size_t)(last - at)};
    return next;
}

ptrdiff_t http_lines_fields(struct view lines, struct http_field *fields, size_t most)
{
    if (lines.size == 0)
        return 0;
    const char *at = lines.bytes, *end = lines.bytes + lines.size;
    size_t count = 0;
    while (at < end) {
        if (count == most)
            return -E2BIG;
        at = take(at, end, &fields[count++]);
        if (at == NULL)
            return -EBADMSG;
    }
    return (ptrdiff_t)count;
}
