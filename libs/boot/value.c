/*
 * value.c - one key's value from its text, checked against the key's bounds.
 */
#include "boot.h"

#include <string.h>

/* Decimal digits, perhaps with a minus; NULL on no digit or overflow. */
static const char *parse_number(const char *s, int64_t *out)
{
    bool negative = *s == '-';
    s += negative;
    int64_t n = 0;
    bool any = false;
    for (; *s >= '0' && *s <= '9'; s++, any = true) {
        int digit = *s - '0';
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, negative ? -digit : digit, &n))
            return NULL;
    }
    *out = n;
    return any ? s : NULL;
}

static bool parse_size(const char *s, int64_t *out)
{
    static const struct {
        const char *unit;
        int shift;
    } units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    s = parse_number(s, out);
    for (size_t i = 0; s && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(s, units[i].unit) == 0)
            return *out >= 0 && !__builtin_mul_overflow(*out, INT64_C(1) << units[i].shift, out);
    return false;
}

static bool parse_integer(const char *s, int64_t *out)
{
    s = parse_number(s, out);
    return s && *s == '\0';
}

static bool parse_bool(const char *s, bool *out)
{
    *out = strcmp(s, "true") == 0;
    return *out || strcmp(s, "false") == 0;
}

static bool parse_choice(const struct boot_key *key, const char *s, int *out)
{
    for (size_t i = 0; i < key->choice_count; i++)
        if (strcmp(key->choices[i], s) == 0) {
            *out = (int)i;
            return true;
        }
    return false;
}

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            return false;
    return true;
}

/* One element into its place. */
static bool parse_element(const struct boot_key *key, const char *s, size_t index)
{
    int64_t n = 0;
    bool good = false;
    switch (key->kind) {
    case BOOT_BOOL:
        return boot_has(BOOT_BOOL) && parse_bool(s, (bool *)key->value + index);
    case BOOT_INTEGER:
    case BOOT_SIZE:
        if (boot_has(BOOT_SIZE) && key->kind == BOOT_SIZE)
            good = parse_size(s, &n);
        else if (boot_has(BOOT_INTEGER))
            good = parse_integer(s, &n);
        good = good && n >= key->min && n <= key->max;
        if (good)
            ((int64_t *)key->value)[index] = n;
        return good;
    case BOOT_PORT:
        good = boot_has(BOOT_PORT) && parse_integer(s, &n) && n >= 1 && n <= 65535;
        if (good)
            ((uint16_t *)key->value)[index] = (uint16_t)n;
        return good;
    case BOOT_STRING:
    case BOOT_PATH:
        good = (boot_has(BOOT_STRING) || boot_has(BOOT_PATH)) && is_printable(s) && (key->kind == BOOT_STRING || *s);
        if (good)
            ((const char **)key->value)[index] = s;
        return good;
    case BOOT_ENUM:
        return boot_has(BOOT_ENUM) && parse_choice(key, s, (int *)key->value + index);
    case BOOT_IPV4:
    case BOOT_IPV6:
    case BOOT_IPV4_PREFIX:
    case BOOT_IPV6_PREFIX:
    case BOOT_MAC:
        return boot_parse_address(key->kind, s, (struct boot_address *)key->value + index);
    }
    return false;
}

bool boot_parse(const struct boot_key *key, char *text)
{
    if (!(boot_kinds & BOOT_LISTS) || !key->count)
        return parse_element(key, text, 0);
    size_t count = 0;
    while (*text) {
        char *comma = strchr(text, ',');
        if (comma)
            *comma = '\0';
        if (count == BOOT_LIST_MOST || !parse_element(key, text, count))
            return false;
        count++;
        if (!comma)
            break;
        text = comma + 1;
        if (!*text)
            return false; /* nothing after the last comma */
    }
    *key->count = count;
    return true;
}
