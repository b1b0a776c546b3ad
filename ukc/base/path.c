/*
 * path.c - paths as text; the file system is not asked (except for the
 * working directory, by path_absolute).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"
#include "text.h"

const char *path_join(struct arena *a, const char *first, const char *second)
{
    while (string_starts(second, "./")) {
        second += 2;
        while (*second == '/')
            second++;
    }
    if (*second == '/' || !*first || !strcmp(first, "."))
        return arena_strdup(a, *second ? second : ".");
    if (!*second || !strcmp(second, "."))
        return arena_strdup(a, first);
    return arena_printf(a, "%s%s%s", first, string_ends(first, "/") ? "" : "/", second);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *path_directory(struct arena *a, const char *path)
{
    const char *base = path_base(path);
    if (base == path)
        return ".";
    size_t n = (size_t)(base - path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return arena_strndup(a, path, n);
}

const char *path_extension(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot != base ? dot : "";
}

/* The next component at *s, which is moved behind it; false at the end. */
static bool component(const char **s, const char **at, size_t *length)
{
    while (**s == '/')
        ++*s;
    *at = *s;
    *length = strcspn(*s, "/");
    *s += *length;
    return *length > 0;
}

static bool is_dots(const char *at, size_t length, size_t dots)
{
    return length == dots && !memcmp(at, "..", dots);
}

const char *path_normal(struct arena *a, const char *path)
{
    bool absolute = *path == '/';
    char *out = arena_alloc(a, strlen(path) + 2, 1);
    size_t size = 0, kept = 0; /* kept: components that ".." can take back */
    if (absolute)
        out[size++] = '/';
    const char *at;
    for (size_t length; component(&path, &at, &length);) {
        if (is_dots(at, length, 1))
            continue;
        bool up = is_dots(at, length, 2);
        if (up && kept) {
            kept--;
            while (size && out[size - 1] != '/')
                size--;
            if (size > 1)
                size--;
            else if (!absolute)
                size = 0;
            continue;
        }
        if (up && absolute)
            continue;
        if (size && out[size - 1] != '/')
            out[size++] = '/';
        memcpy(out + size, at, length);
        size += length;
        kept += !up;
    }
    if (!size)
        out[size++] = '.';
    out[size] = '\0';
    return out;
}

const char *path_absolute(struct arena *a, const char *path)
{
    if (*path == '/')
        return path_normal(a, path);
    char *here = getcwd(NULL, 0);
    const char *out = path_normal(a, here ? arena_printf(a, "%s/%s", here, path) : path);
    free(here);
    return out;
}

const char *path_relative(struct arena *a, const char *from, const char *path)
{
    from = path_normal(a, from);
    path = path_normal(a, path);
    /* nothing can be said about what lies above a relative "..": ask where we are */
    if (string_starts(from, "..") || (*from == '/') != (*path == '/')) {
        from = path_absolute(a, from);
        path = path_absolute(a, path);
    }
    if (!strcmp(from, "."))
        from = "";
    const char *from_at, *path_at, *from_rest = from, *path_rest = strcmp(path, ".") ? path : "";
    const char *from_tail, *path_tail;
    size_t from_length, path_length;
    bool more;
    do {
        from_tail = from_rest;
        path_tail = path_rest;
        more = component(&from_rest, &from_at, &from_length) && component(&path_rest, &path_at, &path_length);
    } while (more && from_length == path_length && !memcmp(from_at, path_at, from_length));
    struct text out = {};
    while (component(&from_tail, &from_at, &from_length))
        text_puts(&out, out.size ? "/.." : "..");
    while (component(&path_tail, &path_at, &path_length)) {
        text_puts(&out, out.size ? "/" : "");
        text_append(&out, path_at, path_length);
    }
    const char *kept = out.size ? text_keep(&out, a) : ".";
    text_dispose(&out);
    return kept;
}

bool path_is_inside(const char *path)
{
    if (!*path || *path == '/')
        return false;
    const char *at;
    size_t depth = 0;
    for (size_t length; component(&path, &at, &length);) {
        if (is_dots(at, length, 1))
            continue;
        if (!is_dots(at, length, 2))
            depth++;
        else if (depth-- == 0)
            return false;
    }
    return true;
}
