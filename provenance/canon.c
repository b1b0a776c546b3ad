/*
 * canon.c - see canon.h.
 */
#include "canon.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"

void canon_begin(struct text *t, const char *first)
{
    text_puts(t, first);
}

void canon_word(struct text *t, const char *s)
{
    text_putc(t, ' ');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c <= ' ' || c == 0x7f || c == '%')
            text_printf(t, "%%%02X", c);
        else
            text_putc(t, (char)c);
    }
}

void canon_hash(struct text *t, const struct hash *h)
{
    char hex[HASH_HEX];
    hash_hex(h, hex);
    canon_word(t, hex);
}

void canon_number(struct text *t, uint64_t n)
{
    text_printf(t, " %" PRIu64, n);
}

void canon_end(struct text *t)
{
    text_putc(t, '\n');
}

void canon_line(struct text *t, const char *first, const char *word)
{
    canon_words(t, first, &word, 1);
}

void canon_words(struct text *t, const char *first, const char *const *words, size_t count)
{
    canon_begin(t, first);
    for (size_t i = 0; i < count; i++)
        canon_word(t, words[i]);
    canon_end(t);
}

bool canon_is_same(const struct text *t, const void *bytes, size_t size)
{
    return t->size == size && memcmp(t->bytes, bytes, size) == 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; false: a bad escape. */
static bool unescape(char *word)
{
    char *to = word;
    for (const char *p = word; *p; p++) {
        if (*p != '%') {
            *to++ = *p;
            continue;
        }
        int high = hex_digit(p[1]), low = high < 0 ? -1 : hex_digit(p[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        p += 2;
    }
    *to = 0;
    return true;
}

static bool split(struct arena *a, char *line, struct canon_line *out)
{
    size_t count = 1;
    for (const char *p = line; *p; p++)
        count += *p == ' ';
    const char **words = arena_array(a, const char *, count + 1);
    out->words = words;
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        char *end = line + strcspn(line, " "), *next = end + (*end == ' ');
        *end = 0;
        words[i] = line;
        if (!*line || !unescape(line))
            return false;
        line = next;
    }
    return true;
}

const struct canon_line *canon_lines(struct arena *a, const void *bytes, size_t size, size_t limit, size_t *count)
{
    VEC(struct canon_line) lines = {};
    const char *text = bytes;
    if (size == 0 || text[size - 1] != '\n' || memchr(text, 0, size))
        return NULL;
    char *line = arena_strndup(a, text, size);
    for (char *next; *line; line = next) {
        char *end = strchr(line, '\n');
        *end = 0;
        next = end + 1;
        if (lines.count == limit || !split(a, line, vec_add(a, &lines)))
            return NULL;
    }
    *count = lines.count;
    return lines.items;
}

bool canon_is(const struct canon_line *line, const char *first, size_t words)
{
    return line->count == words && strcmp(line->words[0], first) == 0;
}

bool canon_parse_number(const char *word, uint64_t *out)
{
    uint64_t n = 0;
    if (!*word || (*word == '0' && word[1]))
        return false;
    for (; *word; word++) {
        if (*word < '0' || *word > '9' || n > (UINT64_MAX - (uint64_t)(*word - '0')) / 10)
            return false;
        n = n * 10 + (uint64_t)(*word - '0');
    }
    *out = n;
    return true;
}

bool canon_is_path(struct arena *a, const char *word)
{
    return path_is_inside(word) && strcmp(path_normal(a, word), word) == 0 && strcmp(word, ".") != 0;
}
