/*
 * signature.c - ukc help SIGNATURE: what a signature means, its keys, and its operations as its header declares them.
 */
#include "signature.h"
#include "../base/file.h"
#include "../base/text.h"
#include <stdio.h>
#include <string.h>

/* Of the project that is here; NULL where there is none or it has mistakes, which 'ukc check' shows. */
static const struct manifest *read_project(struct invocation *i, bool *mistakes)
{
    struct project p;
    struct diag *d = i->diag, *unheard = diag_create();
    i->diag = unheard;
    bool opened = project_open(&p, i, NULL, false);
    p.offline = true; /* help does not go to the network */
    bool read = opened && project_manifest(&p);
    i->diag = d;
    diag_destroy(unheard);
    *mistakes = opened && !read;
    return read ? p.manifest : NULL;
}

const struct manifest *signatures_read(struct invocation *i, bool *mistakes)
{
    const struct manifest *own = read_project(i, mistakes);
    if (own)
        return own;
    struct configuration none = {};
    size_t count;
    const char *shared;
    const char *const *roots = catalogue_roots(i, &none, &count, &shared);
    return roots ? manifest_load(i->arena, &(struct manifest_options){.catalogue = roots, .catalogue_count = count, .shared = shared}, i->diag) : NULL;
}

/* What belongs to the preprocessor says nothing about the operations. */
static bool is_frame(const char *line)
{
    return string_starts(line, "#ifndef ") || string_starts(line, "#include ") || string_starts(line, "#endif") ||
           (string_starts(line, "#define ") && line[8 + strcspn(line + 8, " \n")] == '\n');
}

static void print_header(const struct source *header)
{
    bool blank = true; /* one empty line at most */
    for (const char *line = header->bytes; *line;) {
        size_t n = strcspn(line, "\n");
        if (!is_frame(line) && !(blank && n == 0)) {
            printf("%.*s\n", (int)n, line);
            blank = n == 0;
        }
        line += n + (line[n] == '\n');
    }
}

static void print_signature(struct invocation *i, const struct signature *s)
{
    const char *path = signature_header(i->arena, s);
    printf("sig.%s%s%s\n  header: %s\n", s->name.text, s->doc ? ": " : "", s->doc ? s->doc : "", path);
    for (size_t k = 0; k < s->key_count; k++)
        printf("  key %s%s%s\n", s->keys[k].name.text, s->keys[k].doc ? ": " : "", s->keys[k].doc ? s->keys[k].doc : "");
    const struct source *header = file_read(i->arena, path, s->span, 0, i->diag);
    if (!header)
        return;
    putchar('\n');
    print_header(header);
}

bool signature_print_help(struct invocation *i, const struct manifest *m, const char *topic)
{
    const char *name = string_starts(topic, "sig.") ? topic + strlen("sig.") : topic;
    bool all = string_equal(topic, "signatures"), any = all;
    for (size_t k = 0; k < m->signature_count; k++) {
        const struct signature *s = &m->signatures[k];
        if (all) {
            printf(s->doc ? "  sig.%-16s %s\n" : "  sig.%s\n", s->name.text, s->doc);
        } else if (string_equal(name, s->name.text)) {
            print_signature(i, s);
            any = true;
        }
    }
    return any;
}
