/*
 * size_inside.h - what the files size*.c share.  Internal to ukc/size/.
 */
#ifndef UKC_SIZE_INSIDE_H
#define UKC_SIZE_INSIDE_H

#include "debug_info.h"
#include "link_map.h"
#include "size.h"

/* The names of SIZE_OTHERS. */
enum size_other {
#define X(id, name, doc) SIZE_##id,
    SIZE_OTHERS(X)
#undef X
};
extern const char *const size_other_names[];

typedef VEC(struct size_part) part_list; /* `instance` is NULL while it is not known */

struct size_facts {
    struct arena *a;
    const struct elf_file *image, *linked; /* may be the same */
    const struct link_map *map;            /* may be empty, never NULL */
    const struct debug_info *debug;
    VEC(const char *) instances; /* names, longest first */
};

/* ---- size_owner.c ---- */
void owners_prepare(struct size_facts *);
/* Whose an object of the linker's is: "build/kvm/obj/http.log/module.o".  NULL: it is that of all, made by whole-program optimisation. */
const char *owner_of_object(const struct size_facts *, const char *object);
/* Whose a unit is, which has code at this address.  NULL: not known. */
const char *owner_of_unit(const struct size_facts *, const struct debug_unit *, uint64_t address);
/* "http.stack.stack_host_listen" is http.stack's.  NULL: it has no label. */
const char *owner_of_label(const struct size_facts *, const char *symbol);
/* Sets instance and file of a part with a symbol, as far as they are known. */
void owner_find(const struct size_facts *, const struct placed *, struct size_part *);

/* ---- size_parts.c ---- */
/* All of a loaded section, cut at objects and symbols. */
void parts_of_section(struct size_facts *, const struct elf_section *, part_list *);

/* ---- size_references.c ---- */
/* Gives what has no owner to the first that refers to it.  Parts are sorted by offset. */
void references_follow(struct size_facts *, part_list *);
/* References between parts, other names of them, and the entry. */
void references_report(struct size_facts *, const part_list *, struct size_report *);

/* ---- size_lines.c ---- */
void lines_report(struct size_facts *, struct size_report *);

#endif
