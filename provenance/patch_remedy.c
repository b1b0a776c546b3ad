/*
 * patch_remedy.c - what helps when a patch does not apply: the usual reasons, recognised.
 *
 * Only for messages: what a patch names is looked at, and nothing changed.
 */
#include <string.h>
#include "../ukc/base/file.h"
#include "import.h"

enum { STRIP_MOST = 4 };

struct named {
    struct arena *arena;
    const struct patch *patch;
    const char *root;
    VEC(const char *) names; /* behind "--- " and "+++ ", as they stand there */
    bool crlf; /* its lines end so */
};

static void read_names(struct named *n)
{
    const char *end = n->patch->text->bytes + n->patch->text->size;
    for (const char *line = n->patch->text->bytes; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline ? newline : end;
        if (stop - line > 4 && (strncmp(line, "--- ", 4) == 0 || strncmp(line, "+++ ", 4) == 0)) {
            size_t size = strcspn(line + 4, "\t\r\n");
            const char *name = arena_strndup(n->arena, line + 4, size < (size_t)(stop - line - 4) ? size : (size_t)(stop - line - 4));
            if (strcmp(name, "/dev/null") != 0)
                *vec_add(n->arena, &n->names) = name;
        }
        n->crlf = n->crlf || (stop > line && stop[-1] == '\r');
        line = stop + 1;
    }
}

/* Without so many directories in front; NULL when it has not as many. */
static const char *stripped(const char *name, unsigned directories)
{
    while (directories-- && name)
        name = strchr(name, '/') ? strchr(name, '/') + 1 : NULL;
    return name;
}

/* The first of the names that is a file when so many directories are stripped. */
static const char *find_file(const struct named *n, unsigned directories)
{
    for (size_t i = 0; i < n->names.count; i++) {
        const char *path = stripped(n->names.items[i], directories);
        if (path && !path_fault(n->arena, path) && file_is_regular(path_join(n->arena, n->root, path)))
            return path;
    }
    return NULL;
}

static bool leads_out(const char *name)
{
    return name[0] == '/' || strncmp(name, "../", 3) == 0 || strstr(name, "/../");
}

static bool has_crlf(const struct named *n, const char *path)
{
    struct diag *quiet = diag_create();
    const struct source *s = file_read(n->arena, path_join(n->arena, n->root, path), SPAN_NONE, IMPORT_FILE_LIMIT, quiet);
    diag_destroy(quiet);
    return s && memmem(s->bytes, s->size, "\r\n", 2);
}

const char *patch_remedy(struct arena *a, const struct wanted *w, const struct patch *patch, const char *root)
{
    struct named n = {.arena = a, .patch = patch, .root = root};
    read_names(&n);
    for (size_t i = 0; i < n.names.count; i++)
        if (leads_out(n.names.items[i]))
            return "a patch changes files of the source alone, named from its top behind one directory: 'a/FILE' and 'b/FILE'";
    const char *file = find_file(&n, 1);
    for (unsigned k = 0; !file && k <= STRIP_MOST; k++) {
        const char *there = find_file(&n, k);
        if (there && k == 0)
            return arena_printf(a, "'%s' has no directory in front that could be stripped: name it 'a/%s' and 'b/%s', as 'git diff' does", there, there, there);
        if (there)
            return arena_printf(a, "'%s' is there with %u directories stripped, and a patch has one: name it 'a/%s' and 'b/%s'", there, k, there, there);
    }
    if (!file)
        return w->keep_count && n.names.count ? "only what 'keep' names is patched: add the file there, or leave it out of the patch" : NULL;
    if (n.crlf && !has_crlf(&n, file))
        return arena_printf(a, "lines of the patch end with CR LF, those of '%s' with LF: sed -i 's/\\r$//' %s", file, patch->name);
    if (!n.crlf && has_crlf(&n, file))
        return arena_printf(a, "lines of '%s' end with CR LF, those of the patch with LF: make it from the file as it is, without a conversion of line ends", file);
    return NULL;
}
