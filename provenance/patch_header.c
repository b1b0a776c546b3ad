/*
 * patch_header.c - gives every file of a unified diff the line "diff --git", without which libgit2 reads nothing.
 *
 * Patches made by diff and quilt have only "--- " and "+++ ".  Such a pair in
 * front of a hunk, outside of another one, is a file: its names lose their
 * first directory, as with patch -p1, and what may follow them (a date behind
 * a tab).  All else is left as it is, for libgit2 to judge.
 */
#include <stdlib.h>
#include <string.h>
#include "import.h"

struct lines {
    const char *at, *end;
};

static bool starts(const char *line, size_t n, const char *prefix)
{
    size_t length = strlen(prefix);
    return n >= length && memcmp(line, prefix, length) == 0;
}

/* The line at the front, with its newline; 0 at the end. */
static size_t line_size(const struct lines *l)
{
    const char *newline = l->at < l->end ? memchr(l->at, '\n', (size_t)(l->end - l->at)) : NULL;
    return newline ? (size_t)(newline - l->at) + 1 : (size_t)(l->end - l->at);
}

static bool next_starts(struct lines l, unsigned lines, const char *prefix)
{
    while (lines--)
        l.at += line_size(&l);
    return starts(l.at, (size_t)(l.end - l.at), prefix);
}

/* "12,3": the 3, or 1 when it is not there. */
static unsigned long count_of(const char *range)
{
    const char *comma = range + strspn(range, "0123456789");
    return *comma == ',' ? strtoul(comma + 1, NULL, 10) : 1;
}

/* Copies a hunk: as many lines as its head says. */
static void copy_hunk(struct lines *l, struct text *out)
{
    const char *plus = memchr(l->at, '+', line_size(l));
    unsigned long old = count_of(l->at + strlen("@@ -")), new = plus ? count_of(plus + 1) : 0;
    for (size_t n = line_size(l); n; n = line_size(l)) {
        text_append(out, l->at, n);
        l->at += n;
        char kind = l->at < l->end ? *l->at : 0;
        if ((old == 0 && new == 0 && kind != '\\') || !kind || !strchr(" +-\\\n\r", kind))
            return;
        old -= old && kind != '+' && kind != '\\';
        new -= new && kind != '-' && kind != '\\';
    }
}

/* The name behind "--- ", without its first directory; "" for /dev/null and for a name without one. */
static void take_name(struct lines *l, struct text *out)
{
    size_t n = line_size(l) - 4;
    const char *name = l->at + 4, *slash;
    while (n && strchr("\r\n", name[n - 1]))
        n--;
    if (memchr(name, '\t', n))
        n = (size_t)((const char *)memchr(name, '\t', n) - name);
    slash = memchr(name, '/', n);
    if (slash && !(n == strlen("/dev/null") && memcmp(name, "/dev/null", n) == 0))
        text_append(out, slash + 1, n - (size_t)(slash + 1 - name));
    l->at += line_size(l);
}

static void write_header(struct lines *l, struct text *out)
{
    struct text old = {}, new = {};
    take_name(l, &old);
    take_name(l, &new);
    const char *from = text_string(old.size ? &old : &new), *to = text_string(new.size ? &new : &old);
    text_printf(out, "diff --git a/%s b/%s\n%s", from, to, !old.size ? "new file mode 100644\n" : !new.size ? "deleted file mode 100644\n" : "");
    text_printf(out, old.size ? "--- a/%s\n" : "--- /dev/null\n", from);
    text_printf(out, new.size ? "+++ b/%s\n" : "+++ /dev/null\n", to);
    text_dispose(&old);
    text_dispose(&new);
}

void patch_complete(const struct source *patch, struct text *out)
{
    struct lines l = {patch->bytes, patch->bytes + patch->size};
    bool headed = false; /* "diff --git" has been seen, and no hunk since */
    for (size_t n; (n = line_size(&l)) > 0;) {
        if (starts(l.at, n, "@@ -")) {
            copy_hunk(&l, out);
            headed = false;
        } else if (!headed && starts(l.at, n, "--- ") && next_starts(l, 1, "+++ ") && next_starts(l, 2, "@@ -")) {
            write_header(&l, out);
        } else {
            headed = headed || starts(l.at, n, "diff --git ");
            text_append(out, l.at, n);
            l.at += n;
        }
    }
}
