/*
 * json.h - a JSON writer (RFC 8259).  Key order is the order of the calls:
 * callers emit sorted or fixed orders, so output is deterministic.
 * Pretty-printed with two spaces; strings that are not UTF-8 have the bad
 * bytes replaced by U+FFFD.  No newline follows the outermost value.
 */
#ifndef UKC_JSON_H
#define UKC_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include "text.h"

struct json {
    struct text out;
    unsigned depth;
    bool comma, after_key;
    bool compact; /* set before the first call: everything on one line */
};

void json_object(struct json *); /* opens */
void json_array(struct json *);  /* opens */
void json_end_object(struct json *);
void json_end_array(struct json *);
void json_key(struct json *, const char *key);
void json_string(struct json *, const char *value); /* NULL prints null */
void json_number(struct json *, int64_t value);
void json_bool(struct json *, bool value);
void json_null(struct json *);
void json_value(struct json *, const char *text, size_t size); /* what is JSON already, as it is */

/* key and value in one call */
void json_field(struct json *, const char *key, const char *value);
void json_field_number(struct json *, const char *key, int64_t value);
void json_field_bool(struct json *, const char *key, bool value);

#endif
