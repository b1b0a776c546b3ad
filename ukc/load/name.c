/*
 * name.c - which names are good for what: C identifiers where C sees them,
 * nothing that would hide a header of the C library.
 */
#include "read.h"

#include <string.h>
#include "../base/arena.h"
#include "../base/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define NAME_LONGEST 63

/*
 * A requirement or signature x brings a header x.h onto the include path,
 * where it would be taken for the C library's.
 */
static const char standard_headers[] =
    "alloca assert complex ctype dirent elf endian errno fcntl features fenv float inttypes iso646 "
    "limits locale math poll "
    "pthread sched semaphore setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio "
    "stdlib stdnoreturn string "
    "strings tgmath threads time uchar ucontext unistd wchar wctype";
/* Written beside the requirement headers of an instance. */
static const char generated_headers[] = "exports keys start";

bool word_in(struct arena *a, const char *words, const char *word, const char **near)
{
    const char *list[80];
    size_t count = 0;
    for (const char *p = words; *p && count < 80;) {
        size_t n = strcspn(p, " ");
        if (strlen(word) == n && memcmp(p, word, n) == 0)
            return true;
        if (near)
            list[count++] = arena_strndup(a, p, n);
        p += n + (p[n] == ' ');
    }
    if (near)
        *near = string_nearest(word, list, count);
    return false;
}

const char *name_identifier(struct arena *a, const char *name)
{
    char *out = arena_strdup(a, name);
    for (char *p = out; *p; p++)
        if (*p == '-' || *p == '.')
            *p = '_';
    return out;
}

static bool spelled(const char *s, const char *first, const char *rest)
{
    return strchr(first, *s) && *s && strspn(s, rest) == strlen(s) && strlen(s) <= NAME_LONGEST;
}

static bool bad_name(struct reader *r, const struct word *w, const char *what, const char *rule)
{
    diag_error(r->diag, w->span, "'%s' cannot be the name of %s",
               shown(r->arena, w->text, strlen(w->text)), what);
    return diag_help(r->diag, "%s", rule);
}

bool check_component_name(struct reader *r, const struct word *w, const char *what)
{
    if (!spelled(w->text, LETTERS, LETTERS DIGITS "-_."))
        return bad_name(r, w, what,
                        "a name is a letter, then letters, digits, '-', '_' and '.', 63 at most");
    const char *id = name_identifier(r->arena, w->text);
    if (!string_is_identifier(id))
        return bad_name(r, w, what,
                        "its operations in C begin with this name, and it is a word of C");
    return true;
}

static bool hides_header(const char *name)
{
    return word_in(NULL, standard_headers, name, NULL);
}

bool check_requirement_name(struct reader *r, const struct word *w)
{
    if (!string_is_identifier(w->text))
        return bad_name(
            r, w, "a requirement",
            "it is the prefix of operations in C: a C identifier that is not a word of C");
    if (hides_header(w->text))
        return bad_name(
            r, w, "a requirement",
            arena_printf(r->arena, "its header would hide <%s.h> of the C library", w->text));
    if (word_in(NULL, generated_headers, w->text, NULL))
        return bad_name(
            r, w, "a requirement",
            arena_printf(r->arena, "'%s.h' is a generated header with another meaning", w->text));
    return true;
}

bool check_header_name(struct reader *r, const struct word *w)
{
    size_t n = strlen(w->text);
    if (!check_inside(r, w))
        return false;
    if (n < 3 || !string_ends(w->text, ".h"))
        return bad_name(r, w, "a header", "a header's name ends with '.h'");
    const char *stem = arena_strndup(r->arena, w->text, n - 2);
    if (hides_header(stem))
        return bad_name(r, w, "a header",
                        arena_printf(r->arena, "it would hide <%s> of the C library", w->text));
    return check_regular(r, w);
}

bool check_key_name(struct reader *r, const struct word *w)
{
    if (!spelled(w->text, LETTERS, LETTERS DIGITS "-_"))
        return bad_name(r, w, "a key",
                        "a key's name is a letter, then letters, digits, '-' and '_', 63 at most");
    return true;
}

bool check_setting_path(struct reader *r, const struct word *w)
{
    const char *p = w->text;
    do {
        size_t n = strcspn(p, ".");
        if (n == 0 || n > NAME_LONGEST || strspn(p, LETTERS DIGITS "-_") < n)
            return bad_name(
                r, w, "a setting",
                "a setting is a key's name, or a path of names with dots: stack.tcp.window");
        p += n;
    } while (*p++ == '.');
    return true;
}

bool check_reference(struct reader *r, const struct word *w, const char *what)
{
    if (!spelled(w->text, LETTERS "_", LETTERS DIGITS "-_."))
        return bad_name(r, w, what,
                        "a name is a letter, then letters, digits, '-', '_' and '.', 63 at most");
    return true;
}

bool split_reference(struct reader *r, const struct word *w, struct word *name, struct word *range)
{
    size_t n = strcspn(w->text, " <>=!,");
    const char *rest = w->text + n + strspn(w->text + n, " ");
    *name = (struct word){arena_strndup(r->arena, w->text, n), w->span};
    *range = (struct word){0};
    if (!check_reference(r, name, "an implementation"))
        return false;
    if (!*rest)
        return true;
    *range = (struct word){arena_strdup(r->arena, rest), w->span};
    if (version_range_valid(rest))
        return true;
    diag_error(r->diag, w->span, "'%s' is not a version range",
               shown(r->arena, rest, strlen(rest)));
    return diag_help(r->diag, "write for example: %s >= 1.2, < 2",
                     shown(r->arena, name->text, strlen(name->text)));
}
