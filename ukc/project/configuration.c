/*
 * configuration.c - what configure was told, kept beside what it wrote.
 *
 * <build>/configure.args holds one word a line behind a format line; words
 * are those of the command line, so reading it is parsing options.
 */
#include "project.h"
#include "../base/file.h"
#include "../base/text.h"
#include <string.h>

static const char format_line[] = "ukc-configure 1";

const char *const *configuration_words(struct arena *a, const struct configuration *c, size_t *count)
{
    VEC(const char *) words = {};
#define WORD(...) (*vec_add(a, &words) = arena_printf(a, __VA_ARGS__))
    WORD("--target=%s", target_names[c->target]);
    if (c->profile == PROFILE_DEV)
        WORD("--profile=dev");
    if (c->sanitize)
        WORD("--sanitize");
    if (c->offline)
        WORD("--offline");
    for (size_t k = 0; k < c->configs.count; k++)
        WORD("--config=%s", c->configs.items[k]);
    for (size_t k = 0; k < c->sets.count; k++)
        WORD("--set=%s", c->sets.items[k]);
    for (size_t k = 0; k < c->catalogues.count; k++)
        WORD("--catalogue=%s", c->catalogues.items[k]);
    if (c->name)
        WORD("%s", c->name);
#undef WORD
    *count = words.count;
    return words.items;
}

static bool write_last(const struct project *p)
{
    struct text t = {};
    text_printf(&t, "%s%s%s\n", target_names[p->configuration.target], p->configuration.name ? " " : "",
                p->configuration.name ? p->configuration.name : "");
    bool ok = file_write("build/last", t.bytes, t.size, NULL, p->d);
    text_dispose(&t);
    return ok;
}

/* What is below build/ is made, and never belongs into version control. */
static bool write_ignore(const struct project *p)
{
    return file_write("build/.gitignore", "*\n", 2, NULL, p->d);
}

bool configuration_write(const struct project *p)
{
    size_t count;
    const char *const *words = configuration_words(p->a, &p->configuration, &count);
    struct text t = {};
    text_printf(&t, "%s\n", format_line);
    for (size_t k = 0; k < count; k++)
        text_printf(&t, "%s\n", words[k]);
    const char *name = arena_printf(p->a, "%s\n", p->unikernel->name.text);
    bool ok = write_ignore(p) && file_write(project_file(p, "image.name"), name, strlen(name), NULL, p->d) &&
              file_write(project_file(p, "configure.args"), t.bytes, t.size, NULL, p->d) &&
              (given(p->i, OPTION_regenerate) || write_last(p));
    text_dispose(&t);
    return ok;
}
