/*
 * assembly.c - where assembly stands that a linker found wrong.
 *
 * With whole-program optimisation it is the linker that assembles, and its message names no source. Each object is assembled alone
 * to find those that it can mean; their sources are compiled once more, without that optimisation: then the compiler says the place.
 */
#include "build.h"
#include "edges.h"
#include "../base/file.h"
#include "../base/process.h"
#include "../base/text.h"
#include <stdlib.h>
#include <string.h>

typedef VEC(const char *) words;

/* What the program prints as errors; NULL: it ended well, or cannot be run. */
static const char *errors_of(struct project *p, words *argv)
{
    struct text err = {};
    *vec_add(p->a, argv) = NULL;
    int status = process_run(&(struct process){.argv = argv->items, .out = &err, .err = &err}, p->d);
    const char *said = status > 0 ? text_keep(&err, p->a) : NULL;
    text_dispose(&err);
    return said;
}

static bool assembles(struct project *p, const struct edge *e)
{
    words argv = {};
    const char *const alone[] = {e->words[0], "--no-default-config", "-w", "-O0", "-x", "ir", "-c", e->output, "-o", "/dev/null"};
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        *vec_add(p->a, &argv) = alone[i];
    return !errors_of(p, &argv);
}

/* What only the optimisation of the whole program can do, and so no compiler alone. */
static bool is_for_whole_program(const char *word)
{
    return string_starts(word, "-flto") || string_starts(word, "-fsplit-lto") || string_starts(word, "-fsanitize=cfi") ||
           string_starts(word, "-fsanitize-cfi");
}

/* The command of this object, for nothing but what the compiler says of the source. */
static const char *compile_alone(struct project *p, const struct edge *e)
{
    words argv = {};
    for (size_t i = 0; i < e->word_count; i++) {
        const char *word = e->words[i];
        if (string_equal(word, "-MF"))
            i++;
        else if (!string_equal(word, "-MD") && !is_for_whole_program(word))
            *vec_add(p->a, &argv) = string_equal(word, e->output) ? "/dev/null" : word;
    }
    *vec_add(p->a, &argv) = "-w";
    *vec_add(p->a, &argv) = "-fno-color-diagnostics";
    return errors_of(p, &argv);
}

/* "FILE:LINE:COLUMN: error: WHAT" */
static bool tell(struct project *p, const char *line)
{
    const char *what = strstr(line, ": error: "), *column = what, *row;
    while (column && column > line && *--column != ':')
        ;
    for (row = column; row && row > line && *--row != ':';)
        ;
    if (!row || row == line)
        return false;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, arena_strndup(p->a, line, (size_t)(row - line)), SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    const struct span span = {s, (uint32_t)strtoul(row + 1, NULL, 10), (uint32_t)strtoul(column + 1, NULL, 10), 1};
    diag_error(p->d, span, "%s", what + strlen(": error: "));
    return true;
}

static size_t tell_all(struct project *p, const struct edge *e)
{
    const char *said = compile_alone(p, e);
    size_t told = 0;
    while (said && *said) {
        size_t n = strcspn(said, "\n");
        told += tell(p, arena_strndup(p->a, said, n));
        said += n + (said[n] == '\n');
    }
    return told;
}

void explain_assembly(struct project *p)
{
    const struct edges *all = edges_read(p, project_file(p, "build.ninja"), false);
    size_t told = 0;
    for (size_t i = 0; all && i < all->count; i++)
        if (string_equal(all->items[i].rule, "cc") && file_exists(all->items[i].output) && !assembles(p, &all->items[i]))
            told += tell_all(p, &all->items[i]);
    if (told)
        return;
    diag_error(p->d, SPAN_NONE, "the linker found assembly wrong that no source has alone: optimisation made it");
    diag_help(p->d, "'ukc configure --profile dev' builds without optimisation of the whole program, and its compiler names the place");
}
