/*
 * compiler_messages.c - what compilers said of a failed build, with its places, for --json.
 *
 * Lines like
 *
 *     shop.c:23:22: error: use of undeclared identifier 'x'
 *
 * of which the path is as the project has it.  All others, source lines and their marks, stay in the answer's "output".
 */
#include "build.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    [[gnu::format(printf, 3, 4)]] bool (*report)(struct diag *, struct span, const char *format, ...);
} severities[] = {{" fatal error: ", diag_error}, {" error: ", diag_error}, {" warning: ", diag_warning}, {" note: ", diag_note}};

/* ":23" */
static const char *number(const char *at, uint32_t *value)
{
    char *end = NULL;
    unsigned long n = *at == ':' && at[1] >= '0' && at[1] <= '9' ? strtoul(at + 1, &end, 10) : 0;
    *value = (uint32_t)n;
    return end && n <= UINT32_MAX ? end : NULL;
}

static void read_line(struct project *p, const char *line)
{
    uint32_t row, column;
    const char *colon = line[0] == ' ' ? NULL : strchr(line, ':'), *at = colon ? number(colon, &row) : NULL;
    at = at ? number(at, &column) : NULL;
    for (size_t k = 0; at && *at == ':' && k < sizeof severities / sizeof severities[0]; k++) {
        size_t size = strlen(severities[k].word);
        if (strncmp(at + 1, severities[k].word, size) != 0)
            continue;
        struct source *source = arena_array(p->a, struct source, 1);
        *source = (struct source){.path = arena_strndup(p->a, line, (size_t)(colon - line)), .bytes = ""};
        severities[k].report(p->d, (struct span){.source = source, .line = row, .column = column, .length = 1}, "%s", at + 1 + size);
        return;
    }
}

void compiler_messages(struct project *p, const char *said)
{
    for (size_t n; *said; said += n + (said[n] == '\n')) {
        n = strcspn(said, "\n");
        read_line(p, arena_strndup(p->a, said, n));
    }
}
