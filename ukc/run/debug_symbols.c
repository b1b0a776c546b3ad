/*
 * debug_symbols.c - the debug information of a release image in the words of its sources.
 *
 * Of a function that was inlined everywhere, clang keeps the assembler label, which says the instance too ("site.site_main"; DWARF 4,
 * 2.22), and for C gdb knows a function by no other name where there is one.  In a copy for gdb these attributes become others
 * that it does not know, and steps over.  The original stays as it is: the image holds its checksum (.gnu_debuglink).
 */
#include "hypervisor.h"
#include "../base/file.h"
#include "../base/elf_file.h"
#include <string.h>

enum { AT_LINKAGE_NAME = 0x6e, AT_UNKNOWN = 0x24 /* given to nothing, in any version of DWARF; as long */, FORM_IMPLICIT_CONST = 0x21 };

/* One abbreviation: its code, tag, and attributes up to a pair of zeros. */
static void rename_in(struct reader *r, const unsigned char *section, char *copy)
{
    if (read_uleb(r) == 0) /* the end of a table */
        return;
    read_uleb(r);
    read_number(r, 1);
    for (;;) {
        const unsigned char *at = r->at;
        uint64_t name = read_uleb(r), form = read_uleb(r);
        if (r->bad || (!name && !form))
            return;
        if (form == FORM_IMPLICIT_CONST)
            read_sleb(r);
        if (name == AT_LINKAGE_NAME && at[0] == AT_LINKAGE_NAME)
            copy[at - section] = AT_UNKNOWN;
    }
}

static bool write_copy(struct project *p, const struct elf_file *f, const char *path)
{
    char *copy = arena_array(p->a, char, f->file.size);
    memcpy(copy, f->file.at, f->file.size);
    const struct elf_section *abbreviations = elf_section_find(f, ".debug_abbrev");
    struct view bytes = abbreviations ? elf_section_bytes(f, abbreviations) : (struct view){};
    for (struct reader r = reader_at(bytes, 0); !r.bad && reader_left(&r) > 0;)
        rename_in(&r, bytes.at, copy + (bytes.at - f->file.at));
    return file_write(path, copy, f->file.size, NULL, p->d);
}

const char *debug_symbols(struct project *p, const char *image)
{
    const char *symbols = crash_symbols(p, image);
    if (string_equal(symbols, image))
        return image;
    const char *path = arena_printf(p->a, "%s.names.debug", image);
    struct elf_file *f = elf_file_open(p->a, symbols, p->d);
    bool good = f && write_copy(p, f, path);
    elf_file_close(f);
    return good ? path : NULL;
}
