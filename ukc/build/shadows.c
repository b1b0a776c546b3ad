/*
 * shadows.c - directories that are not there, and where a file would come in front of one that was read (see compiled.h).
 *
 * A header is looked for below each directory of the command (-I and its like) and beside the files that include others.  Of a
 * path that was found, each such directory before it leaves the words of the #include; below every other one these
 * would be looked for as well.  Where the directory is there, the compiler has opened what it looked for, and the audit saw it; where it is
 * not, the audit saw nothing, and the path of the directory stands for all that could appear in it.
 */
#include "compiled.h"
#include "../base/file.h"
#include "../base/map.h"
#include <string.h>

struct search {
    struct arena *a;
    path_list bases; /* with their last slash; "": the project */
    path_list below; /* directories in the words of #include, without a last slash; "": none */
    struct map seen_bases, seen_below, seen;
    bool told;
};

static const char *plain(const char *path)
{
    while (string_starts(path, "./"))
        path += 2;
    return path;
}

static void add_base(struct search *s, const char *directory)
{
    directory = plain(directory);
    const char *base = string_equal(directory, ".") || !*directory ? "" : string_ends(directory, "/") ? directory : arena_printf(s->a, "%s/", directory);
    if (map_add(&s->seen_bases, base, 1) == MAP_ABSENT)
        *vec_add(s->a, &s->bases) = base;
}

static void add_below(struct search *s, const char *words)
{
    const char *slash = strrchr(words, '/'), *directory = slash ? arena_strndup(s->a, words, (size_t)(slash - words)) : "";
    if (map_add(&s->seen_below, directory, 1) == MAP_ABSENT)
        *vec_add(s->a, &s->below) = directory;
}

static void add_directories(struct search *s, const char *const *words, size_t count)
{
    static const char *const names[] = {"-iquote", "-isystem", "-idirafter", "-I"};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            if (string_starts(words[i], names[k])) {
                const char *directory = words[i] + strlen(names[k]);
                add_base(s, *directory ? directory : i + 1 < count ? words[i + 1] : "");
            }
}

/* ---- __has_include and __has_embed: what is not there was asked for as well ---- */

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* Behind the word; false: which file is meant only the preprocessor knows. */
static bool take_question(struct search *s, const char *p)
{
    p = skip_blanks(p);
    if (*p != '(')
        return true; /* is it defined? */
    p = skip_blanks(p + 1);
    char end = *p == '<' ? '>' : *p == '"' ? '"' : 0;
    size_t n = end ? strcspn(p + 1, (char[]){end, '\n', 0}) : 0;
    if (!end || p[1 + n] != end)
        return false;
    add_below(s, arena_strndup(s->a, p + 1, n));
    return true;
}

/* In "#define X __has_include" the name stands for a question that is asked elsewhere. */
static bool is_definition(const char *text, const char *at)
{
    while (at > text && at[-1] != '\n')
        at--;
    at = skip_blanks(at);
    return *at == '#' && string_starts(skip_blanks(at + 1), "define");
}

static void read_questions(struct search *s, const char *path)
{
    struct diag *quiet = diag_create();
    const struct source *source = file_read(s->a, path, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    if (!source)
        return; /* of which there is no contents to compare either */
    for (const char *at = source->bytes; (at = strstr(at, "__has_")); at++) {
        const char *word = at + strlen("__has_");
        size_t n = string_starts(word, "include_next") ? strlen("include_next") : string_starts(word, "include") ? strlen("include") : string_starts(word, "embed") ? strlen("embed") : 0;
        if (n && (is_definition(source->bytes, at) || !take_question(s, word + n)))
            s->told = false;
    }
}

/* ---- */

static void add_words(struct search *s, const char *path)
{
    for (size_t i = 0; i < s->bases.count; i++)
        if (string_starts(path, s->bases.items[i]) && !(*path == '/' && !*s->bases.items[i]))
            add_below(s, path + strlen(s->bases.items[i]));
}

/* The first directory on the way below `base` that is not there. */
static void look(struct search *s, const char *base, const char *below, path_list *out)
{
    const char *path = *below ? arena_printf(s->a, "%s%s", base, below) : *base ? arena_strndup(s->a, base, strlen(base) - 1) : ".";
    for (size_t n = *base ? strlen(base) - 1 : 0;; n++) {
        n += strcspn(path + n, "/");
        const char *part = arena_strndup(s->a, path, n);
        if (n && map_add(&s->seen, part, 1) == MAP_ABSENT && !file_is_directory(part)) {
            map_set(&s->seen, part, 2);
            *vec_add(s->a, out) = part;
        }
        if (!path[n] || (n && map_get(&s->seen, part) == 2))
            return;
    }
}

bool shadows_find(struct arena *a, const char *const *words, size_t count, const struct reads *r, path_list *out)
{
    struct search s = {.a = a, .told = true};
    add_directories(&s, words, count);
    for (size_t i = 0; i < r->read_count; i++)
        add_base(&s, path_directory(a, r->read[i]));
    for (size_t i = 0; i < r->read_count; i++) {
        add_words(&s, plain(r->read[i]));
        if (*r->read[i] != '/')
            read_questions(&s, r->read[i]);
    }
    for (size_t i = 0; i < s.bases.count && s.told; i++)
        for (size_t k = 0; k < s.below.count; k++)
            look(&s, s.bases.items[i], s.below.items[k], out);
    map_dispose(&s.seen_bases);
    map_dispose(&s.seen_below);
    map_dispose(&s.seen);
    return s.told;
}
