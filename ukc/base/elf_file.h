/*
 * elf_file.h - an ELF64 file for x86-64 (System V gABI 4.1, chapters 4 and 5): header, segments, sections, symbols, relocations.
 *
 * The one reader of such files. They may be hostile: everything that is given out lies inside of the file, aligned. A loader needs no section headers, and they may be
 * gone: what is wrong with them is said in `damage`, and those that do not fit into the file are empty. Whoever opens a file by its name wants them whole.
 *
 * Ownership: in the arena; contents and names live as long as the bytes: until elf_file_close, where the file was mapped into memory.
 * Errors: NULL, with a reason, or after reporting it.
 */
#ifndef UKC_ELF_FILE_H
#define UKC_ELF_FILE_H

#include <elf.h>
#include "arena.h"
#include "diag.h"
#include "reader.h"

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
    struct view file;
    bool mapped; /* by elf_file_open, */
    const char *path; /* from here; else NULL */
    const Elf64_Phdr *segments; /* contents are inside of the file; those that are loaded fit into memory */
    size_t segment_count;
    bool moves; /* ET_DYN: a program that may be loaded anywhere */
    uint64_t entry;
    uint64_t program_headers, program_headers_size, section_headers, section_headers_size; /* places in the file */
    const struct elf_section *sections; /* [0] is none */
    size_t section_count;
    const struct elf_symbol *symbols; /* of .symtab, in its order, [0] is none; NULL when it was stripped */
    size_t symbol_count;
    const char *damage; /* of section headers; NULL: none */
};

enum elf_kind { ELF_PROGRAM, ELF_OBJECT }; /* that is run; that is to be linked */

/* Why bytes are no such file. */
struct elf_wrong {
    enum elf_how { ELF_FOREIGN, ELF_OTHER_KIND, ELF_DAMAGED } how;
    const char *why; /* "it is no ELF file" */
};
/* Of bytes in memory, which outlive it. */
struct elf_file *elf_parse(struct arena *, struct view, enum elf_kind, struct elf_wrong *);

/* By name: DIAG_USAGE for what is no such file, DIAG_INTEGRITY for one that is damaged. */

struct elf_file *elf_file_open(struct arena *, const char *path, struct diag *);
struct elf_file *elf_object_open(struct arena *, const char *path, struct diag *); /* one that is to be linked */
void elf_file_close(struct elf_file *); /* NULL is fine */

struct view elf_section_bytes(const struct elf_file *, const struct elf_section *);
/* The first of this name, or NULL. */
const struct elf_section *elf_section_find(const struct elf_file *, const char *name);
/* The first segment of this type, or NULL. */
const Elf64_Phdr *elf_segment_find(const struct elf_file *, uint32_t type);

/* The linker keeps its relocations for those who ask (--emit-relocs): of a section that is loaded. */
struct elf_relocation {
    uint64_t place; /* an address */
    uint32_t type, symbol; /* R_X86_64_*; an index, which may be none */
    uint64_t addend;
};
bool elf_is_kept(const struct elf_file *, const struct elf_section *); /* are such relocations in it? */
bool elf_next_relocation(struct reader *, struct elf_relocation *); /* false: there is none any more */

/* The function of .symtab that holds this address in memory, or NULL. */
const struct elf_symbol *elf_function_at(const struct elf_file *, uint64_t address);

/* The section in which this address is in memory, or NULL. */
const struct elf_section *elf_section_at(const struct elf_file *, uint64_t address);

#endif
