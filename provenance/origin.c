/*
 * origin.c - which repositories have delivered a commit.
 *
 * A commit is addressed by its own id, so one that is in the store is right, whatever
 * repository a manifest names for it.  A wrong name would only be noticed on
 * another machine.  So the store notes, in origins/<commit>, where each came from: a
 * repository a line, as a URL or an absolute path.  The file decides
 * nothing but what users are told; without it nothing is known, and nothing said.
 */
#include <string.h>
#include "../ukc/base/file.h"
#include "import.h"

static const char *origin_path(struct arena *a, const char *store, const struct import *i)
{
    return arena_printf(a, "%s/origins/%s", store, i->commit.text);
}

static const char *read_origins(struct arena *a, const char *path)
{
    if (!file_exists(path))
        return NULL;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(a, path, SPAN_NONE, 1 << 20, quiet);
    diag_destroy(quiet);
    return s && s->size && strlen(s->bytes) == s->size ? s->bytes : NULL;
}

enum origin origin_find(struct arena *a, const char *store, const struct import *i, const char **other)
{
    const char *own = location_of(a, i), *list = read_origins(a, origin_path(a, store, i));
    *other = NULL;
    for (const char *line = list ? list : ""; *line;) {
        size_t n = strcspn(line, "\n");
        if (strlen(own) == n && strncmp(own, line, n) == 0)
            return ORIGIN_SAME;
        if (!*other)
            *other = arena_strndup(a, line, n);
        line += n + (line[n] == '\n');
    }
    return list ? ORIGIN_OTHER : ORIGIN_UNKNOWN;
}

void origin_add(struct arena *a, const char *store, const struct import *i)
{
    const char *path = origin_path(a, store, i), *own = location_of(a, i), *list = read_origins(a, path), *other;
    if (strchr(own, '\n') || origin_find(a, store, i, &other) == ORIGIN_SAME)
        return;
    const char *text = arena_printf(a, "%s%s\n", list ? list : "", own);
    struct diag *quiet = diag_create(); /* it is for messages only */
    file_write(path, text, strlen(text), NULL, quiet);
    diag_destroy(quiet);
}

void report_other_origin(const struct import *i, const char *other, const char *reason, struct diag *d)
{
    if (reason)
        diag_warning(d, i->repository.span, "'%s' does not deliver commit %.12s: where the store does not have it, no build is possible", i->repository.text,
                     i->commit.text);
    else
        diag_warning(d, i->repository.span, "commit %.12s is in the store, but it never came from '%s'", i->commit.text, i->repository.text);
    if (reason)
        diag_note(d, SPAN_NONE, "%s", reason);
    if (other)
        diag_note(d, SPAN_NONE, "it came from '%s'", other);
    if (!reason)
        diag_help(d, "'ukc fetch' asks that repository for it");
}
