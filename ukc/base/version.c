/*
 * version.c - versions ordered as Debian orders them (deb-version(7)), and
 * ranges of them.  There are no epochs here.
 */
#include <string.h>

#include "text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* '~' before the end, the end (and digits) before letters, letters before the rest. */
static int weight(const char *s, const char *end)
{
    if (s == end || is_digit(*s))
        return 0;
    if (*s == '~')
        return -1;
    return is_letter(*s) ? *s : (unsigned char)*s + 256;
}

struct part {
    const char *at, *end;
};

/* The numbers at both heads, without limit of size; both are consumed. */
static int compare_numbers(struct part *a, struct part *b)
{
    while (a->at < a->end && *a->at == '0')
        a->at++;
    while (b->at < b->end && *b->at == '0')
        b->at++;
    int first = 0;
    bool more_a, more_b;
    for (;;) {
        more_a = a->at < a->end && is_digit(*a->at);
        more_b = b->at < b->end && is_digit(*b->at);
        if (!more_a || !more_b)
            break;
        if (!first)
            first = *a->at - *b->at;
        a->at++, b->at++;
    }
    return more_a ? 1 : more_b ? -1 : first;
}

static int compare_parts(struct part a, struct part b)
{
    while (a.at < a.end || b.at < b.end) {
        while ((a.at < a.end && !is_digit(*a.at)) || (b.at < b.end && !is_digit(*b.at))) {
            int order = weight(a.at, a.end) - weight(b.at, b.end);
            if (order)
                return order;
            a.at++, b.at++;
        }
        int order = compare_numbers(&a, &b);
        if (order)
            return order;
    }
    return 0;
}

static void split(const char *version, struct part *upstream, struct part *revision)
{
    const char *end = version + strlen(version), *dash = strrchr(version, '-');
    *upstream = (struct part){version, dash ? dash : end};
    *revision = (struct part){dash ? dash + 1 : end, end};
}

int version_compare(const char *a, const char *b)
{
    struct part upstream_a, upstream_b, revision_a, revision_b;
    split(a, &upstream_a, &revision_a);
    split(b, &upstream_b, &revision_b);
    int order = compare_parts(upstream_a, upstream_b);
    if (!order)
        order = compare_parts(revision_a, revision_b);
    return order < 0 ? -1 : order > 0;
}

#define VERSION_MAX 64

enum relation { EQUAL, NOT_EQUAL, LESS, AT_MOST, GREATER, AT_LEAST };

struct term {
    enum relation relation;
    char version[VERSION_MAX + 1];
};

static const char *skip_spaces(const char *s)
{
    while (*s == ' ')
        s++;
    return s;
}

static const char *parse_relation(const char *s, enum relation *relation)
{
    static const struct {
        const char *text;
        enum relation relation;
    } relations[] = {{">=", AT_LEAST}, {"<=", AT_MOST}, {"!=", NOT_EQUAL}, {">", GREATER}, {"<", LESS}, {"=", EQUAL}};
    *relation = EQUAL;
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        if (string_starts(s, relations[i].text)) {
            *relation = relations[i].relation;
            return s + strlen(relations[i].text);
        }
    return s;
}

/* One term and the comma after it; NULL when it is malformed. */
static const char *parse_term(const char *s, struct term *t)
{
    s = skip_spaces(parse_relation(skip_spaces(s), &t->relation));
    size_t n = 0;
    bool any = false; /* "latest" is no version that could be compared */
    while (is_digit(s[n]) || is_letter(s[n]) || (n && s[n] && strchr(".+~-", s[n]))) {
        any |= is_digit(s[n]);
        if (++n > VERSION_MAX)
            return NULL;
    }
    if (!any)
        return NULL;
    memcpy(t->version, s, n);
    t->version[n] = '\0';
    s = skip_spaces(s + n);
    if (*s != ',')
        return *s ? NULL : s;
    return *skip_spaces(s + 1) ? s + 1 : NULL;
}

bool version_range_valid(const char *range)
{
    struct term t;
    if (!range)
        return true;
    while (range && *range)
        range = parse_term(range, &t);
    return range != NULL;
}

static bool satisfies(const char *version, const struct term *t)
{
    int order = version_compare(version, t->version);
    switch (t->relation) {
    case EQUAL: return order == 0;
    case NOT_EQUAL: return order != 0;
    case LESS: return order < 0;
    case AT_MOST: return order <= 0;
    case GREATER: return order > 0;
    case AT_LEAST: return order >= 0;
    }
    return false;
}

bool version_in_range(const char *version, const char *range)
{
    while (range && *range) {
        struct term t;
        range = parse_term(range, &t);
        if (!range || !satisfies(version, &t))
            return false;
    }
    return true;
}
