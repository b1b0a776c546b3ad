/*
 * flags.c - compiler flags that a manifest may give.
 *
 * A manifest may define, warn and tune.  It may not load code into the
 * compiler, name files to read or write, change the ABI or what is linked.
 * Compilers grow options faster than anyone can refuse them, so what is
 * accepted is listed (FLAG_TOGGLES, FLAG_CHOICES in read.h) and all else is
 * refused.
 */
#include "read.h"

#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/text.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

/* Length of the C identifier at `s`, or 0. */
static size_t identifier_length(const char *s)
{
    return strspn(s, DIGIT) ? 0 : strspn(s, UPPER LOWER DIGIT "_");
}

/* The checks of clang's -fsanitize=undefined and =address. */
static const char sanitizers[] =
    "address alignment array-bounds bool bounds builtin enum float-cast-overflow "
    "float-divide-by-zero function implicit-conversion integer integer-divide-by-zero "
    "local-bounds nonnull-attribute null nullability object-size pointer-overflow return "
    "returns-nonnull-attribute shift shift-base shift-exponent signed-integer-overflow undefined "
    "unreachable unsigned-integer-overflow unsigned-shift-base vla-bound";

static bool all_sanitizers(struct reader *r, const char *list)
{
    for (;;) {
        size_t n = strcspn(list, ",");
        if (!word_in(NULL, sanitizers, arena_strndup(r->arena, list, n), NULL))
            return false;
        if (!list[n])
            return true;
        list += n + 1;
    }
}

static bool is_option(struct reader *r, const char *option)
{
    if (string_starts(option, "no-sanitize="))
        return all_sanitizers(r, strchr(option, '=') + 1);
    if (string_starts(option, "no-builtin-")) {
        const char *name = option + strlen("no-builtin-");
        return *name && identifier_length(name) == strlen(name);
    }
    return word_in(NULL, FLAG_CHOICES, option, NULL) ||
           word_in(NULL, FLAG_TOGGLES, string_starts(option, "no-") ? option + 3 : option, NULL);
}

/* Of -l, -a and -p, with or without a comma, the rest would go to the linker, assembler or preprocessor. */
static bool is_warning(const char *name)
{
    return *name && strspn(name, LOWER DIGIT "-=+") == strlen(name) && strlen(name) > 1;
}

/* NAME, or NAME=value. */
static bool is_definition(const char *text, bool valued)
{
    size_t n = identifier_length(text);
    return n && (!text[n] || (valued && text[n] == '='));
}

static bool help_option(struct reader *r, const char *option)
{
    const char *near;
    bool negated = string_starts(option, "no-");
    if (!word_in(r->arena, FLAG_TOGGLES, option + 3 * negated, &near) && near)
        return diag_help(r->diag, "did you mean '-f%s%s'?", negated ? "no-" : "", near);
    return diag_help(r->diag, "of the -f options a manifest may use those that only change how a source is compiled: "
                              "'ukc help implementation' lists them under 'flags'");
}

bool check_flag(struct reader *r, struct word *w)
{
    const char *f = w->text, *why = "flags of a manifest begin with -D, -U, -W, -f or -I";
    bool ok = false;
    if (string_starts(f, "-D")) {
        ok = is_definition(f + 2, true);
        why = "write the name directly after it: \"-DNAME=value\"";
    } else if (string_starts(f, "-U")) {
        ok = is_definition(f + 2, false);
        why = "write the name directly after it: \"-UNAME\"";
    } else if (string_starts(f, "-I")) {
        ok = path_is_inside(f + 2);
        if (ok)
            return check_links(r, &(struct word){f + 2, w->span});
        why = "write a directory inside the manifest's own: \"-Iinclude\"";
    } else if (string_starts(f, "-W")) {
        ok = is_warning(f + 2);
        why = "only warnings: options for the assembler, preprocessor or linker cannot be passed";
    } else if (string_starts(f, "-f")) {
        ok = is_option(r, f + 2);
        why = NULL;
    }
    if (ok)
        return true;
    diag_error(r->diag, w->span, "the compiler flag '%s' is not allowed",
               shown(r->arena, f, strlen(f)));
    return why ? diag_help(r->diag, "%s", why) : help_option(r, f + 2);
}
