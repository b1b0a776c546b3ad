/*
 * embed_input.c - reads the list that embed_list.c wrote; it may have been edited, so nothing is taken for granted.
 */
#include "embedding.h"

#include <string.h>

#include "../base/file.h"

enum { NAME_MOST = 1024 }; /* KV_KEY_MOST in libs/include/ukc/kv_key.h */

struct reader {
    struct arena *a;
    struct diag *d;
    const struct source *source;
    const char *at;
    uint32_t line;
};

static struct span here(const struct reader *r, uint32_t column)
{
    return (struct span){r->source, r->line, column, 1};
}

/* The next line, copied, or NULL at the end. */
static char *next_line(struct reader *r)
{
    const char *end = r->source->bytes + r->source->size;
    if (r->at == end)
        return NULL;
    const char *newline = memchr(r->at, '\n', (size_t)(end - r->at));
    size_t n = newline ? (size_t)(newline - r->at) : (size_t)(end - r->at);
    char *line = arena_strndup(r->a, r->at, n);
    r->at += n + (newline != NULL);
    r->line++;
    return line;
}

/* "<word> <rest>": the rest, or NULL after reporting. */
static const char *fact(struct reader *r, const char *word)
{
    const char *line = next_line(r);
    size_t n = strlen(word);
    if (line && strncmp(line, word, n) == 0 && line[n] == ' ' && line[n + 1])
        return line + n + 1;
    diag_error(r->d, here(r, 1), "a line '%s ...' is expected here", word);
    return NULL;
}

static bool is_key(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > NAME_MOST || !string_is_clean_utf8(name, size))
        return false;
    for (const char *p = name; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
    }
    return true;
}

static bool read_encoding(struct reader *r, const char *word, enum embed_encoding *out)
{
    static const char *const words[] = {[EMBED_AS_IS] = "none", [EMBED_GZIP] = "gzip", [EMBED_ZSTD] = "zstd"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (string_equal(words[i], word)) {
            *out = (enum embed_encoding)i;
            return true;
        }
    return diag_error(r->d, here(r, 10), "'%s' is no way to compress: none, gzip or zstd", word);
}

const struct embed_input *embed_input_read(struct arena *a, const char *path, struct diag *d)
{
    const struct source *source = file_read(a, path, SPAN_NONE, (size_t)1 << 31, d);
    if (!source)
        return NULL;
    struct reader r = {.a = a, .d = d, .source = source, .at = source->bytes};
    struct embed_input *input = arena_new(a, struct embed_input);
    const char *version = fact(&r, "ukc-embed");
    if (!version)
        return NULL;
    if (!string_equal(version, "1")) {
        diag_error(d, here(&r, 11), "this list is of version '%s'; this ukc reads version 1", version);
        return NULL;
    }
    const char *compress;
    if (!(input->symbol = fact(&r, "symbol")) || !(compress = fact(&r, "compress")) || !read_encoding(&r, compress, &input->compress) ||
        !(input->directory = fact(&r, "directory")))
        return NULL;
    VEC(const char *) names = {};
    while (r.at < source->bytes + source->size) {
        const char *name = fact(&r, "file");
        if (!name)
            return NULL;
        if (!is_key(name) || (names.count && strcmp(names.items[names.count - 1], name) >= 0)) {
            diag_error(d, here(&r, 6), "names are relative paths, sorted, each once: '%s' is not", name);
            return NULL;
        }
        *vec_add(a, &names) = name;
    }
    input->names = names.items;
    input->count = names.count;
    return input;
}
