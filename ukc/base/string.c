/*
 * string.c - questions about strings: equality, nearness, well-formedness.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"
#include "utf8.h"

bool string_starts(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

bool string_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return m <= n && !memcmp(s + n - m, suffix, m);
}

bool string_equal(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

int string_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t string_sort_unique(const char **items, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(items, count, sizeof *items, string_compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(items[kept - 1], items[i]) != 0)
            items[kept++] = items[i];
    return kept;
}

#define WORD_MAX 128 /* longer words are not misspelt, they are different */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Three rows of the usual table; a swap of neighbours counts as one edit. */
unsigned string_distance(const char *a, const char *b, unsigned cap)
{
    if (!strcmp(a, b))
        return 0;
    size_t n = strlen(a), m = strlen(b);
    size_t apart = n > m ? n - m : m - n;
    if (n > WORD_MAX || m > WORD_MAX || apart > cap)
        return cap + 1;
    unsigned rows[3][WORD_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned best = row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
            best = least(best, row[j]);
        }
        /* a swap reaches back two rows, so one row above the cap does not decide */
        if (best > cap + 1)
            return cap + 1;
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[m] > cap ? cap + 1 : above[m];
}

const char *string_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word);
    unsigned cap = length < 6 ? 1 : (unsigned)least((unsigned)(length > WORD_MAX ? WORD_MAX : length) / 3, WORD_MAX);
    const char *nearest = NULL;
    unsigned nearest_at = cap + 1;
    for (size_t i = 0; i < count; i++) {
        const char *c = candidates[i];
        unsigned at = strcasecmp(word, c) ? string_distance(word, c, cap) : 0;
        /* one edit turns any letter into any other: that is no likeness */
        if (at > cap || (at && (at >= length || at >= strlen(c))))
            continue;
        if (at < nearest_at || (at == nearest_at && strcmp(c, nearest) < 0)) {
            nearest = c;
            nearest_at = at;
        }
    }
    return nearest;
}

/* Three letters in common at least, two at the beginning. */
static bool holds(const char *whole, const char *part)
{
    size_t n = strlen(part);
    return (n >= 3 && strcasestr(whole, part)) || (n == 2 && !strncasecmp(whole, part, n));
}

const char *string_related(const char *word, const char *const *candidates, size_t count)
{
    const char *found = string_nearest(word, candidates, count);
    if (found)
        return found;
    for (size_t i = 0; i < count; i++) {
        const char *c = candidates[i];
        if (!holds(c, word) && !holds(word, c))
            continue;
        if (!found || strlen(c) < strlen(found) || (strlen(c) == strlen(found) && strcmp(c, found) < 0))
            found = c;
    }
    return found;
}

/* C23 6.4.1, with the older spellings and GNU's asm. */
static const char *const keywords[] = {
    "_Alignas", "_Alignof", "_Atomic", "_BitInt", "_Bool", "_Complex", "_Decimal128", "_Decimal32", "_Decimal64",
    "_Generic", "_Imaginary", "_Noreturn", "_Static_assert", "_Thread_local", "alignas", "alignof", "asm", "auto",
    "bool", "break", "case", "char", "const", "constexpr", "continue", "default", "do", "double", "else", "enum",
    "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "nullptr", "register", "restrict",
    "return", "short", "signed", "sizeof", "static", "static_assert", "struct", "switch", "thread_local", "true",
    "typedef", "typeof", "typeof_unqual", "union", "unsigned", "void", "volatile", "while",
};

bool string_is_identifier(const char *s)
{
    if (!*s || strlen(s) > 63 || (*s >= '0' && *s <= '9'))
        return false;
    for (const char *p = s; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_'))
            return false;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (!strcmp(s, keywords[i]))
            return false;
    return true;
}

bool string_is_clean_utf8(const char *s, size_t n)
{
    while (n) {
        uint32_t code;
        size_t length = utf8_decode(s, n, &code);
        if (!length || (utf8_is_control(code) && code != '\t'))
            return false;
        s += length;
        n -= length;
    }
    return true;
}
