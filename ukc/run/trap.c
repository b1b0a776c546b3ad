/*
 * trap.c - what an instruction means that an image of a machine has ended at (see trap.h).
 *
 *     67 0f b9 00      ud1 (%eax),%eax        clang's trap for check 0
 *     67 0f b9 40 NN   ud1 NN(%eax),%eax      for check NN (SanitizerHandler in clang's CodeGenFunction.h)
 *     0f 0b            ud2                    of musl: in __stack_chk_fail, or where malloc finds its own data damaged
 */
#include "trap.h"
#include "../base/text.h"
#include "../base/elf_file.h"
#include <string.h>

static const struct {
    unsigned char check;
    const char *meaning;
} checks[] = {
    {0, "an addition overflowed (seal.traps)"},
    {2, "a call through a pointer to what is no function of its type (seal.cfi)"},
    {3, "a division by zero, or one that overflowed (seal.traps)"},
    {12, "a multiplication overflowed (seal.traps)"},
    {13, "a negation overflowed (seal.traps)"},
    {18, "an index beyond its array (seal.traps)"},
    {20, "a shift by more bits than there are, or of a sign (seal.traps)"},
    {21, "a subtraction overflowed (seal.traps)"},
};

static const char *check_at(struct view code)
{
    static const unsigned char trap[] = {0x67, 0x0f, 0xb9};
    enum { LEAST = sizeof trap + 2 };
    if (code.size < LEAST || memcmp(code.at, trap, sizeof trap) != 0 || (code.at[3] != 0x40 && code.at[3] != 0))
        return NULL;
    unsigned char check = code.at[3] ? code.at[4] : 0;
    for (size_t k = 0; k < sizeof checks / sizeof checks[0]; k++)
        if (checks[k].check == check)
            return checks[k].meaning;
    return "a check of the compiler's failed";
}

static const char *end_at(const struct elf_file *symbols, struct view code, uint64_t place)
{
    static const unsigned char end[] = {0x0f, 0x0b};
    if (code.size < sizeof end || memcmp(code.at, end, sizeof end) != 0)
        return NULL;
    const struct elf_symbol *f = elf_function_at(symbols, place);
    return f && string_starts(f->name, "__stack_chk_fail") ? "the caller wrote beyond a variable on its stack (stack protector)" : NULL;
}

static const char *meaning(const struct elf_file *image, const struct elf_file *symbols, uint64_t place)
{
    const struct elf_section *section = elf_section_at(image, place);
    struct view code = section ? elf_section_bytes(image, section) : (struct view){};
    uint64_t before = section ? place - section->address : 0;
    if (before >= code.size)
        return NULL;
    code = (struct view){code.at + before, code.size - before};
    const char *check = check_at(code);
    return check ? check : end_at(symbols, code, place);
}

const char *trap_meaning(struct arena *a, const char *image, const char *symbols, uint64_t place, struct diag *d)
{
    struct elf_file *code = elf_file_open(a, image, d), *names = elf_file_open(a, symbols, d);
    const char *words = code && names ? meaning(code, names, place) : NULL;
    elf_file_close(code);
    elf_file_close(names);
    return words;
}
