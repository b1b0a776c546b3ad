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

void explain_assembly(struct project *p)
{
    const struct edges *all = edges_read(p, project_file(p, "build.ninja"), false);
    size_t told = 0;
    for (size_t i = 0; all && i < all->count; i++)
        if (string_equal(all->items[i].rule, "cc") && file_exists(all->items[i].output) && !assembles(p, &all->items[i])) {
            const char *said = compile_alone(p, &all->items[i]);
            told += said ? compiler_messages(p, said, true) : 0;
        }
    if (told)
        return;
    diag_error(p->d, SPAN_NONE, "the linker found assembly wrong that no source has alone: optimisation made it");
    diag_help(p->d, "'ukc configure --profile dev' builds without optimisation of the whole program, and its compiler names the place");
}
