/* expand.c - a parser by recursive descent, which stays NULL once something was wrong. */
#include "expand.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 32, MOST = 65536 };

struct parser {
    const char *at;
    const struct expand_names *names;
    const char *wrong;
    int depth;
};

static int64_t sum(struct parser *p);

static int64_t fail(struct parser *p, const char *why)
{
    if (!p->wrong)
        p->wrong = why;
    return 0;
}

static int64_t name(struct parser *p)
{
    size_t length = 0;
    while (isalpha((unsigned char)p->at[length]))
        length++;
    const char *word = p->at;
    p->at += length;
    if (length == 1 && *word == 'n')
        return p->names->n;
    if (length == 1 && *word == 'i')
        return p->names->i;
    if (length == 5 && memcmp(word, "hosts", 5) == 0)
        return p->names->hosts;
    return fail(p, "in braces: a number, n, i or hosts is expected");
}

static int64_t factor(struct parser *p)
{
    if (++p->depth > DEPTH)
        return fail(p, "too many parentheses");
    int64_t value = 0;
    if (*p->at == '(') {
        p->at++;
        value = sum(p);
        if (*p->at != ')')
            return fail(p, "')' is missing");
        p->at++;
    } else if (isdigit((unsigned char)*p->at)) {
        for (; isdigit((unsigned char)*p->at); p->at++)
            if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p->at - '0', &value))
                return fail(p, "a number is too large");
    } else
        value = name(p);
    p->depth--;
    return value;
}

static int64_t product(struct parser *p)
{
    int64_t left = factor(p);
    while (!p->wrong && *p->at && strchr("*/%", *p->at)) {
        char operator = *p->at++;
        int64_t right = factor(p);
        if (operator == '*' ? __builtin_mul_overflow(left, right, &left) : right == 0 || (left == INT64_MIN && right == -1))
            return fail(p, "a division by zero, or a number that is too large");
        if (operator == '/')
            left /= right;
        else if (operator == '%')
            left %= right;
    }
    return left;
}

static int64_t sum(struct parser *p)
{
    int64_t left = product(p);
    while (!p->wrong && (*p->at == '+' || *p->at == '-')) {
        bool minus = *p->at++ == '-';
        int64_t right = product(p);
        if (minus ? __builtin_sub_overflow(left, right, &left) : __builtin_add_overflow(left, right, &left))
            return fail(p, "a number is too large");
    }
    return left;
}

/* What stands after '{', into `out`. */
static void braces(struct parser *p, FILE *out)
{
    int64_t value = sum(p);
    bool hex = p->at[0] == ':' && p->at[1] == 'x';
    p->at += hex ? 2 : 0;
    if (*p->at != '}')
        fail(p, "'}' is missing after an expression");
    if (p->wrong)
        return;
    p->at++;
    fprintf(out, hex ? "%" PRIx64 : "%" PRId64, value);
}

char *expand(const char *template, const struct expand_names *names, const char **reason)
{
    char *text = NULL;
    size_t size;
    FILE *out = strlen(template) > MOST ? NULL : open_memstream(&text, &size);
    *reason = "arguments are too long";
    if (!out)
        return NULL;
    struct parser p = {.at = template, .names = names};
    while (*p.at && !p.wrong) {
        if (*p.at == '{') {
            p.at++;
            p.depth = 0;
            braces(&p, out);
        } else
            fputc(*p.at++, out);
    }
    bool written = fclose(out) == 0;
    if (written && !p.wrong)
        return text;
    *reason = p.wrong ? p.wrong : "there is not enough memory";
    free(text);
    return NULL;
}
