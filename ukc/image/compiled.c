/*
 * compiled.c - what was compiled under a name (see compiled.h).
 *
 * llvm-nm says which objects have a name and which refer to it.  Those of the release profile are bitcode: llvm-dis writes them as text (LLVM Language Reference), in
 * which each function begins with "define", each variable with its "@name", and a use is "@name" once more.
 */
#include "compiled.h"
#include "../base/file.h"
#include "../base/process.h"
#include <ctype.h>
#include <string.h>

bool compiled_is(const char *linked, const char *symbol)
{
    size_t n = strlen(linked), m = strlen(symbol);
    return m && n >= m && strcmp(linked + n - m, symbol) == 0 && (n == m || linked[n - m - 1] == '.');
}

/* ---- objects ---- */

/* "build/kvm/obj/http.stack/tcp.c.o: tcp_input T ..." */
static const char *all_names(struct project *p, bool defined)
{
    const char *objects = project_file(p, "obj");
    struct diag *quiet = diag_create();
    const struct file_list *files = file_is_directory(objects) ? file_walk(p->a, objects, SPAN_NONE, quiet) : NULL;
    diag_destroy(quiet);
    VEC(const char *) argv = {};
    const char *const words[] = {"llvm-nm-19", "--print-file-name", defined ? "--defined-only" : "--undefined-only", "--format=posix"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        *vec_add(p->a, &argv) = words[k];
    for (size_t k = 0; files && k < files->count; k++) {
        const char *base = path_base(files->paths[k]);
        bool archive = string_ends(base, ".a") && defined, object = string_ends(base, ".o") && strcmp(base, "linked.o") != 0 && strcmp(base, "module.o") != 0;
        if (archive || (object && !string_starts(files->paths[k], "+library/")))
            *vec_add(p->a, &argv) = path_join(p->a, objects, files->paths[k]);
    }
    *vec_add(p->a, &argv) = NULL;
    return files ? process_answer(p->a, argv.items) : NULL;
}

/* One line; false: it is of no object. */
static bool read_line(struct project *p, const char *line, struct compiled *out)
{
    const char *objects = project_file(p, "obj/"), *text = arena_strndup(p->a, line, strcspn(line, "\n")), *name = strstr(text, ": ");
    size_t n = strlen(objects);
    if (!name || !string_starts(text, objects))
        return false;
    *out = (struct compiled){.group = arena_strndup(p->a, text + n, strcspn(text + n, "/[")), .object = arena_strndup(p->a, text + n, (size_t)(name - text) - n),
                             .name = arena_strndup(p->a, name + 2, strcspn(name + 2, " "))};
    return true;
}

const struct compiled *compiled_find(struct project *p, const char *symbol, size_t *count)
{
    VEC(struct compiled) all = {};
    for (const char *line = all_names(p, true); line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        struct compiled c;
        if (memmem(line, strcspn(line, "\n"), symbol, strlen(symbol)) && read_line(p, line, &c) && compiled_is(c.name, symbol))
            *vec_add(p->a, &all) = c;
    }
    *count = all.count;
    return all.items;
}

/* ---- who mentions a name ---- */

bool compiled_within(struct project *p, const char *object, const char *function)
{
    const char *file = path_join(p->a, project_file(p, "obj"), object), *const argv[] = {"llvm-dis-19", file, "-o", "-", NULL};
    const char *begin = arena_printf(p->a, "DISubprogram(name: \"%s\"", function), *text = file_is_regular(file) ? process_answer(p->a, argv) : NULL;
    for (const char *at = text; at && (at = strstr(at, begin)); at++)
        if (memmem(at, strcspn(at, "\n"), "DISPFlagDefinition", strlen("DISPFlagDefinition")))
            return true;
    return false;
}

typedef VEC(struct compiled_user) user_list;

/* The name behind an "@" of the text. */
static const char *name_at(struct arena *a, const char *at)
{
    if (*at == '"')
        return arena_strndup(a, at + 1, strcspn(at + 1, "\"\n"));
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || (at[n] && strchr("._$-", at[n])))
        n++;
    return arena_strndup(a, at, n);
}

/* What debuggers are told is no use. */
static bool mentions(struct arena *a, const char *line, const char *name)
{
    const char *end = line + strcspn(line, "\n");
    if (memmem(line, (size_t)(end - line), "#dbg_", strlen("#dbg_")))
        return false;
    for (const char *at = line; (at = memchr(at, '@', (size_t)(end - at))); at++)
        if (strcmp(name_at(a, at + 1), name) == 0)
            return true;
    return false;
}

static void add_user(struct project *p, const char *linked, const char *group, user_list *out)
{
    size_t n = strlen(group);
    const char *name = strncmp(linked, group, n) == 0 && linked[n] == '.' ? linked + n + 1 : linked;
    for (size_t k = 0; k < out->count; k++)
        if (strcmp(out->items[k].name, name) == 0 && strcmp(out->items[k].group, group) == 0)
            return;
    *vec_add(p->a, out) = (struct compiled_user){name, group};
}

static bool read_object(struct project *p, const struct compiled *in, const char *name, user_list *out)
{
    const char *const argv[] = {"llvm-dis-19", path_join(p->a, project_file(p, "obj"), in->object), "-o", "-", NULL};
    const char *text = process_answer(p->a, argv), *within = NULL;
    for (const char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *at = line;
        if (string_starts(line, "define ") && (at = strchr(line, '@'))) {
            within = name_at(p->a, at + 1);
            continue;
        }
        if (*line == '@')
            within = name_at(p->a, ++at);
        else if (*line == '}')
            within = NULL;
        else if (*line != ' ') /* a label, or what is said of the module */
            continue;
        if (within && strcmp(within, name) != 0 && !string_starts(within, "llvm.") && mentions(p->a, at, name))
            add_user(p, within, in->group, out);
    }
    return text;
}

bool compiled_users(struct project *p, const struct compiled *c, const struct compiled_user **users, size_t *count)
{
    user_list all = {};
    bool known = !string_starts(c->group, "+library") && read_object(p, c, c->name, &all);
    for (const char *line = known ? all_names(p, false) : NULL; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        struct compiled in;
        if (memmem(line, strcspn(line, "\n"), c->name, strlen(c->name)) && read_line(p, line, &in) && strcmp(in.name, c->name) == 0)
            (void)read_object(p, &in, c->name, &all);
    }
    *users = all.items;
    *count = all.count;
    return known;
}
