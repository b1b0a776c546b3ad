/*
 * crash.c - the places that a machine's crash report names by address, by function, file and line.
 *
 * The image copies its report (targets/pvh/report.c) to a port, which QEMU writes to a file, and Xen to its log.  Names are in <build>/NAME.debug, or in
 * an image of profile dev itself, if it is of the same build; llvm-symbolizer finds them there.  Where that is missing the command is said
 * instead.
 */
#include "backtrace.h"
#include "hypervisor.h"
#include "trap.h"
#include "../base/file.h"
#include "../base/process.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MOST = 64, HASH_SIZE = 20, REPORT_MOST = 1 << 24 /* Xen's log has more than that */, SYMBOLS_MOST = 1 << 30 };

struct report {
    uint64_t places[PLACES_MOST];
    bool callers[PLACES_MOST];  /* one that was to be returned to */
    bool doubtful[PLACES_MOST]; /* or one that had been: backtrace.h */
    size_t count;
    const char *build; /* in hexadecimal digits, "": not said */
};

static const char *digits_of(struct project *p, const char *text)
{
    size_t size = strspn(text, "0123456789abcdef");
    return arena_printf(p->a, "%.*s", (int)size, text);
}

/* Xen writes who says a line before it: "(d1) ". */
static const char *line_of(const char *line)
{
    size_t digits = string_starts(line, "(d") ? strspn(line + 2, "0123456789") : 0;
    return digits && string_starts(line + 2 + digits, ") ") ? line + 2 + digits + 2 : line;
}

/* The lines "  at   ADDRESS", "  from ADDRESS" and "  build HASH"; everything else is passed over. */
static void read_report(struct project *p, const char *text, struct report *r)
{
    *r = (struct report){.build = ""};
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line = line_of(line + (*line == '\n'));
        bool at = strncmp(line, "  at   ", 7) == 0, from = strncmp(line, "  from ", 7) == 0;
        if (strncmp(line, "  build ", 8) == 0)
            r->build = digits_of(p, line + 8);
        if ((!at && !from) || r->count == PLACES_MOST)
            continue;
        r->callers[r->count] = from;
        r->places[r->count++] = strtoull(line + 7, NULL, 16);
    }
}

/* The hash in the build note of an ELF file, as in the report: the header of the note, then the hash.  NULL: there is none. */
static const char *build_of(struct project *p, const char *path)
{
    static const char header[] = "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU";
    char hash[2 * HASH_SIZE + 1];
    const struct source *file = file_exists(path) ? file_read(p->a, path, SPAN_NONE, SYMBOLS_MOST, p->d) : NULL;
    const char *note = file ? memmem(file->bytes, file->size, header, sizeof header) : NULL;
    if (!note || (size_t)(file->bytes + file->size - note) < sizeof header + HASH_SIZE)
        return NULL;
    for (int i = 0; i < HASH_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", (unsigned char)note[sizeof header + (size_t)i]);
    return arena_strdup(p->a, hash);
}

static const char *find_symbolizer(struct project *p)
{
    static const char *const names[] = {"llvm-symbolizer-19", "llvm-symbolizer"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const char *found = process_find(p->a, names[k]);
        if (found)
            return found;
    }
    return NULL;
}

/* A block of lines for each address, with an empty line behind it: the place, and whom it was inlined into. */
static void print_names(const struct report *r, const char *text)
{
    for (size_t k = 0; k < r->count && *text; k++) {
        const char *word = r->doubtful[k] ? "  from ? " : r->callers[k] ? "  from " : "  at   ";
        for (; *text && *text != '\n'; word = "       ") {
            size_t size = strcspn(text, "\n");
            bool no_line = size > 4 && memcmp(text + size - 4, ":0:0", 4) == 0; /* the compiler made one of several */
            fprintf(stderr, "%s%.*s\n", word, (int)(size - (no_line ? 4 : 0)), text);
            text += size + (text[size] == '\n');
        }
        text += *text == '\n';
    }
}

const char *crash_symbols(struct project *p, const char *image)
{
    return p->configuration.profile == PROFILE_DEV ? image : arena_printf(p->a, "%s.debug", image);
}

bool crash_symbols_fit(struct project *p, const char *image)
{
    const char *symbols = crash_symbols(p, image), *build = build_of(p, image), *found = build_of(p, symbols);
    if (build && found && string_equal(build, found))
        return true;
    diag_fail(p->d, DIAG_INTEGRITY, SPAN_NONE, "the symbols in '%s' are not of the build that '%s' is: a debugger would show wrong places", symbols, image);
    diag_help(p->d, "remove '%s', and 'ukc build' makes both anew", symbols);
    return false;
}

static void explain(struct project *p, const char *image, struct report *r)
{
    const char *symbols = crash_symbols(p, image), *symbolizer = find_symbolizer(p), *found = build_of(p, symbols);
    if (!found || !string_equal(found, r->build)) {
        fprintf(stderr, "ukc: the crash has no names: %s is not of the build that crashed\n", symbols);
        return;
    }
    backtrace_check(p->a, image, symbols, r->places, r->count, r->doubtful, p->d);
    VEC(const char *) argv = {};
    *vec_add(p->a, &argv) = symbolizer ? symbolizer : "llvm-symbolizer-19";
    *vec_add(p->a, &argv) = "--pretty-print";
    *vec_add(p->a, &argv) = "--obj";
    *vec_add(p->a, &argv) = symbols;
    for (size_t k = 0; k < r->count; k++) /* the instruction that called is before the one that is returned to */
        *vec_add(p->a, &argv) = arena_printf(p->a, "0x%llx", (unsigned long long)(r->places[k] - r->callers[k]));
    *vec_add(p->a, &argv) = NULL;
    struct text names = {};
    if (symbolizer && process_run(&(struct process){.argv = argv.items, .out = &names}, p->d) == 0) {
        fprintf(stderr, "ukc: the crash, by %s:\n", symbols);
        print_names(r, text_string(&names));
    } else {
        fprintf(stderr, "ukc: the places of the crash have names, which llvm-symbolizer would find:\n ");
        for (size_t k = 0; argv.items[k]; k++)
            fprintf(stderr, " %s", argv.items[k]);
        fprintf(stderr, "\n");
    }
    text_dispose(&names);
    const char *meaning = trap_meaning(p->a, image, symbols, r->places[0], p->d);
    if (meaning)
        fprintf(stderr, "ukc: what ended it: %s\n", meaning);
}

void crash_explain(struct project *p, const char *image, const char *report)
{
    struct report r;
    const struct source *file = file_exists(report) ? file_read(p->a, report, SPAN_NONE, REPORT_MOST, p->d) : NULL;
    if (file)
        read_report(p, file->bytes, &r);
    if (file && r.count > 0)
        explain(p, image, &r);
}
