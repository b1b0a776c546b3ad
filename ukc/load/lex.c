/*
 * lex.c - the tokens of a Lua 5.4 source (reference manual, section 3.1).
 *
 * Only as exact as positions need: numbers are not read, escapes are only
 * stepped over.  What Lua would refuse may pass here; Lua sees the text next.
 */
#include "scan.h"

#include <string.h>
#include "../base/arena.h"

struct lexer {
    const char *at, *end;
    const char *begin, *line_begin;
    uint32_t line;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void newline(struct lexer *x)
{
    x->at++;
    x->line++;
    x->line_begin = x->at;
}

static void skip_blanks(struct lexer *x)
{
    for (; x->at < x->end; x->at++) {
        if (*x->at == '\n') {
            newline(x);
            x->at--;
        } else if (!strchr(" \t\r\f\v", *x->at) || *x->at == '\0') {
            return;
        }
    }
}

/* At '[': the number of '=' of an opening long bracket, or -1. */
static int long_bracket_level(const struct lexer *x)
{
    const char *p = x->at + 1;
    while (p < x->end && *p == '=')
        p++;
    return p < x->end && *p == '[' ? (int)(p - x->at - 1) : -1;
}

static bool skip_long_bracket(struct lexer *x, int level)
{
    x->at += level + 2;
    while (x->at < x->end) {
        if (*x->at == '\n') {
            newline(x);
            continue;
        }
        if (*x->at++ != ']')
            continue;
        int n = 0;
        while (x->at < x->end && *x->at == '=' && n < level)
            x->at++, n++;
        if (n == level && x->at < x->end && *x->at == ']') {
            x->at++;
            return true;
        }
    }
    return false;
}

static bool skip_comment(struct lexer *x)
{
    x->at += 2;
    if (x->at < x->end && *x->at == '[') {
        int level = long_bracket_level(x);
        if (level >= 0)
            return skip_long_bracket(x, level);
    }
    while (x->at < x->end && *x->at != '\n')
        x->at++;
    return true;
}

static bool skip_string(struct lexer *x)
{
    char quote = *x->at++;
    while (x->at < x->end) {
        char c = *x->at;
        if (c == quote) {
            x->at++;
            return true;
        }
        if (c == '\n')
            return false;
        x->at++;
        if (c != '\\' || x->at == x->end)
            continue;
        if (*x->at == 'z') {
            x->at++;
            skip_blanks(x);
        } else if (*x->at == '\n') {
            newline(x);
        } else if (*x->at == '\r' && x->at + 1 < x->end && x->at[1] == '\n') {
            x->at++;
            newline(x);
        } else {
            x->at++;
        }
    }
    return false;
}

static void skip_number(struct lexer *x)
{
    const char *exponent = x->at + 1 < x->end && *x->at == '0' && (x->at[1] | 0x20) == 'x' ? "pP" : "eE";
    while (x->at < x->end) {
        if (*x->at == exponent[0] || *x->at == exponent[1]) {
            x->at++;
            if (x->at < x->end && (*x->at == '+' || *x->at == '-'))
                x->at++;
        } else if (is_digit(*x->at) || is_letter(*x->at) || *x->at == '.') {
            x->at++;
        } else {
            return;
        }
    }
}

static uint32_t word_kind(const char *s, size_t n)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } words[] = {
        {"and", TOKEN_KEYWORD},    {"break", TOKEN_KEYWORD},     {"do", TOKEN_DO},          {"else", TOKEN_KEYWORD},
        {"elseif", TOKEN_KEYWORD}, {"end", TOKEN_CLOSE},         {"false", TOKEN_KEYWORD},  {"for", TOKEN_KEYWORD},
        {"function", TOKEN_FUNCTION}, {"goto", TOKEN_KEYWORD},   {"if", TOKEN_IF},          {"in", TOKEN_KEYWORD},
        {"local", TOKEN_KEYWORD},  {"nil", TOKEN_KEYWORD},       {"not", TOKEN_KEYWORD},    {"or", TOKEN_KEYWORD},
        {"repeat", TOKEN_REPEAT},  {"return", TOKEN_KEYWORD},    {"then", TOKEN_KEYWORD},   {"true", TOKEN_KEYWORD},
        {"until", TOKEN_UNTIL},    {"while", TOKEN_KEYWORD},
    };
    if (n < 2 || n > 8)
        return TOKEN_NAME;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].text[0] == s[0] && strlen(words[i].text) == n && memcmp(words[i].text, s, n) == 0)
            return words[i].kind;
    return TOKEN_NAME;
}

/* Any number of dots, and the doubled or equals-suffixed operators. */
static uint32_t skip_symbol(struct lexer *x)
{
    static const char *const longer[] = {"...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};
    for (size_t i = 0; i < sizeof longer / sizeof *longer; i++) {
        size_t n = strlen(longer[i]);
        if ((size_t)(x->end - x->at) >= n && memcmp(x->at, longer[i], n) == 0) {
            x->at += n;
            return TOKEN_OPERATOR;
        }
    }
    unsigned char c = (unsigned char)*x->at++;
    if (c < 0x80)
        return c;
    while (x->at < x->end && ((unsigned char)*x->at & 0xC0) == 0x80)
        x->at++;
    return TOKEN_OPERATOR;
}

static bool next_token(struct lexer *x, uint32_t *kind)
{
    char c = *x->at;
    if (is_letter(c)) {
        const char *begin = x->at;
        while (x->at < x->end && (is_letter(*x->at) || is_digit(*x->at)))
            x->at++;
        *kind = word_kind(begin, (size_t)(x->at - begin));
        return true;
    }
    if (is_digit(c) || (c == '.' && x->at + 1 < x->end && is_digit(x->at[1]))) {
        skip_number(x);
        *kind = TOKEN_NUMBER;
        return true;
    }
    *kind = TOKEN_STRING;
    if (c == '"' || c == '\'')
        return skip_string(x);
    if (c == '[') {
        int level = long_bracket_level(x);
        if (level >= 0)
            return skip_long_bracket(x, level);
    }
    *kind = skip_symbol(x);
    return true;
}

bool scan_tokens(struct arena *a, struct scan *scan)
{
    VEC(struct token) tokens = {};
    const char *bytes = scan->source->bytes;
    tokens.capacity = scan->source->size / 4 + 16; /* about what a manifest has: growth would leave copies in the arena */
    tokens.items = arena_array(a, struct token, tokens.capacity);
    struct lexer x = {.at = bytes, .end = bytes + scan->source->size, .begin = bytes, .line_begin = bytes, .line = 1};
    bool whole = true;
    for (;;) {
        skip_blanks(&x);
        struct token t = {.offset = (uint32_t)(x.at - x.begin), .line = x.line, .match = NO_TOKEN,
                          .column = (uint32_t)(x.at - x.line_begin) + 1, .kind = TOKEN_END};
        if (x.at == x.end || !whole) {
            *vec_add(a, &tokens) = t;
            break;
        }
        if (*x.at == '-' && x.at + 1 < x.end && x.at[1] == '-') {
            whole = skip_comment(&x);
            continue;
        }
        whole = next_token(&x, &t.kind);
        t.length = (uint32_t)(x.at - x.begin) - t.offset;
        *vec_add(a, &tokens) = t;
    }
    scan->tokens = tokens.items;
    scan->token_count = (uint32_t)tokens.count;
    return whole;
}
