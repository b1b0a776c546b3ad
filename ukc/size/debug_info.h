/*
 * debug_info.h - what the compiler says of functions and variables: DWARF 2 to 4 (version 4: sections 2, 3.3, 4.1, 6.2, 7).
 *
 * Units of other versions are left out, as is the rest of one that is damaged: of what is missing there nothing is known.
 *
 * Ownership: in the arena; names live as long as the file is open.
 */
#ifndef UKC_SIZE_DEBUG_INFO_H
#define UKC_SIZE_DEBUG_INFO_H

#include "../base/elf_file.h"

/* One compilation. */
struct debug_unit {
    const char *source;   /* "build/kvm/root/libs.http1/answer.c" */
    const char *made_for; /* "http", "+target": what rules.c had the compiler note; NULL: nothing */
    const char *const *files; /* of its line table, counted from 1 as DWARF does: [0] is NULL */
    size_t file_count;        /* with [0] */
    uint64_t lines;           /* offset in .debug_line; UINT64_MAX: none */
};

/* A function or variable that has an address. */
struct debug_thing {
    uint64_t address, size; /* of a variable: 0 */
    const char *name;
    const char *file; /* where it is declared; the unit's source when that is not said */
    uint32_t line;    /* 0: not said */
    uint32_t unit;
};

/* A function that became part of another. */
struct debug_inlined {
    const char *name;
    uint32_t into, unit; /* indexes: of a thing; of the unit that defines it */
};

struct debug_info {
    const struct debug_unit *units;
    size_t unit_count;
    const struct debug_thing *things; /* sorted by address, then by their order in the file */
    size_t thing_count;
    const struct debug_inlined *inlined; /* `into` counts things in this order too */
    size_t inlined_count;
};

/* Never NULL: a file without debug information has no units. */
const struct debug_info *debug_info_read(struct arena *, const struct elf_file *);
/* The first thing with this address, or NULL. */
const struct debug_thing *debug_thing_at(const struct debug_info *, uint64_t address);

/* debug_lines.c: the files of the line table at this offset, [0] is NULL. */
const char *const *debug_files(struct arena *, const struct elf_file *, uint64_t offset, size_t *count);
/* Each row of a unit's line table that begins a statement. */
void debug_lines(const struct elf_file *, uint64_t offset, void (*row)(void *context, uint64_t address, uint64_t file, uint64_t line), void *context);

#endif
