/*
 * elf_file.h - an ELF64 file for x86-64 (System V gABI 4.1, chapters 4 and 5): header, sections, symbols.
 *
 * The file may be hostile: everything that is given out lies inside of it.  It is mapped into memory, so that a big one costs
 * what is looked at.
 *
 * Ownership: in the arena; contents and names live until elf_file_close.
 * Errors: NULL after reporting what is wrong with the file, DIAG_INTEGRITY.
 */
#ifndef UKC_SIZE_ELF_FILE_H
#define UKC_SIZE_ELF_FILE_H

#include "reader.h"
#include "../base/arena.h"
#include "../base/diag.h"

struct elf_section {
    const char *name;
    uint32_t type, link, info; /* as in the file: not checked */
    uint64_t flags, address, size;
    uint64_t offset;   /* in the file */
    uint64_t bytes;    /* in the file: 0 of those that have none */
};

struct elf_symbol {
    const char *name;
    uint64_t address, size;
    uint32_t section; /* index; of an undefined or absolute symbol >= section_count, or 0 */
    unsigned char type, binding;
};

struct elf_file {
    const char *path;
    struct view file;
    uint64_t entry;
    uint64_t program_headers, program_headers_size, section_headers, section_headers_size; /* places in the file */
    const struct elf_section *sections; /* [0] is none */
    size_t section_count;
    const struct elf_symbol *symbols; /* of .symtab, in its order, [0] is none; NULL when it was stripped */
    size_t symbol_count;
};

struct elf_file *elf_file_open(struct arena *, const char *path, struct diag *);
struct elf_file *elf_object_open(struct arena *, const char *path, struct diag *); /* one that is to be linked */
void elf_file_close(struct elf_file *); /* NULL is fine */

struct view elf_section_bytes(const struct elf_file *, const struct elf_section *);
/* The first of this name, or NULL. */
const struct elf_section *elf_section_find(const struct elf_file *, const char *name);
/* The section in which this address is in memory, or NULL. */
const struct elf_section *elf_section_at(const struct elf_file *, uint64_t address);

#endif
