/*
 * backtrace.c - which of the places on a stack are callers (see backtrace.h).
 */
#include "backtrace.h"
#include "../base/elf_file.h"
#include <string.h>

enum { CALL = 0xe8, JUMP = 0xe9, SIZE = 5 }; /* with a distance of 32 bits behind it (Intel SDM, volume 2) */

struct search {
    struct elf_file *image, *symbols;
};

/* Where the instruction that ends at an address goes to, if it is of this kind; else 0. */
static uint64_t goes_to(const struct search *s, unsigned char kind, uint64_t end)
{
    const struct elf_section *section = elf_section_at(s->image, end - 1);
    struct view bytes = section ? elf_section_bytes(s->image, section) : (struct view){};
    if (!section || end - section->address < SIZE || end - section->address > bytes.size)
        return 0;
    const unsigned char *p = bytes.at + (end - section->address);
    int32_t distance;
    memcpy(&distance, p - sizeof distance, sizeof distance);
    return p[-SIZE] == kind ? end + (uint64_t)(int64_t)distance : 0;
}

/* What the call before an address calls, perhaps by way of an entry in a table of jumps (CFI); 0: it goes through a pointer. */
static uint64_t called_before(const struct search *s, uint64_t address)
{
    uint64_t called = goes_to(s, CALL, address), behind = called ? goes_to(s, JUMP, called + SIZE) : 0;
    return behind ? behind : called;
}

static bool is_open(const struct elf_symbol *const *open, size_t count, const struct elf_symbol *f)
{
    for (size_t k = 0; k < count; k++)
        if (open[k] == f)
            return true;
    return false;
}

static void check(struct arena *a, const struct search *s, const uint64_t *places, size_t count, bool *doubtful)
{
    /* whose callers may come next: the last one that is certain, and behind it those that called through pointers */
    const struct elf_symbol **open = arena_array(a, const struct elf_symbol *, count + 1);
    size_t open_count = 1;
    open[0] = count ? elf_function_at(s->symbols, places[0]) : NULL;
    for (size_t k = 1; k < count; k++) {
        const struct elf_symbol *caller = elf_function_at(s->symbols, places[k] - 1);
        uint64_t called = called_before(s, places[k]);
        if (called) {
            doubtful[k] = !is_open(open, open_count, elf_function_at(s->symbols, called));
            if (doubtful[k])
                continue;
            open_count = 0;
        }
        open[open_count++] = caller;
    }
}

void backtrace_check(struct arena *a, const char *image, const char *symbols, const uint64_t *places, size_t count, bool *doubtful, struct diag *d)
{
    struct search s = {.image = elf_file_open(a, image, d), .symbols = elf_file_open(a, symbols, d)};
    memset(doubtful, 0, count * sizeof *doubtful);
    if (s.image && s.symbols)
        check(a, &s, places, count, doubtful);
    elf_file_close(s.image);
    elf_file_close(s.symbols);
}
