/*
 * json_read.c - see json_read.h.
 */
#include "json_read.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "arena.h"
#include "text.h"
#include "utf8.h"

#define DEEPEST 64

struct reading {
    struct arena *a;
    const char *bytes;
    size_t size, at;
    unsigned depth;
};

static bool read_value(struct reading *, struct json_value *);

static void skip_space(struct reading *r)
{
    while (r->at < r->size && memchr(" \t\n\r", r->bytes[r->at], 4))
        r->at++;
}

static bool take(struct reading *r, char c)
{
    bool there = r->at < r->size && r->bytes[r->at] == c;
    r->at += there;
    return there;
}

static bool take_word(struct reading *r, const char *word)
{
    size_t n = strlen(word);
    bool there = r->size - r->at >= n && memcmp(r->bytes + r->at, word, n) == 0;
    r->at += there ? n : 0;
    return there;
}

/* ---- strings ---- */

static bool take_four(struct reading *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->size ? r->bytes[r->at] : 0;
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 16;
        if (digit == 16)
            return false;
        *out = *out * 16 + digit;
    }
    return true;
}

static void put_utf8(struct text *t, uint32_t c)
{
    if (c < 0x80) {
        text_putc(t, (char)c);
        return;
    }
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    text_putc(t, (char)(first[more] | c >> 6 * more));
    while (more-- > 0)
        text_putc(t, (char)(0x80 | (c >> 6 * more & 0x3f)));
}

/* Behind "\u"; of two surrogates the second follows. */
static bool read_code(struct reading *r, struct text *out)
{
    uint32_t c, low;
    if (!take_four(r, &c) || c == 0 || (c >= 0xdc00 && c < 0xe000))
        return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (!take_word(r, "\\u") || !take_four(r, &low) || low < 0xdc00 || low >= 0xe000)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(out, c);
    return true;
}

static bool read_escape(struct reading *r, struct text *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (take(r, 'u'))
        return read_code(r, out);
    const char *c = r->at < r->size && r->bytes[r->at] ? strchr(from, r->bytes[r->at]) : NULL;
    if (!c)
        return false;
    text_putc(out, to[c - from]);
    r->at++;
    return true;
}

/* Behind the quote. */
static bool read_characters(struct reading *r, struct text *out)
{
    while (r->at < r->size && r->bytes[r->at] != '"') {
        uint32_t code;
        size_t n = utf8_decode(r->bytes + r->at, r->size - r->at, &code);
        if (!n || code < 0x20)
            return false;
        r->at += n;
        if (code != '\\')
            text_append(out, r->bytes + r->at - n, n);
        else if (!read_escape(r, out))
            return false;
    }
    return take(r, '"');
}

static bool read_string(struct reading *r, const char **out)
{
    struct text t = {};
    bool good = take(r, '"') && read_characters(r, &t);
    *out = good ? text_keep(&t, r->a) : NULL;
    text_dispose(&t);
    return good;
}

/* ---- the rest ---- */

static size_t take_digits(struct reading *r)
{
    size_t before = r->at;
    while (r->at < r->size && r->bytes[r->at] >= '0' && r->bytes[r->at] <= '9')
        r->at++;
    return r->at - before;
}

static bool read_number(struct reading *r, struct json_value *out)
{
    size_t begin = r->at;
    take(r, '-');
    bool good = take(r, '0') || take_digits(r);
    if (good && take(r, '.'))
        good = take_digits(r);
    if (good && (take(r, 'e') || take(r, 'E'))) {
        if (!take(r, '+'))
            take(r, '-');
        good = take_digits(r);
    }
    *out = (struct json_value){.kind = JSON_NUMBER, .text = arena_strndup(r->a, r->bytes + begin, r->at - begin)};
    return good;
}

static bool read_members(struct reading *r, struct json_value *out, char end)
{
    VEC(struct json_value) items = {};
    VEC(const char *) keys = {};
    skip_space(r);
    bool more = !take(r, end);
    while (more) {
        skip_space(r);
        if (end == '}') {
            const char *key;
            if (!read_string(r, &key))
                return false;
            for (size_t k = 0; k < keys.count; k++)
                if (strcmp(keys.items[k], key) == 0)
                    return false;
            *vec_add(r->a, &keys) = key;
            skip_space(r);
            if (!take(r, ':'))
                return false;
        }
        struct json_value value;
        if (!read_value(r, &value))
            return false;
        *vec_add(r->a, &items) = value;
        skip_space(r);
        more = take(r, ',');
        if (!more && !take(r, end))
            return false;
    }
    *out = (struct json_value){.kind = end == '}' ? JSON_OBJECT : JSON_ARRAY, .items = items.items, .keys = keys.items, .count = items.count};
    return true;
}

static bool read_inside(struct reading *r, struct json_value *out, char end)
{
    if (++r->depth > DEEPEST)
        return false;
    bool good = read_members(r, out, end);
    r->depth--;
    return good;
}

static bool read_value(struct reading *r, struct json_value *out)
{
    *out = (struct json_value){};
    skip_space(r);
    if (take(r, '{'))
        return read_inside(r, out, '}');
    if (take(r, '['))
        return read_inside(r, out, ']');
    if (r->at < r->size && r->bytes[r->at] == '"') {
        out->kind = JSON_STRING;
        return read_string(r, &out->text);
    }
    if (take_word(r, "null"))
        return true;
    if (take_word(r, "true") || take_word(r, "false")) {
        out->kind = r->bytes[r->at - 2] == 'u' ? JSON_TRUE : JSON_FALSE;
        return true;
    }
    return read_number(r, out);
}

const struct json_value *json_read(struct arena *a, const char *bytes, size_t size, size_t *at)
{
    struct reading r = {.a = a, .bytes = bytes, .size = size};
    struct json_value *v = arena_new(a, struct json_value);
    bool good = read_value(&r, v);
    if (good)
        skip_space(&r);
    *at = r.at;
    return good && r.at == size ? v : NULL;
}

const struct json_value *json_member(const struct json_value *v, const char *key)
{
    for (size_t k = 0; v && v->kind == JSON_OBJECT && k < v->count; k++)
        if (strcmp(v->keys[k], key) == 0)
            return &v->items[k];
    return NULL;
}

const char *json_member_text(const struct json_value *v, const char *key)
{
    const struct json_value *member = json_member(v, key);
    return member && member->kind == JSON_STRING ? member->text : NULL;
}
