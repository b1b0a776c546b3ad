/*
 * json_read.h - a JSON reader (RFC 8259) for texts of others, which may be hostile.
 *
 * Strict: UTF-8, no duplicate keys, no NUL in strings, no more than 64 values within one another.  Numbers stay as they are written.
 * All of it lies in the arena.
 */
#ifndef UKC_JSON_READ_H
#define UKC_JSON_READ_H

#include <stddef.h>

struct arena;

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
    enum json_kind kind;
    const char *text;               /* of a string, without escapes; of a number, as written */
    const struct json_value *items; /* of an array or object */
    const char *const *keys;        /* of an object, one for each item */
    size_t count;
};

/* NULL when it is not JSON: then *at is how many bytes were good. */
const struct json_value *json_read(struct arena *, const char *bytes, size_t size, size_t *at);
/* The member of an object, or NULL: it is none, or has none of this name. */
const struct json_value *json_member(const struct json_value *, const char *key);
/* Its string, or NULL. */
const char *json_member_text(const struct json_value *, const char *key);

#endif
