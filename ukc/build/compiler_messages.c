/*
 * compiler_messages.c - what compilers say, reported with its places.
 *
 * Lines like
 *
 *     shop.c:23:22: error: use of undeclared identifier 'x'
 *
 * of which the path is as the project has it.  All others, as source lines and their marks, are passed over.
 */
#include "build.h"
#include "../base/file.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    [[gnu::format(printf, 3, 4)]] bool (*report)(struct diag *, struct span, const char *format, ...);
} severities[] = {{": fatal error: ", diag_error}, {": error: ", diag_error}, {": warning: ", diag_warning}, {": note: ", diag_note}};

/* The number that ends before `end`, and the colon before it; NULL: there is none. */
static const char *number_before(const char *line, const char *end, uint32_t *value)
{
    const char *at = end;
    while (at > line && at[-1] >= '0' && at[-1] <= '9')
        at--;
    if (at == end || end - at > 9 || at == line || at[-1] != ':')
        return NULL;
    *value = (uint32_t)strtoul(at, NULL, 10);
    return at - 1;
}

/* A file that cannot be read has no line to show. */
static const struct source *source_of(struct project *p, const char *path)
{
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, path, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    if (s)
        return s;
    struct source *named = arena_new(p->a, struct source);
    *named = (struct source){.path = path};
    return named;
}

static bool report_line(struct project *p, const char *line, bool errors_only)
{
    const char *first = NULL;
    size_t k = 0;
    for (size_t i = 0; line[0] != ' ' && i < sizeof severities / sizeof severities[0]; i++) {
        const char *at = strstr(line, severities[i].word);
        if (at && (!first || at < first)) {
            first = at;
            k = i;
        }
    }
    struct span span = {.length = 1};
    const char *end = first ? number_before(line, first, &span.column) : NULL;
    end = end ? number_before(line, end, &span.line) : NULL;
    if (!end || end == line || (errors_only && severities[k].report != diag_error))
        return false;
    span.source = source_of(p, arena_strndup(p->a, line, (size_t)(end - line)));
    severities[k].report(p->d, span, "%s", first + strlen(severities[k].word));
    return true;
}

size_t compiler_messages(struct project *p, const char *said, bool errors_only)
{
    size_t count = 0;
    for (size_t n; *said; said += n + (said[n] == '\n')) {
        n = strcspn(said, "\n");
        count += report_line(p, arena_strndup(p->a, said, n), errors_only);
    }
    return count;
}
